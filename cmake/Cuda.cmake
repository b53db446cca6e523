# libdiorama_simt.so: the CUDA kernels' sources by the host compiler, over kernels/simt. Always built: tests run it.
# libdiorama_cuda.so: the same sources by nvcc, where there is one.
file(GLOB cuda_host_sources CONFIGURE_DEPENDS native/src/cuda/*.cpp kernels/*/*_cuda.cpp kernels/*/*/*_cuda.cpp)
list(APPEND cuda_host_sources kernels/codec/layout.cpp kernels/splat/drawing.cpp native/src/memory_pool.cpp native/src/tensor.cpp native/src/generator.cpp)
file(GLOB cuda_kernels CONFIGURE_DEPENDS kernels/*/*_cuda.cu kernels/*/*/*_cuda.cu)
file(GLOB simt_sources CONFIGURE_DEPENDS kernels/simt/*.cpp)

function(diorama_device_library name)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Werror)
  target_compile_definitions(${name} PRIVATE DIORAMA_BUILD)
  target_include_directories(${name} PRIVATE native/include native/src ${CMAKE_SOURCE_DIR})
  # As libdiorama.so: nothing but what it exports is seen, and no C++ runtime is asked for.
  target_link_options(${name} PRIVATE
    -static-libstdc++ -Wl,--gc-sections -Wl,--version-script=${CMAKE_SOURCE_DIR}/native/src/exports.map
    -Wl,--no-undefined -Wl,-z,noexecstack)
  target_link_libraries(${name} PRIVATE ${CMAKE_DL_LIBS})
  set_target_properties(${name} PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "\$ORIGIN")
endfunction()

# Also linked into the tests of simt itself.
add_library(simt_runtime OBJECT ${simt_sources})
target_include_directories(simt_runtime BEFORE PRIVATE kernels/simt/include)
target_include_directories(simt_runtime PRIVATE native/include native/src ${CMAKE_SOURCE_DIR})
target_compile_options(simt_runtime PRIVATE -Wall -Wextra -Werror)
target_link_libraries(simt_runtime PRIVATE OpenMP::OpenMP_CXX)

# As objects, so that tests can also reach what the library does not export.
add_library(simt_kernels OBJECT ${cuda_host_sources} ${cuda_kernels})
target_compile_options(simt_kernels PRIVATE -Wall -Wextra -Werror)
target_compile_definitions(simt_kernels PRIVATE DIORAMA_BUILD DIORAMA_SIMT)
target_include_directories(simt_kernels BEFORE PRIVATE kernels/simt/include)
target_include_directories(simt_kernels PRIVATE native/include native/src ${CMAKE_SOURCE_DIR})
target_link_libraries(simt_kernels PRIVATE OpenMP::OpenMP_CXX)

add_library(diorama_simt SHARED)
diorama_device_library(diorama_simt)
target_link_libraries(diorama_simt PRIVATE simt_kernels simt_runtime OpenMP::OpenMP_CXX)
# Unrolling is advice to nvcc alone.
set_source_files_properties(${cuda_kernels} PROPERTIES
  LANGUAGE CXX COMPILE_OPTIONS "-xc++;-Wno-unknown-pragmas;-Wno-psabi")

find_program(DIORAMA_NVCC nvcc PATHS /usr/local/cuda/bin)
if(DIORAMA_SANITIZE)
  return()
endif()
if(NOT DIORAMA_NVCC)
  message(STATUS "No nvcc: libdiorama_cuda.so is not built (the CUDA toolkit 13.0 or later has it)")
  return()
endif()
set(DIORAMA_CUDA_ARCHITECTURES "80;90a;100;120" CACHE STRING "Compute capabilities to compile kernels for")

file(REAL_PATH "${DIORAMA_NVCC}" nvcc_file)
get_filename_component(nvcc_folder "${nvcc_file}" DIRECTORY)
execute_process(COMMAND ${DIORAMA_NVCC} --dryrun -c x.cu OUTPUT_VARIABLE nvcc_plan ERROR_VARIABLE nvcc_plan)
string(REGEX MATCH "#\\$ TOP=([^\n]+)" found "${nvcc_plan}")
file(REAL_PATH "${CMAKE_MATCH_1}" cuda_home)
find_library(DIORAMA_CUDART cudart_static HINTS ${cuda_home}/lib64 ${cuda_home}/lib ${cuda_home}/targets/x86_64-linux/lib)
find_path(DIORAMA_CUDA_INCLUDE cuda_runtime.h HINTS ${cuda_home}/include ${cuda_home}/targets/x86_64-linux/include)
if(NOT DIORAMA_CUDART OR NOT DIORAMA_CUDA_INCLUDE)
  message(STATUS "No libcudart_static.a or cuda_runtime.h under ${cuda_home}: libdiorama_cuda.so is not built")
  return()
endif()

set(nvcc_flags -std=c++20 -O3 -DNDEBUG --expt-relaxed-constexpr --compress-mode=size
  -Werror all-warnings -Xptxas -v -Xcompiler -fPIC,-fvisibility=hidden,-Wall,-Wextra
  -DDIORAMA_BUILD -I${CMAKE_SOURCE_DIR} -I${CMAKE_SOURCE_DIR}/native/include -I${CMAKE_SOURCE_DIR}/native/src)
foreach(architecture ${DIORAMA_CUDA_ARCHITECTURES})
  list(APPEND nvcc_flags -gencode arch=compute_${architecture},code=sm_${architecture})
endforeach()
# For cards that came after this build.
list(GET DIORAMA_CUDA_ARCHITECTURES 0 oldest)
string(REGEX REPLACE "[a-z]" "" oldest "${oldest}")
list(APPEND nvcc_flags -gencode arch=compute_${oldest},code=compute_${oldest})

# Each kernel's registers, shared memory and spills stay beside its object, as the compiler reports them.
set(cuda_objects "")
foreach(kernel ${cuda_kernels})
  get_filename_component(kernel_name ${kernel} NAME_WE)
  set(object ${CMAKE_BINARY_DIR}/cuda/${kernel_name}.o)
  add_custom_command(OUTPUT ${object}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/cuda
    COMMAND ${CMAKE_SOURCE_DIR}/cmake/nvcc.sh ${CMAKE_BINARY_DIR}/cuda/${kernel_name}.ptxas
      ${DIORAMA_NVCC} ${nvcc_flags} -MD -MT ${object} -MF ${object}.d -c ${kernel} -o ${object}
    DEPENDS ${kernel} ${CMAKE_SOURCE_DIR}/cmake/nvcc.sh
    DEPFILE ${object}.d
    COMMENT "nvcc ${kernel_name}"
    VERBATIM)
  list(APPEND cuda_objects ${object})
endforeach()
set_source_files_properties(${cuda_objects} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)

add_library(diorama_cuda SHARED ${cuda_host_sources} ${cuda_objects})
diorama_device_library(diorama_cuda)
target_include_directories(diorama_cuda SYSTEM PRIVATE ${DIORAMA_CUDA_INCLUDE})
target_link_libraries(diorama_cuda PRIVATE ${DIORAMA_CUDART} rt pthread)
