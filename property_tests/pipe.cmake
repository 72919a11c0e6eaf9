# Programs as subjects: the messages, the subjects that speak them, and programs that do everything wrong.
add_executable(pipe_test ${CMAKE_CURRENT_SOURCE_DIR}/safetensors_test.cpp)
target_link_libraries(pipe_test PRIVATE lossaudit_audit lossaudit_flags rapidcheck rapidcheck_gtest GTest::gtest_main)
gtest_discover_tests(pipe_test)
