package dev.diorama.media;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.FileImageInputStream;
import javax.imageio.stream.ImageInputStream;

/** Reads what the JDK's own decoders know. */
final class ImageIoReader {

  private ImageIoReader() {}

  static Picture read(Path file) throws IOException {
    try (ImageInputStream in = new FileImageInputStream(file.toFile())) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      if (!readers.hasNext()) {
        throw Pictures.unreadable(file, "it is no PNG, JPEG, GIF, BMP, TIFF or WebP picture");
      }
      ImageReader reader = readers.next();
      try {
        return decode(file, reader, in);
      } catch (MediaException e) {
        throw e;
      } catch (IOException | RuntimeException e) {
        throw new MediaException(
            "cannot read the picture %s: its data is damaged or of an unknown kind (%s)"
                .formatted(file, String.valueOf(e.getMessage()).lines().findFirst().orElse("")),
            e);
      } finally {
        reader.dispose();
      }
    }
  }

  private static Picture decode(Path file, ImageReader reader, ImageInputStream in)
      throws IOException {
    reader.setInput(in, true, true);
    Pictures.checkSize(file, reader.getWidth(0), reader.getHeight(0));
    Warnings warnings = new Warnings();
    reader.addIIOReadWarningListener(warnings);
    BufferedImage image = reader.read(0);
    if (warnings.damage != null) {
      throw new MediaException(
          "cannot read the picture %s: its data is damaged (%s)".formatted(file, warnings.damage));
    }
    return toRgb(file, image);
  }

  /** The JPEG decoder fills what is missing with grey and only warns. */
  private static final class Warnings implements javax.imageio.event.IIOReadWarningListener {
    private String damage;

    @Override
    public void warningOccurred(ImageReader source, String warning) {
      String lower = warning.toLowerCase(java.util.Locale.ROOT);
      if (lower.contains("premature") || lower.contains("corrupt") || lower.contains("eof")) {
        damage = warning;
      }
    }
  }

  /**
   * Takes the samples themselves. Java's own conversion would apply profiles, and would treat grey
   * as linear light.
   */
  private static Picture toRgb(Path file, BufferedImage image) throws MediaException {
    ColorModel colors = image.getColorModel();
    if (colors instanceof IndexColorModel) {
      return Picture.of(image);
    }
    int bands = image.getRaster().getNumBands();
    int type = colors.getColorSpace().getType();
    boolean grey = type == ColorSpace.TYPE_GRAY && bands <= 2;
    if (!grey && (type != ColorSpace.TYPE_RGB || bands < 3)) {
      throw Pictures.unreadable(file, "its colours are neither grey nor RGB");
    }
    int width = image.getWidth();
    int height = image.getHeight();
    byte[] rgb = new byte[width * height * 3];
    int[] shifts = new int[3];
    int[] sources = grey ? new int[3] : new int[] {0, 1, 2};
    for (int c = 0; c < 3; c++) {
      shifts[c] = colors.getComponentSize(sources[c]) - 8;
    }
    copy(image.getRaster(), sources, shifts, rgb);
    return new Picture(width, height, rgb);
  }

  private static void copy(Raster raster, int[] sources, int[] shifts, byte[] rgb) {
    int width = raster.getWidth();
    int bands = raster.getNumBands();
    int[] row = new int[width * bands];
    int at = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < 3; c++) {
          rgb[at++] = eightBits(row[x * bands + sources[c]], shifts[c]);
        }
      }
    }
  }

  private static byte eightBits(int sample, int shift) {
    return (byte) (shift >= 0 ? sample >> shift : sample * 255 / ((1 << 8 + shift) - 1));
  }
}
