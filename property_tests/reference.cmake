# The reference's own tests, and the second opinion (Arb) that may refute it.
find_library(ARB flint-arb REQUIRED)
find_library(FLINT flint REQUIRED)
find_package(Boost 1.74 REQUIRED)

add_executable(reference_test reference_contract_test.cpp reference_format_test.cpp reference_gap_test.cpp reference_interval_test.cpp reference_rounding_test.cpp reference_semantics_test.cpp)
target_link_libraries(reference_test PRIVATE lossaudit_reference lossaudit_flags Boost::headers GTest::gtest_main mpfi mpfr gmp)
gtest_discover_tests(reference_test)

set(second_opinion ${CMAKE_CURRENT_SOURCE_DIR}/second_opinion)
add_executable(reference_second_opinion_test
  reference_second_opinion_test.cpp ${second_opinion}/activations.cpp ${second_opinion}/ball.cpp
  ${second_opinion}/cases.cpp ${second_opinion}/dialects.cpp ${second_opinion}/dual.cpp ${second_opinion}/entropies.cpp ${second_opinion}/losses.cpp ${second_opinion}/value.cpp ${second_opinion}/verdict.cpp)
target_link_libraries(reference_second_opinion_test PRIVATE lossaudit_reference lossaudit_flags Boost::headers
  GTest::gtest_main ${ARB} ${FLINT} mpfr gmp)
gtest_discover_tests(reference_second_opinion_test)
