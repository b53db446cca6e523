# What travels with libdiorama.so: the OpenMP runtime of the compiler that built it. It lies beside the library in the
# build folder and in the jar.
execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libgomp.so.1
  OUTPUT_VARIABLE libgomp OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(REAL_PATH "${libgomp}" libgomp)
file(COPY_FILE "${libgomp}" "${CMAKE_BINARY_DIR}/libgomp.so.1" ONLY_IF_DIFFERENT)

# `cmake --install` makes the folders that go into the jars, with the sums their reader checks: the component
# `natives`, which holds simt where it was built, and the component `cuda`.
install(TARGETS diorama LIBRARY DESTINATION . COMPONENT natives)
install(FILES "${CMAKE_BINARY_DIR}/libgomp.so.1" DESTINATION . COMPONENT natives)
if(TARGET diorama_simt)
  install(TARGETS diorama_simt LIBRARY DESTINATION . COMPONENT natives OPTIONAL)
endif()
if(TARGET diorama_cuda)
  install(TARGETS diorama_cuda LIBRARY DESTINATION . COMPONENT cuda OPTIONAL)
endif()
set(write_sums [[
  file(GLOB libraries RELATIVE "${CMAKE_INSTALL_PREFIX}" "${CMAKE_INSTALL_PREFIX}/*.so*")
  set(sums "")
  foreach(library ${libraries})
    file(SHA256 "${CMAKE_INSTALL_PREFIX}/${library}" sum)
    string(APPEND sums "${sum}  ${library}\n")
  endforeach()
  if(sums)
    file(WRITE "${CMAKE_INSTALL_PREFIX}/SHA256SUMS" "${sums}")
  endif()
]])
install(CODE "${write_sums}" COMPONENT natives)
install(CODE "${write_sums}" COMPONENT cuda)
