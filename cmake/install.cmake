# cmake --install: the libraries lossaudit::reference and lossaudit::fast with their public headers, the C interface of
# subjects, and the programs with the adapters. Headers are included as <lossaudit/ROOM/FILE>.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(headers ${CMAKE_INSTALL_INCLUDEDIR}/lossaudit)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/lossaudit)

set_target_properties(lossaudit_reference PROPERTIES EXPORT_NAME reference)
set_target_properties(lossaudit_fast PROPERTIES EXPORT_NAME fast)
install(TARGETS lossaudit_reference lossaudit_fast EXPORT lossaudit ARCHIVE)
install(EXPORT lossaudit NAMESPACE lossaudit:: FILE lossauditTargets.cmake DESTINATION ${package})
configure_package_config_file(cmake/lossauditConfig.cmake.in ${PROJECT_BINARY_DIR}/lossauditConfig.cmake
  INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/lossauditConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/lossauditConfig.cmake ${PROJECT_BINARY_DIR}/lossauditConfigVersion.cmake
  cmake/precise_libraries.cmake DESTINATION ${package})

install(FILES reference/bulk.hpp reference/format.hpp reference/function.hpp reference/dialect.hpp reference/contract.hpp
  reference/evaluate.hpp reference/semantic_gap.hpp reference/semantics.md DESTINATION ${headers}/reference)
install(FILES fast/formats.hpp fast/losses.hpp fast/lossaudit_fast.h fast/range.hpp DESTINATION ${headers}/fast)
install(FILES audit/subject.h DESTINATION ${headers}/audit)

install(TARGETS lossaudit lossaudit-conform RUNTIME)
install(DIRECTORY ${PROJECT_BINARY_DIR}/bin/adapters DESTINATION ${CMAKE_INSTALL_LIBDIR}/lossaudit
  PATTERN node_modules EXCLUDE PATTERN kernels EXCLUDE PATTERN package-lock.json EXCLUDE PATTERN __pycache__ EXCLUDE)
