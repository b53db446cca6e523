package dev.diorama.benchmarks;

import dev.diorama.Backend;
import java.nio.file.Path;

/** Where the checkout is, and which version this is. */
final class Home {
  private Home() {}

  /** The checkout that the launcher names, else the current folder. */
  static Path folder() {
    return Path.of(System.getProperty("diorama.home", "")).toAbsolutePath();
  }

  static String version() {
    return Backend.libraryVersion();
  }
}
