package dev.diorama.media;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A picture or a video that cannot be read or written; the message is one sentence for the user.
 */
public final class MediaException extends IOException {
  private static final long serialVersionUID = 1;

  /** Makes an exception whose message needs no further explanation. */
  public MediaException(String message) {
    super(message);
  }

  /** Makes an exception whose message needs no further explanation. */
  public MediaException(String message, Throwable cause) {
    super(message, cause);
  }

  static MediaException reading(Path file, Throwable cause) {
    return new MediaException("cannot read %s: %s".formatted(file, reason(cause)), cause);
  }

  static MediaException writing(Path file, Throwable cause) {
    return new MediaException("cannot write %s: %s".formatted(file, reason(cause)), cause);
  }

  private static String reason(Throwable cause) {
    return switch (cause) {
      case NoSuchFileException e -> "it does not exist";
      case AccessDeniedException e -> "permission denied";
      case FileSystemException e when e.getReason() != null -> e.getReason();
      default -> cause.getMessage() != null ? cause.getMessage() : cause.getClass().getSimpleName();
    };
  }
}
