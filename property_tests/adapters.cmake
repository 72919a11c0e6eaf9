# The bundled adapters, each where its libraries and packages are installed: looked at when the tests are run.
add_executable(adapter_test ${CMAKE_CURRENT_SOURCE_DIR}/adapter_contracts_test.cpp
                            ${CMAKE_CURRENT_SOURCE_DIR}/adapter_eigen_test.cpp
                            ${CMAKE_CURRENT_SOURCE_DIR}/adapter_table_test.cpp)
add_dependencies(adapter_test adapters lossaudit)
target_link_libraries(adapter_test PRIVATE lossaudit_audit lossaudit_flags GTest::gtest_main)
target_compile_definitions(adapter_test PRIVATE SOURCES="${PROJECT_SOURCE_DIR}" LOSSAUDIT="$<TARGET_FILE:lossaudit>")
gtest_discover_tests(adapter_test NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST)
