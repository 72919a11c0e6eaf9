# Writes OUTPUT, a header that holds the git revision of SOURCE; an unchanged one keeps its time, so nothing is rebuilt.
set(revision unknown)
execute_process(COMMAND git describe --always --abbrev=12 --dirty=+ --exclude=*
                WORKING_DIRECTORY ${SOURCE} OUTPUT_VARIABLE described RESULT_VARIABLE status
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(status EQUAL 0)
  set(revision ${described})
endif()
set(text "#pragma once\n\nnamespace lossaudit {\ninline constexpr const char* revision = \"${revision}\";\n}\n")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT "${before}" STREQUAL "${text}")
  file(WRITE ${OUTPUT} "${text}")
endif()
