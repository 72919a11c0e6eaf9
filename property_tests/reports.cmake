# The tests of the run record and of the reports. Those of the page need chromium, and fail without it.
find_package(Boost 1.74 REQUIRED)
set(here ${CMAKE_CURRENT_SOURCE_DIR})

add_executable(report_test ${here}/record_json_test.cpp ${here}/report_text_test.cpp ${here}/report_files_test.cpp
  ${here}/pareto_test.cpp ${here}/published_test.cpp)
target_compile_definitions(report_test PRIVATE LOSSAUDIT_PUBLISHED="${PROJECT_SOURCE_DIR}/reports/published")
target_link_libraries(report_test PRIVATE lossaudit_reports lossaudit_flags Boost::headers GTest::gtest_main)
gtest_discover_tests(report_test)

add_executable(report_page_test ${here}/report_page_test.cpp)
target_link_libraries(report_page_test PRIVATE lossaudit_reports lossaudit_flags GTest::gtest_main)
gtest_discover_tests(report_page_test PROPERTIES TIMEOUT 300)
