# The bulk oracle against the intervals that it stands in front of.
find_package(Boost 1.74 REQUIRED)
add_executable(reference_bulk_test ${CMAKE_CURRENT_SOURCE_DIR}/reference_bulk_test.cpp)
target_link_libraries(reference_bulk_test PRIVATE lossaudit_reference lossaudit_flags Boost::headers GTest::gtest_main
  mpfi mpfr gmp)
gtest_discover_tests(reference_bulk_test)
