package dev.diorama.benchmarks.jmh;

import dev.diorama.Backend;
import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Generator;
import dev.diorama.Kernels;
import dev.diorama.Scope;
import dev.diorama.Tensor;

/**
 * What every benchmark here starts from: one context on the CPU, and tensors with random contents.
 */
public abstract class KernelState {
  private Backend backend;
  private Context context;
  private Scope scope;
  private Generator generator;

  final void open() {
    backend = Backend.open("cpu");
    context = backend.newContext();
    scope = context.scope();
    generator = context.generator(0);
  }

  final void close() {
    generator.close();
    scope.close();
    context.close();
    backend.close();
  }

  final Kernels kernels() {
    return context.kernels();
  }

  final Tensor random(long... shape) {
    Tensor tensor = scope.tensor(DType.F32, shape);
    kernels().randn(generator, tensor);
    return tensor;
  }

  final Tensor empty(long... shape) {
    return scope.tensor(DType.F32, shape);
  }
}
