package dev.diorama;

import java.util.ArrayList;
import java.util.List;

/**
 * Makes tensors and closes them together, the last one first.
 *
 * <pre>{@code
 * try (Scope scope = context.scope()) {
 *   Tensor hidden = scope.tensor(DType.F32, tokens, 1536);
 *   ...
 * }
 * }</pre>
 *
 * <p>A scope belongs to one thread at a time, as its context does.
 */
public final class Scope implements AutoCloseable {
  private final Context context;
  private final List<AutoCloseable> kept = new ArrayList<>();
  private boolean closed;

  Scope(Context context) {
    this.context = context;
  }

  /**
   * Where the tensors are made.
   *
   * @return the context
   */
  public Context context() {
    return context;
  }

  /**
   * As {@link Context#tensor}.
   *
   * @param dtype the type of the elements
   * @param shape the sizes
   * @return closed with the scope
   */
  public Tensor tensor(DType dtype, long... shape) {
    return keep(open().tensor(dtype, shape));
  }

  /**
   * As {@link Context#zeros}.
   *
   * @param dtype the type of the elements
   * @param shape the sizes
   * @return closed with the scope
   */
  public Tensor zeros(DType dtype, long... shape) {
    return keep(open().zeros(dtype, shape));
  }

  /**
   * As {@link Context#of(float[], long...)}.
   *
   * @param values one for each element
   * @param shape the sizes
   * @return closed with the scope
   */
  public Tensor of(float[] values, long... shape) {
    return keep(open().of(values, shape));
  }

  /**
   * As {@link Context#of(int[], long...)}.
   *
   * @param values one for each element
   * @param shape the sizes
   * @return closed with the scope
   */
  public Tensor of(int[] values, long... shape) {
    return keep(open().of(values, shape));
  }

  /**
   * Closes something else with this scope.
   *
   * @param <T> its type
   * @param resource what to close
   * @return the same
   */
  public <T extends AutoCloseable> T keep(T resource) {
    open();
    kept.add(resource);
    return resource;
  }

  /**
   * Closes everything, also when some of it refuses; the first refusal is thrown at the end. What
   * refused stays in the scope, so that a later close can try again.
   */
  @Override
  public void close() {
    List<AutoCloseable> refused = new ArrayList<>();
    RuntimeException failure = null;
    for (AutoCloseable resource : kept.reversed()) {
      try {
        resource.close();
      } catch (Exception e) {
        refused.addFirst(resource);
        if (failure != null) {
          failure.addSuppressed(e);
        } else {
          failure =
              e instanceof RuntimeException unchecked
                  ? unchecked
                  : new DioramaException("closing " + resource + " failed: " + e.getMessage(), e);
        }
      }
    }
    kept.clear();
    kept.addAll(refused);
    closed = kept.isEmpty();
    if (failure != null) {
      throw failure;
    }
  }

  private Context open() {
    if (closed) {
      throw new IllegalStateException("the scope is closed");
    }
    return context;
  }
}
