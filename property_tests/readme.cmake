# The README's own listing and commands.
add_executable(readme_test ${CMAKE_CURRENT_SOURCE_DIR}/readme_test.cpp)
add_dependencies(readme_test lossaudit)
target_link_libraries(readme_test PRIVATE lossaudit_audit lossaudit_flags GTest::gtest_main)
target_compile_definitions(readme_test PRIVATE LOSSAUDIT="$<TARGET_FILE:lossaudit>" SOURCES="${PROJECT_SOURCE_DIR}"
  C_COMPILER="${CMAKE_C_COMPILER}")
gtest_discover_tests(readme_test)
