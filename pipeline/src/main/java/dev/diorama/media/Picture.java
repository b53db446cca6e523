package dev.diorama.media;

import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;

/**
 * An 8-bit RGB picture.
 *
 * @param width pixels in a row
 * @param height rows
 * @param rgb rows of red, green and blue; not copied
 */
public record Picture(int width, int height, byte[] rgb) {

  /** Checks the sizes. */
  public Picture {
    if (width < 1 || height < 1 || (long) width * height * 3 != rgb.length) {
      throw new IllegalArgumentException(
          "%d samples are no picture of %dx%d".formatted(rgb.length, width, height));
    }
  }

  /**
   * The largest part in the middle that has the new shape, made exactly this large with Lanczos.
   */
  public Picture cropped(int newWidth, int newHeight) {
    return resized(middle(newWidth, newHeight), newWidth, newHeight);
  }

  /** The whole picture, its sides scaled each by its own factor with Lanczos, as diffusers does. */
  public Picture stretched(int newWidth, int newHeight) {
    return resized(new Resample.Box(0, 0, width, height), newWidth, newHeight);
  }

  private Picture resized(Resample.Box box, int newWidth, int newHeight) {
    byte[] pixels =
        Resample.resize(rgb, width, height, 3, box, newWidth, newHeight, Resample.Filter.LANCZOS);
    return new Picture(newWidth, newHeight, pixels);
  }

  private Resample.Box middle(int newWidth, int newHeight) {
    double shape = (double) newWidth / newHeight;
    double own = (double) width / height;
    double boxWidth = own > shape ? shape * height : width;
    double boxHeight = own < shape ? width / shape : height;
    double left = (width - boxWidth) / 2;
    double top = (height - boxHeight) / 2;
    return new Resample.Box(
        (float) left, (float) top, (float) (left + boxWidth), (float) (top + boxHeight));
  }

  /** The same picture for Java's own classes. */
  public BufferedImage toImage() {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    int[] pixels = ((DataBufferInt) image.getRaster().getDataBuffer()).getData();
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] =
          (rgb[3 * i] & 0xff) << 16 | (rgb[3 * i + 1] & 0xff) << 8 | (rgb[3 * i + 2] & 0xff);
    }
    return image;
  }

  /** The visible colours of an image; transparency is dropped. */
  public static Picture of(BufferedImage image) {
    int width = image.getWidth();
    int height = image.getHeight();
    byte[] rgb = new byte[Math.multiplyExact(Math.multiplyExact(width, height), 3)];
    int[] row = new int[width];
    int at = 0;
    for (int y = 0; y < height; y++) {
      image.getRGB(0, y, width, 1, row, 0, width);
      for (int pixel : row) {
        rgb[at++] = (byte) (pixel >> 16);
        rgb[at++] = (byte) (pixel >> 8);
        rgb[at++] = (byte) pixel;
      }
    }
    return new Picture(width, height, rgb);
  }
}
