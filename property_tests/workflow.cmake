# The ready workflows for GitHub Actions, and audits in shards under GNU parallel and Slurm.
if(NOT LOSSAUDIT_SANITIZE AND NOT LOSSAUDIT_FUZZ)
  add_test(NAME workflow COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/workflow_test.py ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
  foreach(scheduler Parallel Slurm)
    add_test(NAME shards.${scheduler} COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/shards_test.py ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} ${scheduler})
    # unittest passes when everything was skipped.
    set_tests_properties(shards.${scheduler} PROPERTIES SKIP_REGULAR_EXPRESSION "OK \\(skipped=")
  endforeach()
endif()
