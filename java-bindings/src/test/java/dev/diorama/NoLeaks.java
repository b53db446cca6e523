package dev.diorama;

import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test that leaves a backend, context, tensor, generator or mapped file open, and says
 * where it was opened. For tests that run one after another: {@code @ExtendWith(NoLeaks.class)}.
 */
final class NoLeaks implements BeforeEachCallback, AfterEachCallback {
  @Override
  public void beforeEach(ExtensionContext context) {
    Leaks.track(true);
  }

  @Override
  public void afterEach(ExtensionContext context) {
    List<Leaks.Leak> open = Leaks.open();
    Leaks.track(false);
    if (!open.isEmpty() && context.getExecutionException().isEmpty()) {
      AssertionError failure =
          new AssertionError(
              "left open: " + String.join("; ", open.stream().map(Object::toString).toList()));
      open.forEach(leak -> failure.addSuppressed(leak.where()));
      throw failure;
    }
  }
}
