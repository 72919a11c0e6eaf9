# The tests of the audit itself: case text, error measure, inputs, whole audits, and the program.
add_executable(audit_test
  ${CMAKE_CURRENT_SOURCE_DIR}/audit_case_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/audit_measure_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/audit_inputs_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/audit_auditor_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/audit_evidence_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/audit_resume_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/audit_sweep_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/audit_sweep_judge_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/audit_sweep_ties_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/audit_threads_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/hunt_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/hunt_corpus_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/hunt_pieces_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/lengths_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/merge_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/merge_sweeps_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/same_bits_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/shard_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/speed_run_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/vectors_test.cpp)
add_dependencies(audit_test faults)
target_compile_definitions(audit_test PRIVATE FAULTS_LIBRARY="$<TARGET_FILE:faults>")
target_link_libraries(audit_test PRIVATE lossaudit_audit lossaudit_flags rapidcheck GTest::gtest_main)
gtest_discover_tests(audit_test)

add_executable(program_test
  ${CMAKE_CURRENT_SOURCE_DIR}/audit_program_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/findings_program_test.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/reference_program_test.cpp)
add_dependencies(program_test lossaudit lossaudit-conform plain faults)
target_link_libraries(program_test PRIVATE lossaudit_audit lossaudit_flags GTest::gtest_main)
target_compile_definitions(program_test PRIVATE LOSSAUDIT="$<TARGET_FILE:lossaudit>" FAULTS_LIBRARY="$<TARGET_FILE:faults>")
gtest_discover_tests(program_test)
