# Programs as subjects: the messages, the subjects that speak them, and programs that do everything wrong.
find_package(fmt REQUIRED)
find_program(LOSSAUDIT_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(LOSSAUDIT_NODE NAMES node nodejs)
if(NOT LOSSAUDIT_PYTHON)
  message(STATUS "pipe_test is left out: /usr/bin/python3 is not installed (Debian: python3-numpy)")
  return()
endif()

add_executable(pipe_test
  ${CMAKE_CURRENT_SOURCE_DIR}/safetensors_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/pipe_faults_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/pipe_message_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/pipe_helpers_test.cpp)
target_link_libraries(pipe_test PRIVATE lossaudit_audit lossaudit_flags rapidcheck rapidcheck_gtest fmt::fmt GTest::gtest_main)
target_compile_definitions(pipe_test PRIVATE
  PYTHON="${LOSSAUDIT_PYTHON}" FAULTS_FOLDER="${CMAKE_CURRENT_SOURCE_DIR}/faults" ADAPTERS="${PROJECT_SOURCE_DIR}/adapters"
  $<$<BOOL:${LOSSAUDIT_NODE}>:NODE="${LOSSAUDIT_NODE}">)
gtest_discover_tests(pipe_test)
