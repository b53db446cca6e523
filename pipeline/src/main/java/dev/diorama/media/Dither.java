package dev.diorama.media;

import java.util.Arrays;

/** Maps a picture to a palette; what a pixel loses goes to its neighbours (Floyd and Steinberg). */
final class Dither {
  private final int width;
  private final int height;
  private int[] errors;
  private int[] below;

  Dither(int width, int height) {
    this.width = width;
    this.height = height;
    this.errors = new int[(width + 2) * 3];
    this.below = new int[(width + 2) * 3];
  }

  /** One palette index per pixel. */
  byte[] map(byte[] rgb, Palette palette) {
    Arrays.fill(below, 0);
    byte[] indices = new byte[width * height];
    for (int y = 0; y < height; y++) {
      int[] swap = errors;
      errors = below;
      below = swap;
      Arrays.fill(below, 0);
      boolean leftwards = y % 2 == 1;
      for (int i = 0; i < width; i++) {
        int x = leftwards ? width - 1 - i : i;
        indices[y * width + x] = (byte) pixel(rgb, y, x, leftwards ? -3 : 3, palette);
      }
    }
    return indices;
  }

  /** Errors are kept in sixteenths; there is a margin of one pixel on both sides. */
  private int pixel(byte[] rgb, int y, int x, int ahead, Palette palette) {
    int at = (y * width + x) * 3;
    int place = (x + 1) * 3;
    int[] wanted = new int[3];
    for (int c = 0; c < 3; c++) {
      wanted[c] = Math.clamp((rgb[at + c] & 0xff) + (errors[place + c] + 8 >> 4), 0, 255);
    }
    int index = palette.nearest(wanted[0], wanted[1], wanted[2]);
    for (int c = 0; c < 3; c++) {
      int error = wanted[c] - (palette.color(index) >> (16 - 8 * c) & 0xff);
      errors[place + ahead + c] += 7 * error;
      below[place - ahead + c] += 3 * error;
      below[place + c] += 5 * error;
      below[place + ahead + c] += error;
    }
    return index;
  }
}
