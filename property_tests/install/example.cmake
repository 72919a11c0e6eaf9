# Installs this build under a folder of its own, builds examples/own_kernel against that alone, and runs both programs.
# cmake -DBUILD=… -DSOURCE=… -DCXX=… -P example.cmake
set(place ${BUILD}/install-test)
file(REMOVE_RECURSE ${place})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}: ${status}\n${text}")
  endif()
  message(STATUS "${text}")
  set(text "${text}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${place}/prefix)
# Moved, so that no path of the first place can be what makes it work.
file(RENAME ${place}/prefix ${place}/moved)
run(${CMAKE_COMMAND} -S ${SOURCE}/examples/own_kernel -B ${place}/build -DCMAKE_PREFIX_PATH=${place}/moved
  -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_BUILD_TYPE=Release)
run(${CMAKE_COMMAND} --build ${place}/build)
run(${place}/build/own_kernel)
# The textbook formula overflows at −88.5 and gives 0; the exact value is a number.
if(NOT text MATCHES "-88\\.5 +3\\.6")
  message(FATAL_ERROR "own_kernel does not print the exact value at -88.5:\n${text}")
endif()

run(${place}/moved/bin/lossaudit list subjects)
if(text MATCHES "plain[^\n]*make adapters")
  message(FATAL_ERROR "the installed program does not find the installed adapters:\n${text}")
endif()
