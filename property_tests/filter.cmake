# The reference's filter against MPFR and the intervals, and its gradients against numerical differentiation.
add_executable(reference_filter_test reference_filter_test.cpp reference_gradient_test.cpp)
target_link_libraries(reference_filter_test PRIVATE lossaudit_reference lossaudit_flags GTest::gtest_main mpfr gmp)
gtest_discover_tests(reference_filter_test)
