package dev.diorama.benchmarks;

import static jcuda.cudaDataType.CUDA_R_16BF;
import static jcuda.cudaDataType.CUDA_R_32F;
import static jcuda.jcublas.cublasComputeType.CUBLAS_COMPUTE_32F;
import static jcuda.jcublas.cublasGemmAlgo.CUBLAS_GEMM_DEFAULT;
import static jcuda.jcublas.cublasOperation.CUBLAS_OP_N;
import static jcuda.jcublas.cublasOperation.CUBLAS_OP_T;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Tensor;
import dev.diorama.benchmarks.cases.Workspace;
import dev.diorama.jcuda.JCudaSupport;
import dev.diorama.jcuda.JCudaTensors;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jcuda.Pointer;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;

/**
 * cuBLAS by JCublas, on the context's own stream and tensors: the bare product, without the bias
 * and the activation that ours has inside. Only where {@link JCudaSupport#missingForCublas} finds
 * nothing missing.
 */
final class CublasRival implements Rival, AutoCloseable {
  private static final Pattern SHAPE = Pattern.compile("m(\\d+) n(\\d+) k(\\d+) gelu (f32|bf16).*");
  private static final Pointer ONE = Pointer.to(new float[] {1});
  private static final Pointer ZERO = Pointer.to(new float[] {0});

  private final Context context;
  private final cublasHandle handle = new cublasHandle();
  private final String version;

  CublasRival(Context context) {
    this.context = context;
    JCublas2.setExceptionsEnabled(true);
    JCublas2.cublasCreate(handle);
    JCublas2.cublasSetStream(handle, JCudaTensors.runtimeStream(context));
    int[] number = new int[1];
    JCublas2.cublasGetVersion(handle, number);
    version = "cuBLAS %d.%d, the product alone".formatted(number[0] / 10000, number[0] / 100 % 100);
  }

  @Override
  public String version() {
    return version;
  }

  @Override
  public Optional<double[]> measure(String operation, String name, int repeats) {
    Matcher shape = SHAPE.matcher(name);
    if (!operation.equals("linear") || !shape.matches()) {
      return Optional.empty();
    }
    int m = Integer.parseInt(shape.group(1));
    int n = Integer.parseInt(shape.group(2));
    int k = Integer.parseInt(shape.group(3));
    DType dtype = shape.group(4).equals("f32") ? DType.F32 : DType.BF16;
    int type = dtype == DType.F32 ? CUDA_R_32F : CUDA_R_16BF;
    try (Workspace workspace = new Workspace(context, 1)) {
      Pointer x = JCudaTensors.runtimePointer(workspace.random(dtype, m, k));
      Pointer w = JCudaTensors.runtimePointer(workspace.random(dtype, n, k));
      Tensor out = workspace.empty(DType.F32, m, n);
      Pointer y = JCudaTensors.runtimePointer(out);
      // cuBLAS counts columns first: what is x w^T to us is (w x^T)^T to it.
      Runnable product =
          () ->
              JCublas2.cublasGemmEx(
                  handle,
                  CUBLAS_OP_T,
                  CUBLAS_OP_N,
                  n,
                  m,
                  k,
                  ONE,
                  w,
                  type,
                  k,
                  x,
                  type,
                  k,
                  ZERO,
                  y,
                  CUDA_R_32F,
                  n,
                  CUBLAS_COMPUTE_32F,
                  CUBLAS_GEMM_DEFAULT);
      Timing timing = Timing.onDevice(product, context::synchronize, repeats);
      return Optional.of(new double[] {timing.median()});
    }
  }

  @Override
  public void close() {
    context.synchronize();
    JCublas2.cublasDestroy(handle);
  }
}
