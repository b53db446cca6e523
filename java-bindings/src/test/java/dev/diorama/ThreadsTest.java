package dev.diorama;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Eight threads, each with its own context on one backend. */
@ExtendWith(NoLeaks.class)
class ThreadsTest {
  private static final int THREADS = 8;
  private static final int REQUESTS = 50;

  @Test
  void shouldComputeTheSameOnEveryThreadWithFlatMemory() throws Exception {
    try (Backend backend = Backend.open("cpu", 1);
        Context home = backend.newContext();
        Tensor shared = home.of(WithContext.counting(64 * 48), 64, 48);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      List<Future<float[]>> results = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        results.add(threads.submit(() -> serve(backend, shared)));
      }
      float[] first = results.getFirst().get(60, TimeUnit.SECONDS);
      for (Future<float[]> result : results) {
        assertThat(result.get(60, TimeUnit.SECONDS)).isEqualTo(first);
      }
    }
  }

  private static float[] serve(Backend backend, Tensor shared) {
    try (Context context = backend.newContext()) {
      float[] result = request(context, shared);
      MemoryStats afterFirst = context.memory();
      for (int i = 1; i < REQUESTS; i++) {
        assertThat(request(context, shared)).isEqualTo(result);
      }
      assertThat(context.memory()).isEqualTo(afterFirst);
      assertThat(afterFirst.allocatedBytes()).isZero();
      return result;
    }
  }

  private static float[] request(Context context, Tensor shared) {
    Kernels kernels = context.kernels();
    try (Scope scope = context.scope();
        Generator generator = context.generator(7)) {
      Tensor x = scope.tensor(DType.F32, 64, 48);
      Tensor out = scope.tensor(DType.F32, 64, 48);
      kernels.randn(generator, x);
      kernels.combine(new Tensor[] {x, shared}, new Tensor[] {x}, new double[] {1, 0.25});
      kernels.layerNorm(x, null, null, null, null, null, 1e-6f, out);
      kernels.activate(out, Activation.GELU_TANH, out);
      return out.toFloats();
    }
  }
}
