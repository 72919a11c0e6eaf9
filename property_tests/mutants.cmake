# The planted bugs, as a shared library like any stranger's (bin/tests/mutants.so), and inside the tests of the tests.
add_library(lossaudit_mutants STATIC mutants/sound.cpp mutants/storage.cpp mutants/table.cpp)
target_link_libraries(lossaudit_mutants PUBLIC lossaudit_flags)

add_library(mutants MODULE mutants/library.cpp)
target_link_libraries(mutants PRIVATE lossaudit_mutants)
set_target_properties(mutants PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden
                                         LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/tests)

# Defects that other implementations had: part of the conformance suite, and tests of the table itself.
add_executable(known_defects_self_test known_defects.cpp known_defects_replay.cpp known_defects_self_test.cpp)
target_link_libraries(known_defects_self_test PRIVATE lossaudit_conformance lossaudit_audit lossaudit_reference GTest::gtest_main
                                                      lossaudit_flags)
gtest_discover_tests(known_defects_self_test DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES)
target_sources(lossaudit-conform PRIVATE known_defects.cpp known_defects_replay.cpp known_defects_test.cpp)

find_package(nlohmann_json REQUIRED)
add_executable(known_defects_command_test known_defects.cpp known_defects_command_test.cpp)
target_link_libraries(known_defects_command_test PRIVATE lossaudit_conformance lossaudit_audit lossaudit_reference GTest::gtest_main
                                                         nlohmann_json::nlohmann_json lossaudit_flags)
target_compile_definitions(known_defects_command_test PRIVATE LOSSAUDIT="$<TARGET_FILE:lossaudit>")
add_dependencies(known_defects_command_test lossaudit)
gtest_discover_tests(known_defects_command_test)

# The planted bugs against the suite and the audit.
add_executable(mutants_test mutants_test.cpp)
target_link_libraries(mutants_test PRIVATE lossaudit_mutants lossaudit_audit lossaudit_reference GTest::gtest_main
                                           nlohmann_json::nlohmann_json lossaudit_flags)
target_compile_definitions(mutants_test PRIVATE LOSSAUDIT_CONFORM="$<TARGET_FILE:lossaudit-conform>"
                                                LOSSAUDIT_MUTANTS="$<TARGET_FILE:mutants>")
add_dependencies(mutants_test lossaudit-conform mutants)
gtest_discover_tests(mutants_test DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES)
