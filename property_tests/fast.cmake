# The fast kernels on every instruction set that the machine runs.
add_executable(fast_test
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_harness.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_hard_cases_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_independence_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_options_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_targets_test.cpp)
target_link_libraries(fast_test PRIVATE lossaudit_audit lossaudit_fast lossaudit_reference lossaudit_flags GTest::gtest_main)
gtest_discover_tests(fast_test)
