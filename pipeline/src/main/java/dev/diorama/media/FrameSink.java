package dev.diorama.media;

import java.io.IOException;

/**
 * Takes the frames of one video, one at a time.
 *
 * <p>What is written stays invisible under a temporary name until {@link #commit}; a sink that is
 * closed without it removes everything it has written. Used by one thread at a time.
 */
public interface FrameSink extends AutoCloseable {

  /**
   * Adds a frame.
   *
   * @param rgb rows of red, green and blue from 0 to 1; what lies outside is clamped, except in
   *     formats that hold floating-point numbers
   * @throws IOException with a sentence for the user
   */
  void add(float[] rgb) throws IOException;

  /**
   * Adds a frame of 8-bit samples.
   *
   * @param rgb rows of red, green and blue
   * @throws IOException with a sentence for the user
   */
  void add(byte[] rgb) throws IOException;

  /**
   * Finishes the file and gives it its name.
   *
   * @throws IOException with a sentence for the user; nothing remains then
   */
  void commit() throws IOException;

  /** Frees everything; without {@link #commit} before it, removes what was written. */
  @Override
  void close();
}
