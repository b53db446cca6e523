package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.nio.file.Path;
import java.util.Locale;

/** What all formats do alike. */
final class SceneFiles {
  private static final int FLOATS_BESIDES_SH = 3 + 4 + 3 + 1;

  private SceneFiles() {}

  static boolean hasSuffix(Path file, String suffix) {
    return file.getFileName().toString().toLowerCase(Locale.ROOT).endsWith(suffix);
  }

  /**
   * Makes the scene that a file will fill. The caller has checked the count against the file's
   * size, so this fails only where a file is honest and too large.
   *
   * @throws SceneException when arrays or the heap cannot hold so many
   */
  static Gaussians allocate(Path file, long count, int degree) throws SceneException {
    int sh = 3 * Gaussians.coefficients(degree);
    long most = (Integer.MAX_VALUE - 8) / Math.max(sh, 4);
    if (count > most) {
      throw new SceneException(
          "%s holds %d Gaussians of degree %d, but one scene holds at most %d"
              .formatted(file, count, degree, most));
    }
    long heap = Runtime.getRuntime().maxMemory();
    long bytes = count * (FLOATS_BESIDES_SH + sh) * Float.BYTES;
    SceneException tooLarge =
        new SceneException(
            "%s holds %d Gaussians, which need %d MiB, but the heap may grow to %d MiB in all"
                    .formatted(file, count, bytes >> 20, heap >> 20)
                + "; give it more with -Xmx");
    if (bytes > heap) {
      throw tooLarge;
    }
    try {
      return Gaussians.zeros((int) count, degree);
    } catch (OutOfMemoryError e) {
      // Nothing but these arrays was asked for, so nothing is left half done.
      throw tooLarge;
    }
  }

  /**
   * Checks that so many rows of so many bytes are there.
   *
   * @throws SceneException when the file is too short for them
   */
  static void checkRows(Path file, String what, long count, long rowBytes, long available)
      throws SceneException {
    if (count < 0 || count > Math.max(0, available) / rowBytes) {
      throw new SceneException(
          "%s claims %d %s of %d bytes each, but only %d bytes are there for them"
              .formatted(file, count, what, rowBytes, Math.max(0, available)));
    }
  }
}
