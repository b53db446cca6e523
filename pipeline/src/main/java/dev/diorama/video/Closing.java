package dev.diorama.video;

/** Closing of things whose {@code close} declares more exceptions than it throws. */
final class Closing {
  private Closing() {}

  static void quietly(AutoCloseable closing) {
    try {
      closing.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
