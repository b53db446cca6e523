package dev.diorama.media;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reads pictures: PNG, JPEG, GIF (its first frame), BMP, TIFF and WebP, turned upright as their
 * EXIF data says.
 *
 * <p>Samples are taken as the file holds them: colour profiles are not applied and transparency is
 * dropped, as with Pillow's {@code convert("RGB")}, which models were trained with. Memory is
 * bounded: a picture of more than {@value #MAX_MEGAPIXELS} megapixels is refused before it is
 * decoded.
 */
public final class Pictures {
  /** The largest picture that is read. */
  public static final int MAX_MEGAPIXELS = 64;

  static final long MAX_PIXELS = MAX_MEGAPIXELS * 1_000_000L;
  private static final int HEAD = 16;

  private Pictures() {}

  /**
   * Reads a picture.
   *
   * @throws MediaException with a sentence for the user when it cannot be read
   */
  public static Picture read(Path file) throws MediaException {
    try {
      if (Files.isDirectory(file)) {
        throw unreadable(file, "it is a folder");
      }
      Picture picture = isWebp(file) ? WebpReader.read(file) : ImageIoReader.read(file);
      return Orientation.of(file).apply(picture);
    } catch (MediaException e) {
      throw e;
    } catch (IOException e) {
      throw MediaException.reading(file, e);
    }
  }

  /** Takes over an image that a program has in memory. */
  public static Picture of(BufferedImage image) {
    return Picture.of(image);
  }

  private static boolean isWebp(Path file) throws IOException {
    ByteBuffer head = ByteBuffer.allocate(HEAD);
    try (FileChannel channel = FileChannel.open(file)) {
      while (head.hasRemaining() && channel.read(head) >= 0) {
        // Reads on until the head is full or the file ends.
        continue;
      }
    }
    if (head.position() == 0) {
      throw unreadable(file, "it is empty");
    }
    return head.getInt(0) == 0x52494646 && head.getInt(8) == 0x57454250;
  }

  static void checkSize(Path file, long width, long height) throws MediaException {
    if (width < 1 || height < 1 || width * height > MAX_PIXELS) {
      throw unreadable(
          file,
          "%dx%d pixels are more than %d megapixels or none"
              .formatted(width, height, MAX_MEGAPIXELS));
    }
  }

  static MediaException unreadable(Path file, String reason) {
    return new MediaException("cannot read the picture %s: %s".formatted(file, reason));
  }
}
