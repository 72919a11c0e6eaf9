# Certification of the bulk oracle, and the certificates that it leaves.
add_executable(certify_test certify_test.cpp)
target_link_libraries(certify_test PRIVATE lossaudit_audit lossaudit_reference lossaudit_flags GTest::gtest_main)
gtest_discover_tests(certify_test)
