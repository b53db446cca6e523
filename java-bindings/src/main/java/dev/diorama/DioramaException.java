package dev.diorama;

/**
 * A failure that is not the caller's misuse: memory is short, a backend or the native library is
 * absent, a backend lacks an operation. Its message is one sentence that says what would help.
 * Wrong arguments throw {@link IllegalArgumentException} and wrong states {@link
 * IllegalStateException}.
 */
public final class DioramaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Makes one.
   *
   * @param message one sentence
   */
  public DioramaException(String message) {
    super(message);
  }

  /**
   * Makes one with its cause.
   *
   * @param message one sentence
   * @param cause what failed underneath
   */
  public DioramaException(String message, Throwable cause) {
    super(message, cause);
  }
}
