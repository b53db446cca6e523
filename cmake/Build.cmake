# Configures, builds and stages the natives:
#   cmake [-DBUILD=DIR] [-DSTAGE=DIR] [-DCUDA_STAGE=DIR] [-DTARGET=NAME] -P cmake/Build.cmake
# Maven calls it, and so can a person who changes a kernel.
get_filename_component(source "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
if(NOT BUILD)
  set(BUILD "${source}/build/native")
endif()

if(NOT TARGET)
  set(TARGET all)
endif()

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "Building the natives failed at: ${command}")
  endif()
endfunction()

set(options -DCMAKE_BUILD_TYPE=Release)
find_program(NINJA NAMES ninja ninja-build)
if(NINJA AND NOT EXISTS "${BUILD}/CMakeCache.txt")
  list(APPEND options -G Ninja)
endif()
run(${CMAKE_COMMAND} -S "${source}" -B "${BUILD}" ${options})

if(DEFINED ENV{CMAKE_BUILD_PARALLEL_LEVEL})
  set(jobs $ENV{CMAKE_BUILD_PARALLEL_LEVEL})
else()
  cmake_host_system_information(RESULT jobs QUERY NUMBER_OF_LOGICAL_CORES)
endif()
run(${CMAKE_COMMAND} --build "${BUILD}" --target ${TARGET} --parallel ${jobs})
if(STAGE)
  file(REMOVE_RECURSE "${STAGE}")
  run(${CMAKE_COMMAND} --install "${BUILD}" --prefix "${STAGE}" --component natives)
endif()
# Only where it was built: an empty folder makes no jar.
if(CUDA_STAGE)
  file(REMOVE_RECURSE "${CUDA_STAGE}")
  run(${CMAKE_COMMAND} --install "${BUILD}" --prefix "${CUDA_STAGE}" --component cuda)
endif()
