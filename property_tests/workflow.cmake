# The ready workflow for GitHub Actions.
if(NOT LOSSAUDIT_SANITIZE AND NOT LOSSAUDIT_FUZZ)
  add_test(NAME workflow COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/workflow_test.py ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
endif()
