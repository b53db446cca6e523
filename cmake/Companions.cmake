# What travels with libdiorama.so: the OpenMP runtime of the compiler that built it. It lies beside the library in the
# build folder and in the jar.
execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libgomp.so.1
  OUTPUT_VARIABLE libgomp OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(REAL_PATH "${libgomp}" libgomp)
file(COPY_FILE "${libgomp}" "${CMAKE_BINARY_DIR}/libgomp.so.1" ONLY_IF_DIFFERENT)

# `cmake --install` makes the folder that goes into the jar, with the sums its reader checks.
install(TARGETS diorama LIBRARY DESTINATION .)
install(FILES "${CMAKE_BINARY_DIR}/libgomp.so.1" DESTINATION .)
install(CODE [[
  file(GLOB libraries RELATIVE "${CMAKE_INSTALL_PREFIX}" "${CMAKE_INSTALL_PREFIX}/*.so*")
  set(sums "")
  foreach(library ${libraries})
    file(SHA256 "${CMAKE_INSTALL_PREFIX}/${library}" sum)
    string(APPEND sums "${sum}  ${library}\n")
  endforeach()
  file(WRITE "${CMAKE_INSTALL_PREFIX}/SHA256SUMS" "${sums}")
]])
