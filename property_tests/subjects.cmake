# The tests of subjects: contract lines, calls through the C ABI, and libraries that do everything wrong.

# Libraries that misbehave: when they are called (faults), when they are loaded or asked what they are (hostile), and one
# that is no subject at all.
foreach(library faults hostile no_entry)
  add_library(${library} MODULE ${CMAKE_CURRENT_SOURCE_DIR}/faults/${library}.cpp)
  set_target_properties(${library} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/tests)
  target_link_libraries(${library} PRIVATE lossaudit_flags)
  # A stranger's library: a sanitizer would stop its faults before they strike.
  target_compile_options(${library} PRIVATE -fno-sanitize=all)
endforeach()

add_executable(subject_test
  ${CMAKE_CURRENT_SOURCE_DIR}/subject_contract_lines_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/subject_calls_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/subject_faults_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/subject_hostile_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/subject_names_test.cpp)
add_dependencies(subject_test faults hostile no_entry)
target_link_libraries(subject_test PRIVATE lossaudit_audit lossaudit_flags rapidcheck GTest::gtest_main)
target_compile_definitions(subject_test PRIVATE
  FAULTS_LIBRARY="$<TARGET_FILE:faults>" HOSTILE_LIBRARY="$<TARGET_FILE:hostile>" NO_ENTRY_LIBRARY="$<TARGET_FILE:no_entry>")
gtest_discover_tests(subject_test)
