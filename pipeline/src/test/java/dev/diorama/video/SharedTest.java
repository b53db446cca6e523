package dev.diorama.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SharedTest {
  private final AtomicInteger opened = new AtomicInteger();
  private final AtomicInteger closed = new AtomicInteger();

  private Shared<AutoCloseable> shared(boolean keep) {
    return new Shared<>(
        keep,
        () -> {
          opened.incrementAndGet();
          return closed::incrementAndGet;
        });
  }

  @Test
  void shouldOpenOnceForAllAndCloseAfterTheLast() throws IOException {
    Shared<AutoCloseable> shared = shared(false);
    var first = shared.acquire();
    var second = shared.acquire();
    assertThat(second.get()).isSameAs(first.get());
    first.close();
    first.close();
    assertThat(closed).hasValue(0);
    second.close();
    assertThat(closed).hasValue(1);
    shared.acquire().close();
    assertThat(opened).hasValue(2);
    assertThat(closed).hasValue(2);
  }

  @Test
  void shouldKeepWhatIsKept() throws IOException {
    Shared<AutoCloseable> shared = shared(true);
    shared.acquire().close();
    shared.acquire().close();
    assertThat(opened).hasValue(1);
    assertThat(closed).hasValue(0);
    shared.close();
    shared.close();
    assertThat(closed).hasValue(1);
  }

  @Test
  void shouldRefuseToCloseUnderAUser() throws IOException {
    Shared<AutoCloseable> shared = shared(true);
    try (var use = shared.acquire()) {
      assertThat(use.get()).isNotNull();
      assertThatThrownBy(shared::close).isInstanceOf(IllegalStateException.class);
    }
    shared.close();
    assertThat(closed).hasValue(1);
  }

  @Test
  void shouldOpenAgainAfterAFailure() throws IOException {
    Shared<AutoCloseable> failing =
        new Shared<>(
            false,
            () -> {
              if (opened.incrementAndGet() == 1) {
                throw new IOException("no such file");
              }
              return closed::incrementAndGet;
            });
    assertThatThrownBy(failing::acquire).hasMessage("no such file");
    failing.acquire().close();
    assertThat(closed).hasValue(1);
  }
}
