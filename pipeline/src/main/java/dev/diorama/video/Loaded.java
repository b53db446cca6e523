package dev.diorama.video;

/**
 * Part of a model and what it stands on, closed together.
 *
 * @param part the part
 * @param base what must outlive it, closed in this order
 */
record Loaded<T extends AutoCloseable>(T part, AutoCloseable... base) implements AutoCloseable {

  @Override
  public void close() {
    Closing.quietly(part);
    for (AutoCloseable below : base) {
      Closing.quietly(below);
    }
  }
}
