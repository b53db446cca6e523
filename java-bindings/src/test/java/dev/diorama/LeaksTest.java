package dev.diorama;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtensionContext;

class LeaksTest {
  @BeforeEach
  void track() {
    Leaks.track(true);
  }

  @AfterEach
  void stop() {
    Leaks.track(false);
  }

  @Test
  void shouldNameWhatIsOpenAndWhere() {
    try (Backend backend = Backend.open("cpu", 1);
        Context context = backend.newContext()) {
      Tensor tensor = context.tensor(DType.BF16, 2, 3);
      assertThat(Leaks.open())
          .extracting(Leaks.Leak::what)
          .containsExactly("backend cpu", "context on cpu", "tensor BF16 [2, 3]");
      assertThat(Leaks.open().getLast().toString())
          .contains("shouldNameWhatIsOpenAndWhere")
          .contains("LeaksTest.java");
      tensor.close();
      assertThat(Leaks.open()).hasSize(2);
    }
    assertThat(Leaks.open()).isEmpty();
  }

  @Test
  void shouldCountTensorsThatTheirContextClosed() {
    try (Backend backend = Backend.open("cpu", 1)) {
      try (Context context = backend.newContext()) {
        context.zeros(DType.F32, 4);
        context.generator(1);
        assertThat(Leaks.open()).hasSize(4);
      }
      assertThat(Leaks.open()).hasSize(1);
    }
  }

  @Test
  void shouldWarnOfATensorThatWasCollectedOpen() throws Exception {
    CountDownLatch warned = new CountDownLatch(1);
    BiConsumer<String, Throwable> usual = Leaks.warning;
    Leaks.warning =
        (text, where) -> {
          if (text.startsWith("A leak: tensor F32 [3], opened at dev.diorama.LeaksTest.forget")) {
            warned.countDown();
          }
        };
    try (Backend backend = Backend.open("cpu", 1);
        Context context = backend.newContext()) {
      forget(context);
      for (int i = 0; i < 100 && warned.getCount() > 0; i++) {
        System.gc();
        if (warned.await(50, TimeUnit.MILLISECONDS)) {
          break;
        }
      }
      assertThat(warned.getCount()).isZero();
    } finally {
      Leaks.warning = usual;
    }
  }

  @Test
  void shouldFailATestThatLeavesSomethingOpen() {
    NoLeaks extension = new NoLeaks();
    ExtensionContext passed =
        (ExtensionContext)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {ExtensionContext.class},
                (proxy, method, arguments) -> Optional.empty());
    extension.beforeEach(passed);
    try (Backend backend = Backend.open("cpu", 1)) {
      assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> extension.afterEach(passed)))
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("left open: backend cpu, opened at dev.diorama.LeaksTest");
      assertThat(backend.name()).isEqualTo("cpu");
    }
  }

  private static void forget(Context context) {
    context.tensor(DType.F32, 3);
  }
}
