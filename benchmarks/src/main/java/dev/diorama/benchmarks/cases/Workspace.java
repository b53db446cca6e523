package dev.diorama.benchmarks.cases;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Generator;
import dev.diorama.Kernels;
import dev.diorama.Scope;
import dev.diorama.Tensor;

/** The tensors of one case: random inputs (never zeros) and outputs, freed together. */
public final class Workspace implements AutoCloseable {
  private final Context context;
  private final Scope scope;
  private final Generator generator;

  public Workspace(Context context, long seed) {
    this.context = context;
    this.scope = context.scope();
    this.generator = context.generator(seed);
  }

  public Kernels kernels() {
    return context.kernels();
  }

  /** Normal numbers, f32. */
  public Tensor random(long... shape) {
    Tensor tensor = scope.tensor(DType.F32, shape);
    kernels().randn(generator, tensor);
    return tensor;
  }

  /** Normal numbers of another type. */
  public Tensor random(DType dtype, long... shape) {
    Tensor wide = random(shape);
    if (dtype == DType.F32) {
      return wide;
    }
    Tensor narrow = scope.tensor(dtype, shape);
    kernels().copy(wide, narrow);
    wide.close();
    return narrow;
  }

  public Tensor empty(DType dtype, long... shape) {
    return scope.tensor(dtype, shape);
  }

  @Override
  public void close() {
    generator.close();
    scope.close();
  }
}
