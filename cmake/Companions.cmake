# What travels with libdiorama.so: oneDNN, opened at run time, and the OpenMP runtime that both share.
# They lie beside the library in the build folder and in the jar.
set(companions)
foreach(name libdnnl.so.3 libgomp.so.1)
  if(EXISTS "${DIORAMA_DNNL_DIR}/${name}")
    list(APPEND companions "${DIORAMA_DNNL_DIR}/${name}")
    file(CREATE_LINK "${DIORAMA_DNNL_DIR}/${name}" "${CMAKE_BINARY_DIR}/${name}" SYMBOLIC)
  endif()
endforeach()

# `cmake --install` makes the folder that goes into the jar, with the sums its reader checks.
install(TARGETS diorama LIBRARY DESTINATION .)
install(FILES ${companions} DESTINATION .)
install(CODE [[
  file(GLOB libraries RELATIVE "${CMAKE_INSTALL_PREFIX}" "${CMAKE_INSTALL_PREFIX}/*.so*")
  set(sums "")
  foreach(library ${libraries})
    file(SHA256 "${CMAKE_INSTALL_PREFIX}/${library}" sum)
    string(APPEND sums "${sum}  ${library}\n")
  endforeach()
  file(WRITE "${CMAKE_INSTALL_PREFIX}/SHA256SUMS" "${sums}")
]])
