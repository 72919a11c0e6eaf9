# What an audit is held against: the published profiles, a baseline, and expected findings.
foreach(topic profile baseline expected_findings)
  add_executable(${topic}_test ${CMAKE_CURRENT_SOURCE_DIR}/${topic}_test.cpp)
  target_link_libraries(${topic}_test PRIVATE lossaudit_reports lossaudit_audit lossaudit_flags GTest::gtest_main)
  gtest_discover_tests(${topic}_test)
endforeach()
target_compile_definitions(expected_findings_test PRIVATE SOURCES="${PROJECT_SOURCE_DIR}")
