package dev.diorama.model;

import java.io.IOException;

/**
 * A file of a model cannot be used. The message is one sentence that names the file, the key or
 * tensor in it, what was found and what would be right.
 */
public final class ModelException extends IOException {

  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param sentence what is wrong
   */
  public ModelException(String sentence) {
    super(sentence);
  }

  /**
   * Makes the exception.
   *
   * @param sentence what is wrong
   * @param cause what was thrown below
   */
  public ModelException(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
