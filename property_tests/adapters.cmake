# The bundled adapters: those whose libraries are installed (adapters/CMakeLists.txt says which are left out).
set(bundled "")
foreach(adapter plain plain-ofast eigen onednn xnnpack dlib opencv)
  if(TARGET ${adapter})
    list(APPEND bundled ${adapter})
  endif()
endforeach()
list(JOIN bundled "," bundled)

add_executable(adapter_test ${CMAKE_CURRENT_SOURCE_DIR}/adapter_contracts_test.cpp
                            ${CMAKE_CURRENT_SOURCE_DIR}/adapter_eigen_test.cpp)
add_dependencies(adapter_test adapters)
target_link_libraries(adapter_test PRIVATE lossaudit_audit lossaudit_flags GTest::gtest_main)
target_compile_definitions(adapter_test PRIVATE BUNDLED_ADAPTERS="${bundled}")
gtest_discover_tests(adapter_test NO_PRETTY_VALUES)
