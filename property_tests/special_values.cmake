# Special values of the reference, from one table.
add_executable(special_values_test special_values.cpp special_values_check.cpp special_values_test.cpp)
target_link_libraries(special_values_test PRIVATE lossaudit_audit lossaudit_reference GTest::gtest_main lossaudit_flags)
gtest_discover_tests(special_values_test DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES)
