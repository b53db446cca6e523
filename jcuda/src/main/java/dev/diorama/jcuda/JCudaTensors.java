package dev.diorama.jcuda;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Tensor;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import jcuda.runtime.cudaStream_t;

/**
 * Passes device memory and streams between Diorama and JCuda without copies.
 *
 * <pre>{@code
 * CUstream stream = JCudaTensors.stream(context);
 * try (Tensor x = JCudaTensors.wrap(context, memory, DType.F32, 1024, 1536)) {
 *   context.kernels().activate(x, Activation.SILU, x);
 *   JCudaDriver.cuLaunchKernel(mine, 1024, 1, 1, 256, 1, 1, 0, stream, arguments, null);
 * }
 * }</pre>
 *
 * <p>Both use the primary context of the device (JCuda: {@code cuDevicePrimaryCtxRetain}, or its
 * runtime API). Work on one stream is done in the order of the calls of both; between two streams
 * somebody must wait. Thread rules are those of the {@link Context}.
 */
public final class JCudaTensors {
  private JCudaTensors() {}

  /**
   * Memory of JCuda's as a tensor. It stays JCuda's: free it after the tensor is closed.
   *
   * @param context works on the device that the memory lies on
   * @param memory from {@code cuMemAlloc}, with its byte offset
   * @param dtype the type of the elements
   * @param shape sizes of at least 1, row-major
   * @return to be closed
   * @throws IllegalArgumentException when the pointer is null or not aligned to its elements
   * @throws IllegalStateException when the context works on the host
   */
  public static Tensor wrap(Context context, CUdeviceptr memory, DType dtype, long... shape) {
    return context.wrap(Handles.address(memory), dtype, shape);
  }

  /**
   * The same for memory of JCuda's runtime API.
   *
   * @param context works on the device that the memory lies on
   * @param memory from {@code cudaMalloc}, with its byte offset; not memory of the host
   * @param dtype the type of the elements
   * @param shape sizes of at least 1, row-major
   * @return to be closed
   * @throws IllegalArgumentException when the pointer is null or not aligned to its elements
   * @throws IllegalStateException when the context works on the host
   */
  public static Tensor wrap(Context context, Pointer memory, DType dtype, long... shape) {
    return context.wrap(Handles.address(memory), dtype, shape);
  }

  /**
   * Where a tensor's first element lies, for JCuda's driver API.
   *
   * @param tensor on a device; must stay open while JCuda works with it
   * @return its address
   * @throws IllegalStateException when the tensor lies on the host, or is closed
   */
  public static CUdeviceptr pointer(Tensor tensor) {
    return new CUdeviceptr().withByteOffset(tensor.devicePointer());
  }

  /**
   * Where a tensor's first element lies, for JCuda's runtime API and JCublas.
   *
   * @param tensor on a device; must stay open while JCuda works with it
   * @return its address
   * @throws IllegalStateException when the tensor lies on the host, or is closed
   */
  public static Pointer runtimePointer(Tensor tensor) {
    return Handles.pointer(tensor.devicePointer());
  }

  /**
   * The stream that a context works on, for JCuda's driver API.
   *
   * @param context on cuda; owns the stream
   * @return the stream
   */
  public static CUstream stream(Context context) {
    return Handles.stream(context.stream());
  }

  /**
   * The stream that a context works on, for JCuda's runtime API and JCublas.
   *
   * @param context on cuda; owns the stream
   * @return the stream
   */
  public static cudaStream_t runtimeStream(Context context) {
    return new cudaStream_t(stream(context));
  }

  /**
   * Lets a context work on a stream of JCuda's from now on.
   *
   * @param context on cuda
   * @param stream of the same device; must outlive the context. Null for the context's own again
   */
  public static void useStream(Context context, CUstream stream) {
    context.useStream(stream == null ? 0 : Handles.value(stream));
  }

  /**
   * The same for a stream of JCuda's runtime API.
   *
   * @param context on cuda
   * @param stream of the same device; must outlive the context. Null for the context's own again
   */
  public static void useStream(Context context, cudaStream_t stream) {
    context.useStream(stream == null ? 0 : Handles.value(stream));
  }
}
