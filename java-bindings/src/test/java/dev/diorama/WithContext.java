package dev.diorama;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Tests that need one context, of the CPU unless they say otherwise; what they leave open fails
 * them.
 */
@ExtendWith(NoLeaks.class)
abstract class WithContext {
  protected Backend backend;
  protected Context context;
  protected Scope scope;
  private final String name;

  WithContext() {
    this("cpu");
  }

  WithContext(String name) {
    this.name = name;
  }

  @BeforeEach
  void openContext() {
    backend = Backend.open(name, 2);
    context = backend.newContext();
    scope = context.scope();
  }

  @AfterEach
  void closeContext() {
    scope.close();
    context.close();
    backend.close();
  }

  protected static float[] counting(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = i;
    }
    return values;
  }
}
