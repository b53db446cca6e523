package dev.diorama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ClosingTest extends WithContext {
  @Test
  void shouldRefuseASecondThread() throws Exception {
    context.begin();
    try (ExecutorService other = Executors.newSingleThreadExecutor()) {
      Future<?> call = other.submit(() -> context.memory());
      assertThatThrownBy(() -> call.get(10, TimeUnit.SECONDS))
          .cause()
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("the context is in use by Thread[")
          .hasMessageContaining("give each thread a context of its own");
    } finally {
      context.end();
    }
  }

  @Test
  void shouldRefuseToCloseWhatAnOperationUses() {
    Tensor weights = context.zeros(DType.F32, 4);
    try (Context other = backend.newContext()) {
      other.begin();
      other.use(weights);
      assertThatThrownBy(weights::close)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "the tensor cannot be closed: an operation of another thread, or an open graph, is"
                  + " using it");
      assertThatThrownBy(context::close).isInstanceOf(IllegalStateException.class);
      other.end();
    }
    assertThat(weights.toFloats()).containsOnly(0);
    weights.close();
    assertThat(weights.closed()).isTrue();
  }

  @Test
  void shouldRefuseToCloseABackendWithContexts() {
    assertThatThrownBy(backend::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the backend cpu has 1 open contexts; close them first");
  }

  @Test
  void shouldSayThatAContextIsClosed() {
    Context other = backend.newContext();
    Tensor tensor = other.zeros(DType.F32, 2);
    Generator generator = other.generator(1);
    other.close();
    other.close();
    tensor.close();
    generator.close();
    assertThat(tensor.closed()).isTrue();
    assertThatThrownBy(tensor::toFloats).hasMessage("the tensor is closed");
    assertThatThrownBy(other::memory)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the context is closed");
    assertThatThrownBy(() -> other.kernels().copy(null, null)).hasMessage("the context is closed");
    Tensor out = scope.tensor(DType.F32, 2);
    assertThatThrownBy(() -> context.kernels().randn(generator, out))
        .hasMessage("the generator is closed");
  }

  @Test
  void shouldCloseAScopeLastFirstAndTryAgain() {
    StringBuilder order = new StringBuilder();
    AtomicBoolean refuse = new AtomicBoolean(true);
    Scope own = context.scope();
    own.keep(() -> order.append('a'));
    own.keep(() -> {
      if (refuse.get()) {
        throw new IllegalStateException("not yet");
      }
      order.append('b');
    });
    own.keep(() -> order.append('c'));
    assertThatThrownBy(own::close).hasMessage("not yet");
    refuse.set(false);
    own.close();
    own.close();
    assertThat(order).hasToString("cab");
    assertThatThrownBy(() -> own.zeros(DType.F32, 1)).hasMessage("the scope is closed");
  }

  /** Closers and users race for one tensor: each gets an exception or a right result. */
  @Test
  void shouldNeverCrashWhenClosingRaces() throws Exception {
    AtomicInteger refused = new AtomicInteger();
    try (ExecutorService users = Executors.newFixedThreadPool(3)) {
      for (int round = 0; round < 200; round++) {
        Tensor shared = context.zeros(DType.F32, 64, 64);
        CountDownLatch start = new CountDownLatch(1);
        Future<?>[] futures = new Future<?>[3];
        for (int i = 0; i < futures.length; i++) {
          futures[i] = users.submit(() -> use(shared, start, refused));
        }
        start.countDown();
        while (!shared.closed()) {
          try {
            shared.close();
          } catch (IllegalStateException e) {
            refused.incrementAndGet();
          }
        }
        for (Future<?> future : futures) {
          future.get(30, TimeUnit.SECONDS);
        }
      }
    }
    assertThat(refused.get()).isPositive();
  }

  private Void use(Tensor shared, CountDownLatch start, AtomicInteger refused)
      throws InterruptedException {
    try (Context own = backend.newContext();
        Tensor out = own.tensor(DType.F32, 64, 64)) {
      start.await();
      for (int i = 0; i < 20; i++) {
        own.kernels().copy(shared, out);
        assertThat(out.slice(0, 0, 1).toFloats()).containsOnly(0);
      }
    } catch (IllegalStateException e) {
      assertThat(e).hasMessage("the tensor is closed");
      refused.incrementAndGet();
    }
    return null;
  }
}
