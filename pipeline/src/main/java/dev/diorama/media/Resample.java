package dev.diorama.media;

/**
 * Resizing of 8-bit pictures, byte for byte as Pillow's {@code Image.resize} does it.
 *
 * <p>Models were trained on pictures that Pillow prepared, so a picture that differs by a rounding
 * is a different input. The rules that matter: each axis is a pass of its own, the horizontal one
 * first; the weights are fixed-point numbers of 22 bits; the result of each pass is rounded to 8
 * bits; a filter that shrinks is widened by the factor, so that every source pixel counts.
 *
 * <p>Stateless; safe from many threads.
 */
public final class Resample {

  /** A resampling filter: a symmetric weight function and the distance at which it ends. */
  public enum Filter {
    /** Cubic convolution with a = -0.5. */
    BICUBIC(2) {
      @Override
      double weight(double x) {
        double a = -0.5;
        double d = Math.abs(x);
        if (d < 1) {
          return ((a + 2) * d - (a + 3)) * d * d + 1;
        }
        return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
      }
    },
    /** The windowed sinc with three lobes. */
    LANCZOS(3) {
      @Override
      double weight(double x) {
        return -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0;
      }
    };

    private final double support;

    Filter(double support) {
      this.support = support;
    }

    abstract double weight(double x);

    private static double sinc(double x) {
      if (x == 0) {
        return 1;
      }
      double angle = x * Math.PI;
      return Math.sin(angle) / angle;
    }
  }

  /** A rectangle of the source picture in pixels; fractions are allowed, in single precision. */
  public record Box(float left, float top, float right, float bottom) {}

  private static final int PRECISION_BITS = 22;

  private Resample() {}

  /**
   * Resizes a whole picture.
   *
   * @param pixels rows of interleaved 8-bit samples, {@code width * height * channels} of them
   * @param channels samples per pixel
   * @return the resized picture in the same layout; a new array, also where nothing changes
   */
  public static byte[] resize(
      byte[] pixels, int width, int height, int channels, int newWidth, int newHeight, Filter f) {
    Box all = new Box(0, 0, width, height);
    return resize(pixels, width, height, channels, all, newWidth, newHeight, f);
  }

  /**
   * Resizes a part of a picture.
   *
   * @param box the part that fills the result; must lie inside the picture
   * @return the resized part, rows of interleaved samples
   */
  public static byte[] resize(
      byte[] pixels,
      int width,
      int height,
      int channels,
      Box box,
      int newWidth,
      int newHeight,
      Filter filter) {
    check(pixels, width, height, channels, box, newWidth, newHeight);
    byte[] rows = pixels;
    if (newWidth != width || box.left != 0 || box.right != width) {
      Weights horizontal = Weights.of(width, box.left, box.right, newWidth, filter);
      rows = horizontalPass(pixels, width, height, channels, horizontal);
    }
    if (newHeight != height || box.top != 0 || box.bottom != height) {
      Weights vertical = Weights.of(height, box.top, box.bottom, newHeight, filter);
      rows = verticalPass(rows, newWidth * channels, vertical);
    }
    return rows == pixels ? pixels.clone() : rows;
  }

  private static void check(
      byte[] pixels, int width, int height, int channels, Box box, int newWidth, int newHeight) {
    if (width < 1 || height < 1 || newWidth < 1 || newHeight < 1 || channels < 1) {
      throw new IllegalArgumentException(
          "sizes must be positive, got %dx%d with %d channels to %dx%d"
              .formatted(width, height, channels, newWidth, newHeight));
    }
    if (pixels.length != Math.multiplyExact(Math.multiplyExact(width, height), channels)) {
      throw new IllegalArgumentException(
          "a %dx%d picture with %d channels has %d samples, got %d"
              .formatted(width, height, channels, width * height * channels, pixels.length));
    }
    boolean inside = 0 <= box.left && box.left < box.right && box.right <= width;
    if (!inside || !(0 <= box.top && box.top < box.bottom && box.bottom <= height)) {
      throw new IllegalArgumentException(
          "%s is not inside a %dx%d picture".formatted(box, width, height));
    }
  }

  private static byte[] horizontalPass(
      byte[] in, int width, int height, int channels, Weights weights) {
    int newWidth = weights.first.length;
    byte[] out = new byte[Math.multiplyExact(Math.multiplyExact(newWidth, height), channels)];
    int o = 0;
    for (int y = 0; y < height; y++) {
      int row = y * width * channels;
      for (int x = 0; x < newWidth; x++) {
        int start = row + weights.first[x] * channels;
        int[] k = weights.factors[x];
        for (int c = 0; c < channels; c++) {
          int sum = 1 << (PRECISION_BITS - 1);
          for (int i = 0, at = start + c; i < k.length; i++, at += channels) {
            sum += (in[at] & 0xff) * k[i];
          }
          out[o++] = clamp(sum);
        }
      }
    }
    return out;
  }

  private static byte[] verticalPass(byte[] in, int stride, Weights weights) {
    int newHeight = weights.first.length;
    byte[] out = new byte[Math.multiplyExact(newHeight, stride)];
    int[] sums = new int[stride];
    for (int y = 0; y < newHeight; y++) {
      java.util.Arrays.fill(sums, 1 << (PRECISION_BITS - 1));
      int[] k = weights.factors[y];
      for (int i = 0; i < k.length; i++) {
        int row = (weights.first[y] + i) * stride;
        for (int x = 0; x < stride; x++) {
          sums[x] += (in[row + x] & 0xff) * k[i];
        }
      }
      for (int x = 0; x < stride; x++) {
        out[y * stride + x] = clamp(sums[x]);
      }
    }
    return out;
  }

  private static byte clamp(int sum) {
    return (byte) Math.clamp(sum >> PRECISION_BITS, 0, 255);
  }

  /**
   * For each place of the result, where its source samples begin and the fixed-point factor of
   * each.
   */
  private record Weights(int[] first, int[][] factors) {

    static Weights of(int size, float from, float to, int newSize, Filter filter) {
      double scale = (double) (to - from) / newSize;
      double stretch = Math.max(scale, 1);
      double reach = filter.support * stretch;
      int[] first = new int[newSize];
      int[][] factors = new int[newSize][];
      for (int i = 0; i < newSize; i++) {
        double center = from + (i + 0.5) * scale;
        int begin = Math.max((int) (center - reach + 0.5), 0);
        int end = Math.min((int) (center + reach + 0.5), size);
        first[i] = begin;
        factors[i] = fixedPoint(begin, end, center, 1 / stretch, filter);
      }
      return new Weights(first, factors);
    }

    private static int[] fixedPoint(
        int begin, int end, double center, double shrink, Filter filter) {
      double[] weights = new double[end - begin];
      double sum = 0;
      for (int i = 0; i < weights.length; i++) {
        weights[i] = filter.weight((i + begin - center + 0.5) * shrink);
        sum += weights[i];
      }
      int[] fixed = new int[weights.length];
      for (int i = 0; i < weights.length; i++) {
        double weight = sum != 0 ? weights[i] / sum : weights[i];
        double scaled = weight * (1 << PRECISION_BITS);
        fixed[i] = (int) (scaled < 0 ? scaled - 0.5 : scaled + 0.5);
      }
      return fixed;
    }
  }
}
