package dev.diorama.cli;

import dev.diorama.Backend;
import dev.diorama.DType;

/** Opens a backend for splats: "auto" is the best one that has their operations. */
final class SplatBackend {
  private static final String OPERATION = "splat_project";

  private SplatBackend() {}

  static Backend open(String name, int threads) {
    try {
      Backend backend = Backend.open(name, threads);
      if (!name.equals("auto") || backend.supports(OPERATION, DType.F32)) {
        return backend;
      }
      backend.close();
      return Backend.open("cpu", threads);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }
}
