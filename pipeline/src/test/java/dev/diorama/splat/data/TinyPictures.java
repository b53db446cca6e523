package dev.diorama.splat.data;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntBinaryOperator;
import javax.imageio.ImageIO;

/** Small pictures for datasets written by hand. */
final class TinyPictures {

  private TinyPictures() {}

  /** Writes a .png whose pixel (x, y) is 0xRRGGBB. */
  static void write(Path file, int width, int height, IntBinaryOperator pixel) throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, pixel.applyAsInt(x, y));
      }
    }
    Files.createDirectories(file.getParent());
    ImageIO.write(image, "png", file.toFile());
  }

  /** A picture of one colour. */
  static void write(Path file, int width, int height, int rgb) throws IOException {
    write(file, width, height, (x, y) -> rgb);
  }
}
