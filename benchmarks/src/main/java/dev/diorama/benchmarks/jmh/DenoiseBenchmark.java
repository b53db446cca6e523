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

/** A modulated layer norm and a guided scheduler step, beside loops in Java. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class DenoiseBenchmark extends KernelState {
  static final int TOKENS = 2048;
  static final int CHANNELS = 512;
  static final float EPSILON = 1e-6f;
  private static final double[] COEFFICIENTS = {0.9, 0.4, -0.5, 0.05};

  private Tensor x;
  private Tensor scale;
  private Tensor shift;
  private Tensor out;
  private Tensor[] inputs;
  private Tensor[] outputs;
  private float[] heapX;
  private float[] heapScale;
  private float[] heapShift;
  private float[][] heapInputs;

  @Setup
  public void setUp() {
    open();
    x = random(TOKENS, CHANNELS);
    scale = random(1, CHANNELS);
    shift = random(1, CHANNELS);
    out = empty(TOKENS, CHANNELS);
    inputs =
        new Tensor[] {
          x, random(TOKENS, CHANNELS), random(TOKENS, CHANNELS), random(TOKENS, CHANNELS)
        };
    outputs = new Tensor[] {out};
    heapX = x.toFloats();
    heapScale = scale.toFloats();
    heapShift = shift.toFloats();
    heapInputs = new float[inputs.length][];
    for (int i = 0; i < inputs.length; i++) {
      heapInputs[i] = inputs[i].toFloats();
    }
  }

  @TearDown
  public void tearDown() {
    close();
  }

  @Benchmark
  public Tensor layerNorm() {
    kernels().layerNorm(x, null, null, scale, shift, null, EPSILON, out);
    return out;
  }

  @Benchmark
  public float[] layerNormJavaLoops() {
    float[] result = new float[TOKENS * CHANNELS];
    for (int row = 0; row < TOKENS * CHANNELS; row += CHANNELS) {
      float mean = 0;
      for (int c = 0; c < CHANNELS; c++) {
        mean += heapX[row + c];
      }
      mean /= CHANNELS;
      float variance = 0;
      for (int c = 0; c < CHANNELS; c++) {
        float centred = heapX[row + c] - mean;
        variance += centred * centred;
      }
      float inverse = (float) (1 / Math.sqrt(variance / CHANNELS + EPSILON));
      for (int c = 0; c < CHANNELS; c++) {
        result[row + c] = (heapX[row + c] - mean) * inverse * (1 + heapScale[c]) + heapShift[c];
      }
    }
    return result;
  }

  @Benchmark
  public Tensor step() {
    kernels().combine(inputs, outputs, COEFFICIENTS);
    return out;
  }

  @Benchmark
  public float[] stepJavaLoops() {
    float[] result = new float[TOKENS * CHANNELS];
    for (int i = 0; i < result.length; i++) {
      result[i] =
          (float) COEFFICIENTS[0] * heapInputs[0][i]
              + (float) COEFFICIENTS[1] * heapInputs[1][i]
              + (float) COEFFICIENTS[2] * heapInputs[2][i]
              + (float) COEFFICIENTS[3] * heapInputs[3][i];
    }
    return result;
  }
}
