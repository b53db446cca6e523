package dev.diorama.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The latents beside an output. They are always written before they are decoded, so that nothing
 * that fails then loses the long part of the work; when all went well they go, unless the user
 * keeps them.
 */
final class KeptLatents {
  private static final String SUFFIX = ".latents.safetensors";

  private final Path path;
  private final boolean keep;

  private KeptLatents(Path path, boolean keep) {
    this.path = path;
    this.keep = keep;
  }

  /** Chooses the name; files that the user kept earlier are overwritten only when asked to keep. */
  static KeptLatents beside(Path output, boolean keep) {
    Path absolute = output.toAbsolutePath().normalize();
    String name = absolute.getFileName().toString();
    int dot = name.lastIndexOf('.');
    String stem = dot > 0 ? name.substring(0, dot) : name;
    Path path = absolute.resolveSibling(stem + SUFFIX);
    for (int i = 2; !keep && Files.exists(path); i++) {
      path = absolute.resolveSibling(stem + "-" + i + SUFFIX);
    }
    return new KeptLatents(path, keep);
  }

  Path path() {
    return path;
  }

  /** The video is there, or nobody wants it any more. */
  void succeeded() throws IOException {
    if (!keep) {
      Files.deleteIfExists(path);
    }
  }

  /** What went wrong, and how to go on where latents are there already. */
  IOException explained(Exception e) throws IOException {
    if (Files.isRegularFile(path)) {
      return new IOException(
          "%s; the latents are kept, so go on with --decode %s".formatted(e.getMessage(), path), e);
    }
    switch (e) {
      case IOException io when io.getClass() == IOException.class ->
          throw new IOException("cannot write %s: %s".formatted(path, io.getMessage()), io);
      case IOException io -> throw io;
      case RuntimeException fault -> throw fault;
      default -> throw new IllegalStateException(e);
    }
  }
}
