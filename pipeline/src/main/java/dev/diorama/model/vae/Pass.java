package dev.diorama.model.vae;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Kernels;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * One run of an encoder or decoder over a video, chunk after chunk: where it computes and what its
 * causal layers carry from one chunk to the next.
 */
final class Pass implements AutoCloseable {
  private final Context context;
  private final DType dtype;
  private final Runnable checkpoint;
  private final Scope carried;
  private final Map<Object, Tensor> carries = new IdentityHashMap<>();
  private Scope chunk;
  private int chunks;

  /** With the type of {@link #input} tensors. */
  Pass(Context context, DType dtype, Runnable checkpoint) {
    this.context = context;
    this.dtype = dtype;
    this.checkpoint = checkpoint;
    carried = context.scope();
  }

  void beginChunk() {
    chunk = context.scope();
    chunks++;
  }

  /** Ends a chunk and frees what its layers left. */
  void endChunk() {
    chunk.close();
  }

  /** Whether the chunk is the first of its video: a single frame. */
  boolean first() {
    return chunks == 1;
  }

  /** The kernels; the place between two of them where work may be cancelled. */
  Kernels kernels() {
    checkpoint.run();
    return context.kernels();
  }

  /** A tensor for this chunk; close it as soon as it is no longer needed. */
  Tensor tensor(long... shape) {
    return chunk.tensor(DType.F32, shape);
  }

  /**
   * The same for what a convolution or attention reads: in the narrower type, where there is one.
   */
  Tensor input(long... shape) {
    return chunk.tensor(dtype, shape);
  }

  /** Whether convolutions read another type than this tensor's. */
  boolean narrows(Tensor x) {
    return x.dtype() != dtype;
  }

  /** A tensor as a convolution reads it: itself, or a narrower copy that closes it. */
  Tensor narrowed(Tensor x) {
    if (!narrows(x)) {
      return x;
    }
    Tensor narrow = input(x.shape());
    kernels().copy(x, narrow);
    x.close();
    return narrow;
  }

  /** The latest frames that the layer saw, zeros before the first. */
  Tensor carry(Object layer, Tensor x, int frames) {
    return carries.computeIfAbsent(
        layer, key -> carried.zeros(x.dtype(), 1, frames, x.size(2), x.size(3), x.size(4)));
  }

  @Override
  public void close() {
    carried.close();
  }
}
