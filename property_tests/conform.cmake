# The conformance suite's own tests.

add_executable(conform_self_test
  ${CMAKE_CURRENT_SOURCE_DIR}/generators_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/failures_test.cpp)
target_link_libraries(conform_self_test PRIVATE lossaudit_conformance lossaudit_flags GTest::gtest_main)
gtest_discover_tests(conform_self_test PROPERTIES ENVIRONMENT RC_PARAMS=seed=1)

# The built-in subject conforms.
add_test(NAME conform-fast COMMAND lossaudit-conform fast)

# No property asks more than it may: the reference itself passes, and so does a subject whose results lie anywhere within the budget, but for
# the properties that are about bits or order. (Long rows and reductions, and binary64's far tails, only cost time here.)
set(long -*.Long*:KnownDefects.*:Gradient.TailsWithinBudget/f64)
add_test(NAME conform-reference COMMAND lossaudit-conform reference --gtest_filter=${long})
add_test(NAME conform-within-budget COMMAND lossaudit-conform reference:wobbly
  --gtest_filter=${long}:*.Monotone/*:*.MinusMirroredIsX/*:*.ClippedOutputsAreAlike/*)
set_tests_properties(conform-reference conform-within-budget PROPERTIES ENVIRONMENT RC_PARAMS=max_success=50)
# They take longest, so they begin: at the end each would keep one processor waiting.
set_tests_properties(conform-fast conform-reference conform-within-budget PROPERTIES COST 1000)

# Bad input leaves with status 2 and one line on stderr.
function(add_refusal name pattern)
  add_test(NAME conform-refuses-${name}
    COMMAND sh -c "said=$(\"$0\" \"$@\" 2>&1 >/dev/null); test $? -eq 2 && test $(echo \"$said\" | wc -l) -eq 1 && echo \"$said\" | grep -E '${pattern}'"
      $<TARGET_FILE:lossaudit-conform> ${ARGN})
endfunction()
add_refusal(unknown-subject "fsat.* fast" fsat)
add_refusal(two-subjects "one SUBJECT at a time: .fast. and .plain." fast plain)
add_refusal(unknown-flag "unknown flag .--gtest_filer=x" fast --gtest_filer=x)
