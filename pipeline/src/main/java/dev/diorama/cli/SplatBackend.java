package dev.diorama.cli;

import dev.diorama.Backend;
import dev.diorama.DType;
import java.util.List;

/** Opens a backend for splats: "auto" is the best one that has all their operations. */
final class SplatBackend {
  private static final List<String> OPERATIONS =
      List.of("splat_render", "splat_backward", "splat_loss", "adam", "splat_perturb");

  private SplatBackend() {}

  static Backend open(String name, int threads) {
    try {
      Backend backend = Backend.open(name, threads);
      if (!name.equals("auto") || hasSplats(backend)) {
        return backend;
      }
      backend.close();
      return Backend.open("cpu", threads);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  private static boolean hasSplats(Backend backend) {
    return OPERATIONS.stream().allMatch(name -> backend.supports(name, DType.F32));
  }
}
