package dev.diorama.splat;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The pictures of a path of cameras, in its order. On a device two are under way at a time: while
 * one is copied to the host and used, the next is drawn. On the host the kernels have all cores
 * already, and a picture is drawn when its turn has come.
 *
 * <pre>{@code
 * try (RenderQueue queue = RenderQueue.of(renderer)) {
 *   queue.draw(
 *       path.cameras(),
 *       (drawer, camera) -> drawer.renderRgb8(camera, SplatSettings.DEFAULT),
 *       (index, picture) -> sink.add(picture));
 * }
 * }</pre>
 *
 * <p>Memory is that of as many renderers and pictures as are under way. Used by one thread at a
 * time.
 */
public final class RenderQueue implements AutoCloseable {
  private static final int ON_A_DEVICE = 2;
  private static final int MOST = 8;

  private final List<Renderer> renderers = new ArrayList<>();

  private RenderQueue(Renderer renderer) {
    renderers.add(renderer);
  }

  /**
   * Draws one picture.
   *
   * @param <T> what is made of it
   */
  @FunctionalInterface
  public interface Drawing<T> {
    /**
     * Called on a thread of the queue or of the caller, with a renderer that nobody else uses.
     *
     * @param renderer draws the scene
     * @param camera where from
     * @return what is handed on
     */
    T draw(Renderer renderer, Camera camera);
  }

  /**
   * Uses one picture.
   *
   * @param <T> what was made of it
   */
  @FunctionalInterface
  public interface Use<T> {
    /**
     * Called on the caller's thread, for one picture after the other.
     *
     * @param index of the camera, from 0 on
     * @param picture what was drawn
     * @throws IOException ends the drawing
     */
    void accept(int index, T picture) throws IOException;
  }

  /**
   * A queue with as many pictures under way as suits the backend: two on a device, one on the host.
   *
   * @param renderer of the scene; stays the caller's, who closes it behind the queue
   * @return to be closed
   */
  public static RenderQueue of(Renderer renderer) {
    return of(renderer, renderer.onDevice() ? ON_A_DEVICE : 1);
  }

  /**
   * A queue.
   *
   * @param renderer of the scene; stays the caller's, who closes it behind the queue
   * @param atOnce pictures under way at a time, 1 to 8
   * @return to be closed
   * @throws IllegalArgumentException when there cannot be so many
   */
  public static RenderQueue of(Renderer renderer, int atOnce) {
    if (atOnce < 1 || atOnce > MOST) {
      throw new IllegalArgumentException(
          "a queue has 1 to %d pictures under way, got %d".formatted(MOST, atOnce));
    }
    RenderQueue queue = new RenderQueue(renderer);
    try {
      while (queue.renderers.size() < atOnce) {
        queue.renderers.add(renderer.beside());
      }
      return queue;
    } catch (RuntimeException | Error e) {
      queue.close();
      throw e;
    }
  }

  /**
   * Draws all cameras' pictures. When it returns, or throws what a drawing or a use has thrown,
   * nothing is under way any more.
   *
   * @param <T> what is made of a picture
   * @param cameras where from, in order
   * @param drawing draws a picture
   * @param use takes them, in order
   * @throws IOException from the use
   * @throws CancellationException when the thread is interrupted
   */
  public <T> void draw(List<Camera> cameras, Drawing<T> drawing, Use<T> use) throws IOException {
    if (renderers.size() == 1) {
      for (int i = 0; i < cameras.size(); i++) {
        use.accept(i, drawing.draw(renderers.getFirst(), cameras.get(i)));
      }
      return;
    }
    Deque<Future<T>> pending = new ArrayDeque<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(renderers.size())) {
      try {
        int next = submit(threads, cameras, drawing, pending, 0);
        for (int i = 0; i < cameras.size(); i++) {
          T picture = take(pending);
          // Its renderer is free for one more, which is drawn while this one is used.
          next = submit(threads, cameras, drawing, pending, next);
          use.accept(i, picture);
        }
      } finally {
        pending.forEach(future -> future.cancel(false));
      }
    }
  }

  /** As many as there are renderers for; tells which camera is next. */
  private <T> int submit(
      ExecutorService threads,
      List<Camera> cameras,
      Drawing<T> drawing,
      Deque<Future<T>> pending,
      int first) {
    int next = first;
    while (next < cameras.size() && pending.size() < renderers.size()) {
      Renderer renderer = renderers.get(next % renderers.size());
      Camera camera = cameras.get(next++);
      pending.add(threads.submit(() -> drawing.draw(renderer, camera)));
    }
    return next;
  }

  private static <T> T take(Deque<Future<T>> pending) {
    try {
      return pending.remove().get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) e.getCause();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("drawing was interrupted");
    }
  }

  /** Frees what the queue made; the renderer that it was given stays open. */
  @Override
  public void close() {
    while (renderers.size() > 1) {
      renderers.removeLast().close();
    }
  }
}
