# The fast kernels on every instruction set that the machine runs.
add_executable(fast_test
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_binary_mixtures_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_formats_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_gradient_calls_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_gradient_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_harness.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_hard_cases_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_independence_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_double_losses_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_double_rows_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_logit_rows_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_options_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_range_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_sums_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/fast_targets_test.cpp)
target_link_libraries(fast_test PRIVATE lossaudit_audit lossaudit_fast lossaudit_reference lossaudit_flags GTest::gtest_main)
# The listing of fast/README.md's "Threads", to be compiled as it stands there.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fast/README.md)
file(READ ${PROJECT_SOURCE_DIR}/fast/README.md fast_readme)
string(REGEX REPLACE "^.*## Threads.*```cpp\n(.*)```.*## Files.*$" "\\1" fast_listing "${fast_readme}")
file(CONFIGURE OUTPUT fast_readme_threads.inc CONTENT "${fast_listing}" @ONLY)
target_include_directories(fast_test PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
find_package(Threads REQUIRED)
target_link_libraries(fast_test PRIVATE Threads::Threads)
gtest_discover_tests(fast_test)

# The C interface, from C.
add_executable(fast_c_test ${CMAKE_CURRENT_SOURCE_DIR}/fast_c_test.c)
target_compile_options(fast_c_test PRIVATE -pedantic-errors)
target_link_libraries(fast_c_test PRIVATE lossaudit_fast lossaudit_flags m)
set_target_properties(fast_c_test PROPERTIES C_STANDARD 99 C_EXTENSIONS OFF LINKER_LANGUAGE CXX)
add_test(NAME FastC.Interface COMMAND fast_c_test)
