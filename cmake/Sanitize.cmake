# -DDIORAMA_SANITIZE=address,undefined: everything is checked while it runs, and the first finding ends the program.
if(NOT DIORAMA_SANITIZE)
  return()
endif()
# Kernels are inlined into large functions, in which each check of an address, written out, costs the compiler many
# times what the kernel does: at -O3 and for all instruction sets one file takes many minutes. A check is a call here,
# and two instruction sets are left beside Highway's scalar one. g++ does not check the masked loads and stores of
# AVX2; SSE4 has none.
target_compile_options(diorama_objects PUBLIC
  -fsanitize=${DIORAMA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1
  --param asan-instrumentation-with-call-threshold=0)
target_compile_definitions(diorama_objects PUBLIC "HWY_DISABLED_TARGETS=(HWY_SSSE3|HWY_AVX3|HWY_AVX3_DL)")
target_link_options(diorama_objects PUBLIC -fsanitize=${DIORAMA_SANITIZE})
