package dev.diorama.video;

import dev.diorama.media.Resample;
import java.awt.image.BufferedImage;

/** A picture as a model's first frame. */
final class FirstFrame {
  private static final int RGB = 3;

  private FirstFrame() {}

  /** The picture's pixels, interleaved; transparency is dropped. */
  static byte[] rgb(BufferedImage image) {
    int width = image.getWidth();
    byte[] rgb = new byte[Math.multiplyExact(Math.multiplyExact(width, image.getHeight()), RGB)];
    int[] row = new int[width];
    int at = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      image.getRGB(0, y, width, 1, row, 0, width);
      for (int pixel : row) {
        rgb[at++] = (byte) (pixel >> 16);
        rgb[at++] = (byte) (pixel >> 8);
        rgb[at++] = (byte) pixel;
      }
    }
    return rgb;
  }

  /** The picture at the video's size, in -1 to 1. */
  static float[] pixels(BufferedImage image, Fit fit, int width, int height) {
    byte[] rgb =
        Resample.resize(
            rgb(image),
            image.getWidth(),
            image.getHeight(),
            RGB,
            box(image, fit, width, height),
            width,
            height,
            Resample.Filter.LANCZOS);
    float[] pixels = new float[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      pixels[i] = 2 * (Byte.toUnsignedInt(rgb[i]) / 255f) - 1;
    }
    return pixels;
  }

  /** The part of the picture that is used: all of it, or its middle in the shape of the video. */
  private static Resample.Box box(BufferedImage image, Fit fit, int width, int height) {
    double fromWidth = image.getWidth();
    double fromHeight = image.getHeight();
    double usedWidth = fromWidth;
    double usedHeight = fromHeight;
    if (fit == Fit.CROP) {
      usedWidth = Math.min(fromWidth, fromHeight * width / height);
      usedHeight = Math.min(fromHeight, fromWidth * height / width);
    }
    float left = (float) ((fromWidth - usedWidth) / 2);
    float top = (float) ((fromHeight - usedHeight) / 2);
    return new Resample.Box(
        left,
        top,
        (float) Math.min(fromWidth, left + usedWidth),
        (float) Math.min(fromHeight, top + usedHeight));
  }
}
