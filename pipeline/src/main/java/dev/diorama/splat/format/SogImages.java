package dev.diorama.splat.format;

import dev.diorama.media.LosslessWebp;
import dev.diorama.media.LosslessWebp.Image;
import dev.diorama.media.MediaException;
import dev.diorama.splat.SceneException;
import java.io.IOException;

/** The images of one .sog by name: bytes in, pixels out, with the limits that its count sets. */
final class SogImages {
  private static final long SLACK = 1 << 16;

  private final SogFiles files;
  private final int count;

  /**
   * Makes the view.
   *
   * @param files where they are
   * @param count how many Gaussians the scene says it has
   */
  SogImages(SogFiles files, int count) {
    this.files = files;
    this.count = count;
  }

  /**
   * An image of one pixel for each Gaussian.
   *
   * @param name of the file
   * @return its pixels, [at least count, 4]
   * @throws IOException when it is missing, damaged, too small or absurdly large
   */
  byte[] perGaussian(String name) throws IOException {
    Image image = decode(name, 2L * count + SLACK);
    if ((long) image.width() * image.height() < count) {
      throw new SceneException(
          "%s is %d x %d, too small for the %d Gaussians of meta.json"
              .formatted(files.name(name), image.width(), image.height(), count));
    }
    return image.rgba();
  }

  /**
   * Any image.
   *
   * @param name of the file
   * @param maxPixels more are refused
   * @return the image
   * @throws IOException when it is missing, damaged or too large
   */
  Image decode(String name, long maxPixels) throws IOException {
    // Lossless WebP of noise is hardly longer than the pixels themselves.
    byte[] bytes = files.bytes(name, 5 * maxPixels);
    try {
      return LosslessWebp.decode(bytes, maxPixels);
    } catch (MediaException e) {
      throw new SceneException(
          "%s cannot be used: %s".formatted(files.name(name), e.getMessage()), e);
    }
  }
}
