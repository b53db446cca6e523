# A test: libdiorama.so asks for nothing that a bare system of our baseline lacks.
#   cmake -DLIBRARY=FILE -DGLIBC=VERSION -P cmake/CheckDependencies.cmake
execute_process(COMMAND objdump -p "${LIBRARY}" OUTPUT_VARIABLE headers COMMAND_ERROR_IS_FATAL ANY)

string(REGEX MATCHALL "NEEDED +[^\n]+" needed "${headers}")
foreach(entry ${needed})
  string(REGEX REPLACE "NEEDED +" "" library "${entry}")
  if(NOT library MATCHES "^(libc|libm|libdl|libpthread|libgcc_s|libgomp|ld-linux-x86-64)\\.so\\.[0-9]+$")
    message(FATAL_ERROR "${LIBRARY} needs ${library}, which is not on every system")
  endif()
endforeach()

string(REGEX MATCHALL "GLIBC_[0-9.]+" versions "${headers}")
foreach(version ${versions})
  string(REPLACE "GLIBC_" "" version "${version}")
  if(version VERSION_GREATER GLIBC)
    message(FATAL_ERROR "${LIBRARY} needs glibc ${version}; the baseline is ${GLIBC}")
  endif()
endforeach()
