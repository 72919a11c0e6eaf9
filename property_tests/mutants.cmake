# The planted bugs, as a shared library like any stranger's (bin/tests/mutants.so), and inside the tests of the tests.
add_library(lossaudit_mutants STATIC mutants/sound.cpp mutants/storage.cpp mutants/table.cpp)
target_link_libraries(lossaudit_mutants PUBLIC lossaudit_flags)

add_library(mutants MODULE mutants/library.cpp)
target_link_libraries(mutants PRIVATE lossaudit_mutants)
set_target_properties(mutants PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden
                                         LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/tests)

# Defects that other implementations had: part of the conformance suite, and tests of the table itself.
add_executable(known_defects_self_test known_defects.cpp known_defects_self_test.cpp)
target_link_libraries(known_defects_self_test PRIVATE lossaudit_audit lossaudit_reference GTest::gtest_main lossaudit_flags)
gtest_discover_tests(known_defects_self_test DISCOVERY_MODE PRE_TEST)
target_sources(lossaudit-conform PRIVATE known_defects.cpp known_defects_test.cpp)
