# Budgets: the published profiles.
add_executable(profile_test ${CMAKE_CURRENT_SOURCE_DIR}/profile_test.cpp)
target_link_libraries(profile_test PRIVATE lossaudit_reports lossaudit_audit lossaudit_flags GTest::gtest_main)
gtest_discover_tests(profile_test)
