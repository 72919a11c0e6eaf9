# cmake --install, and the example project that finds what was installed. The sanitizers' libraries want their flags.
if(NOT LOSSAUDIT_SANITIZE)
  add_test(NAME install.example COMMAND ${CMAKE_COMMAND} -DBUILD=${PROJECT_BINARY_DIR} -DSOURCE=${PROJECT_SOURCE_DIR}
    -DCXX=${CMAKE_CXX_COMPILER} -P ${CMAKE_CURRENT_SOURCE_DIR}/install/example.cmake)
endif()
