package dev.diorama.splat;

import java.io.IOException;

/**
 * A scene, camera file or dataset cannot be used. The message is one sentence that names the file,
 * what was found in it and what would be right.
 */
public final class SceneException extends IOException {

  private static final long serialVersionUID = 1L;

  /**
   * Makes the exception.
   *
   * @param sentence what is wrong
   */
  public SceneException(String sentence) {
    super(sentence);
  }

  /**
   * Makes the exception.
   *
   * @param sentence what is wrong
   * @param cause what was thrown below
   */
  public SceneException(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
