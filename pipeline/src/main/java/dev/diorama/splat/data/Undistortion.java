package dev.diorama.splat.data;

import dev.diorama.media.Picture;

/**
 * A distorted picture and its mask brought to the ideal projection of the same focal length and
 * size: colours bilinear, masks by the nearest pixel. Pixels that the distorted picture does not
 * show are 0 in the mask.
 */
final class Undistortion {
  private final Lens lens;
  private final Picture from;
  private final byte[] fromMask;
  private final byte[] rgb;
  private final byte[] mask;
  private boolean missing;

  private Undistortion(Lens lens, Picture from, byte[] fromMask) {
    this.lens = lens;
    this.from = from;
    this.fromMask = fromMask;
    this.rgb = new byte[from.rgb().length];
    this.mask = new byte[from.width() * from.height()];
  }

  /** A picture with the mask of what it shows; null where it shows everything. */
  record Result(Picture picture, byte[] mask) {}

  /**
   * Undistorts.
   *
   * @param mask of the distorted picture, or null
   */
  static Result of(Lens lens, Picture picture, byte[] mask) {
    if (!lens.isDistorted()) {
      return new Result(picture, mask);
    }
    Undistortion work = new Undistortion(lens, picture, mask);
    work.run();
    boolean needed = mask != null || work.missing;
    return new Result(
        new Picture(picture.width(), picture.height(), work.rgb), needed ? work.mask : null);
  }

  private void run() {
    int width = from.width();
    int height = from.height();
    double farthest =
        Math.hypot(
            Math.max(lens.cx(), width - lens.cx()) / lens.fx(),
            Math.max(lens.cy(), height - lens.cy()) / lens.fy());
    double valid = lens.validRadius(farthest);
    double[] place = new double[2];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        double u = x + 0.5;
        double v = y + 0.5;
        double r = Math.hypot((u - lens.cx()) / lens.fx(), (v - lens.cy()) / lens.fy());
        lens.distort(u, v, place);
        boolean seen = r <= valid && 0 <= place[0] && place[0] < width;
        if (seen && 0 <= place[1] && place[1] < height) {
          sample(y * width + x, place[0], place[1]);
        } else {
          missing = true;
        }
      }
    }
  }

  private void sample(int to, double u, double v) {
    int width = from.width();
    int nearest = (int) v * width + (int) u;
    mask[to] = fromMask == null ? (byte) 255 : fromMask[nearest];
    int x0 = (int) Math.floor(u - 0.5);
    int y0 = (int) Math.floor(v - 0.5);
    double fx = u - 0.5 - x0;
    double fy = v - 0.5 - y0;
    int left = Math.max(x0, 0);
    int right = Math.min(x0 + 1, width - 1);
    int top = Math.max(y0, 0) * width;
    int bottom = Math.min(y0 + 1, from.height() - 1) * width;
    for (int c = 0; c < 3; c++) {
      double above = value(top + left, c) * (1 - fx) + value(top + right, c) * fx;
      double below = value(bottom + left, c) * (1 - fx) + value(bottom + right, c) * fx;
      rgb[3 * to + c] = (byte) (int) Math.rint(above * (1 - fy) + below * fy);
    }
  }

  private int value(int pixel, int channel) {
    return from.rgb()[3 * pixel + channel] & 0xff;
  }
}
