package dev.diorama.benchmarks.jmh;

import dev.diorama.Tensor;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The cost of a call: one number doubled through the bindings and the C ABI, beside a bare
 * downcall.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class CallBenchmark extends KernelState {
  private static final MethodHandle LABS =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("labs"),
              FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

  private final double[] coefficients = {2};
  private Tensor[] inputs;
  private Tensor[] outputs;

  @Setup
  public void setUp() {
    open();
    inputs = new Tensor[] {random(1)};
    outputs = new Tensor[] {empty(1)};
  }

  @TearDown
  public void tearDown() {
    close();
  }

  @Benchmark
  public Tensor combineOneNumber() {
    kernels().combine(inputs, outputs, coefficients);
    return outputs[0];
  }

  @Benchmark
  public long bareDowncall() throws Throwable {
    return (long) LABS.invokeExact(-1L);
  }

  float input() {
    return inputs[0].toFloats()[0];
  }
}
