package dev.diorama.benchmarks.cases;

import java.util.function.Function;

/**
 * One shape of one operation: what it costs at least, and how to run it.
 *
 * @param operation the operation, as the peer names it: attention, linear, conv3d, norm, rope, step
 * @param name the shape, as the peer spells it
 * @param flops floating-point operations that cannot be avoided
 * @param bytes bytes that must be read or written, each tensor once
 * @param setup makes the inputs in a workspace and returns one run over them
 */
public record BenchmarkCase(
    String operation,
    String name,
    double flops,
    double bytes,
    Function<Workspace, Runnable> setup) {

  /** The key under which two reports are compared. */
  public String key() {
    return operation + " " + name;
  }
}
