package dev.diorama.benchmarks.jmh;

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

/** Self-attention of 512 tokens, 4 heads of 64, beside loops in Java. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class AttentionBenchmark extends KernelState {
  static final int TOKENS = 512;
  static final int HEADS = 4;
  static final int SIZE = 64;

  private Tensor q;
  private Tensor k;
  private Tensor v;
  private Tensor out;
  private float[] heapQ;
  private float[] heapK;
  private float[] heapV;

  @Setup
  public void setUp() {
    open();
    q = random(1, TOKENS, HEADS, SIZE);
    k = random(1, TOKENS, HEADS, SIZE);
    v = random(1, TOKENS, HEADS, SIZE);
    out = empty(1, TOKENS, HEADS, SIZE);
    heapQ = q.toFloats();
    heapK = k.toFloats();
    heapV = v.toFloats();
  }

  @TearDown
  public void tearDown() {
    close();
  }

  @Benchmark
  public Tensor diorama() {
    kernels().attention(q, k, v, null, null, 0, out);
    return out;
  }

  @Benchmark
  public float[] javaLoops() {
    float[] result = new float[TOKENS * HEADS * SIZE];
    float[] scores = new float[TOKENS];
    for (int head = 0; head < HEADS; head++) {
      for (int i = 0; i < TOKENS; i++) {
        int query = (i * HEADS + head) * SIZE;
        float largest = Float.NEGATIVE_INFINITY;
        for (int j = 0; j < TOKENS; j++) {
          int key = (j * HEADS + head) * SIZE;
          float dot = 0;
          for (int d = 0; d < SIZE; d++) {
            dot += heapQ[query + d] * heapK[key + d];
          }
          scores[j] = dot / 8; // sqrt(64)
          largest = Math.max(largest, scores[j]);
        }
        float sum = 0;
        for (int j = 0; j < TOKENS; j++) {
          scores[j] = (float) Math.exp(scores[j] - largest);
          sum += scores[j];
        }
        for (int j = 0; j < TOKENS; j++) {
          float weight = scores[j] / sum;
          int value = (j * HEADS + head) * SIZE;
          for (int d = 0; d < SIZE; d++) {
            result[query + d] += weight * heapV[value + d];
          }
        }
      }
    }
    return result;
  }
}
