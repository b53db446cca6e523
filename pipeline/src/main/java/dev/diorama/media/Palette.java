package dev.diorama.media;

import java.util.Arrays;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * The 256 colours that stand for a picture: boxes of colours are cut in two, the box with the
 * greatest squared error first, across its widest spread, at the mean; each box becomes its mean
 * colour. A picture of at most 256 colours keeps them all.
 */
final class Palette {
  private static final int SIZE = 256;

  private final int[] colors;

  private Palette(int[] colors) {
    this.colors = colors;
  }

  /** Chooses the colours for a picture of interleaved 8-bit RGB. */
  static Palette of(byte[] rgb) {
    int[] sorted = new int[rgb.length / 3];
    for (int i = 0; i < sorted.length; i++) {
      sorted[i] =
          (rgb[3 * i] & 0xff) << 16 | (rgb[3 * i + 1] & 0xff) << 8 | (rgb[3 * i + 2] & 0xff);
    }
    Arrays.parallelSort(sorted);
    return new Palette(cut(Histogram.of(sorted)));
  }

  private static int[] cut(Histogram histogram) {
    PriorityQueue<Box> boxes =
        new PriorityQueue<>(
            Comparator.comparingDouble(Box::error).reversed().thenComparingInt(Box::from));
    boxes.add(histogram.box(0, histogram.colors.length));
    while (boxes.size() < SIZE && boxes.peek().error > 0) {
      Box box = boxes.poll();
      int middle = histogram.split(box);
      boxes.add(histogram.box(box.from, middle));
      boxes.add(histogram.box(middle, box.to));
    }
    return boxes.stream().mapToInt(Box::color).sorted().toArray();
  }

  /** Colour {@code index} as 0xRRGGBB. */
  int color(int index) {
    return colors[index];
  }

  int size() {
    return colors.length;
  }

  /** The index of the nearest colour; on a tie the lower one. */
  int nearest(int red, int green, int blue) {
    int best = 0;
    int least = Integer.MAX_VALUE;
    for (int i = 0; i < colors.length; i++) {
      int r = (colors[i] >> 16) - red;
      int g = (colors[i] >> 8 & 0xff) - green;
      int b = (colors[i] & 0xff) - blue;
      int distance = r * r + g * g + b * b;
      if (distance < least) {
        least = distance;
        best = i;
      }
    }
    return best;
  }

  /** Some of the distinct colours: where they lie, their mean, spread and error. */
  private record Box(int from, int to, int color, int widest, double mean, double error) {}

  /** The distinct colours of a picture and how often each occurs. */
  private record Histogram(int[] colors, int[] counts) {

    static Histogram of(int[] sorted) {
      int[] colors = new int[sorted.length];
      int[] counts = new int[sorted.length];
      int size = 0;
      for (int i = 0; i < sorted.length; i++) {
        if (i == 0 || sorted[i] != sorted[i - 1]) {
          colors[size++] = sorted[i];
        }
        counts[size - 1]++;
      }
      return new Histogram(Arrays.copyOf(colors, size), Arrays.copyOf(counts, size));
    }

    Box box(int from, int to) {
      long count = 0;
      long[] sums = new long[3];
      long[] squares = new long[3];
      for (int i = from; i < to; i++) {
        count += counts[i];
        for (int c = 0; c < 3; c++) {
          long value = channel(colors[i], c);
          sums[c] += value * counts[i];
          squares[c] += value * value * counts[i];
        }
      }
      int color = 0;
      int widest = 0;
      double total = 0;
      double most = -1;
      for (int c = 0; c < 3; c++) {
        double error = squares[c] - (double) sums[c] * sums[c] / count;
        total += error;
        if (error > most) {
          most = error;
          widest = c;
        }
        color = color << 8 | (int) Math.round((double) sums[c] / count);
      }
      double mean = (double) sums[widest] / count;
      return new Box(from, to, color, widest, mean, to - from == 1 ? 0 : Math.max(total, 1e-9));
    }

    /** Reorders a box's colours and says where its second half begins; neither half is empty. */
    int split(Box box) {
      int low = box.from;
      int high = box.to - 1;
      while (low <= high) {
        if (channel(colors[low], box.widest) <= box.mean) {
          low++;
        } else {
          swap(low, high--);
        }
      }
      return low;
    }

    private void swap(int i, int j) {
      int color = colors[i];
      colors[i] = colors[j];
      colors[j] = color;
      int count = counts[i];
      counts[i] = counts[j];
      counts[j] = count;
    }

    private static int channel(int color, int c) {
      return color >> (16 - 8 * c) & 0xff;
    }
  }
}
