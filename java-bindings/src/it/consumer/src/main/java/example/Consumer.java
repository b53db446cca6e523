package example;

import dev.diorama.Backend;
import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import java.util.Arrays;

/** Someone's service: attention on the CPU, from nothing but the dependency. */
public final class Consumer {
  /** Queries of zeros weigh all keys alike, so that the answer is the mean of the values. */
  public static void main(String[] args) {
    try (Backend backend = Backend.open("cpu");
        Context context = backend.newContext();
        Scope scope = context.scope()) {
      Tensor queries = scope.zeros(DType.F32, 1, 2, 1, 8);
      Tensor keys = scope.of(ramp(24), 1, 3, 1, 8);
      Tensor values = scope.of(ramp(24), 1, 3, 1, 8);
      Tensor out = scope.tensor(DType.F32, 1, 2, 1, 8);
      context.kernels().attention(queries, keys, values, null, null, 0, out);

      float[] expected = {8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15};
      float[] actual = out.toFloats();
      for (int i = 0; i < expected.length; i++) {
        if (Math.abs(actual[i] - expected[i]) > 1e-5f) {
          throw new AssertionError("attention gave " + Arrays.toString(actual));
        }
      }
      System.out.println("attention on " + backend.name() + " gave the mean, as it should");
    }
  }

  private static float[] ramp(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = i;
    }
    return values;
  }
}
