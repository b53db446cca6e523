package dev.diorama.jcuda;

import dev.diorama.DioramaException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Whether JCuda and JCublas can be called here. Their own classes fail to load with an error where
 * something is missing; this tells what it is, first. Thread-safe.
 */
public final class JCudaSupport {
  private static final String DRIVER = "libcuda.so.1";
  private static final String CUBLAS = "libcublas.so.12";
  private static final String NATIVES = "/lib/lib%s-12.6.0-linux-x86_64.so";

  private JCudaSupport() {}

  /**
   * What JCuda's driver API lacks here.
   *
   * @return empty when it can be called, else one sentence
   */
  public static Optional<String> missing() {
    return missing(JCudaSupport::hasLibrary, JCudaSupport::hasResource);
  }

  /**
   * What JCublas lacks here: as {@link #missing}, and cuBLAS of CUDA 12, which a machine with CUDA
   * 13 alone does not have.
   *
   * @return empty when it can be called, else one sentence
   */
  public static Optional<String> missingForCublas() {
    return missingForCublas(JCudaSupport::hasLibrary, JCudaSupport::hasResource);
  }

  /**
   * Checks that JCuda's driver API can be called.
   *
   * @throws DioramaException with {@link #missing}'s sentence when it cannot
   */
  public static void require() {
    missing()
        .ifPresent(sentence -> {
          throw new DioramaException(sentence);
        });
  }

  static Optional<String> missing(Predicate<String> library, Predicate<String> resource) {
    if (!library.test(DRIVER)) {
      return Optional.of(
          "JCuda needs the NVIDIA driver, and there is no "
              + DRIVER
              + " on this machine; install the driver");
    }
    return natives("JCudaDriver", "jcuda-natives", resource);
  }

  static Optional<String> missingForCublas(Predicate<String> library, Predicate<String> resource) {
    Optional<String> driver = missing(library, resource);
    if (driver.isPresent()) {
      return driver;
    }
    if (!library.test(CUBLAS)) {
      return Optional.of(
          "JCublas needs cuBLAS of CUDA 12, and there is no "
              + CUBLAS
              + " on this machine; install it (NVIDIA's package libcublas-12-6) or name its folder"
              + " in LD_LIBRARY_PATH");
    }
    return natives("JCublas2", "jcublas-natives", resource);
  }

  private static Optional<String> natives(
      String name, String artifact, Predicate<String> resource) {
    return resource.test(NATIVES.formatted(name))
        ? Optional.empty()
        : Optional.of(
            "JCuda's natives are not on the class path; add the dependency org.jcuda:"
                + artifact
                + ":12.6.0 (classifier linux-x86_64)");
  }

  private static boolean hasLibrary(String name) {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(name, arena);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static boolean hasResource(String name) {
    return JCudaSupport.class.getResource(name) != null;
  }
}
