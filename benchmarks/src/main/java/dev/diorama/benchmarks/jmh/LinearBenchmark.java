package dev.diorama.benchmarks.jmh;

import dev.diorama.Activation;
import dev.diorama.Tensor;
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

/** A product of 256 rows with a 512x512 matrix, bias and SiLU, beside loops in Java. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class LinearBenchmark extends KernelState {
  static final int ROWS = 256;
  static final int SIZE = 512;

  private Tensor x;
  private Tensor weight;
  private Tensor bias;
  private Tensor out;
  private float[] heapX;
  private float[] heapWeight;
  private float[] heapBias;

  @Setup
  public void setUp() {
    open();
    x = random(ROWS, SIZE);
    weight = random(SIZE, SIZE);
    bias = random(SIZE);
    out = empty(ROWS, SIZE);
    heapX = x.toFloats();
    heapWeight = weight.toFloats();
    heapBias = bias.toFloats();
  }

  @TearDown
  public void tearDown() {
    close();
  }

  @Benchmark
  public Tensor diorama() {
    kernels().linear(x, weight, bias, Activation.SILU, null, null, null, out);
    return out;
  }

  @Benchmark
  public float[] javaLoops() {
    float[] result = new float[ROWS * SIZE];
    for (int m = 0; m < ROWS; m++) {
      for (int n = 0; n < SIZE; n++) {
        float sum = heapBias[n];
        for (int k = 0; k < SIZE; k++) {
          sum += heapX[m * SIZE + k] * heapWeight[n * SIZE + k];
        }
        result[m * SIZE + n] = sum / (1 + (float) Math.exp(-sum));
      }
    }
    return result;
  }
}
