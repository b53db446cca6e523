package dev.diorama.splat.format;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * K-means over rows of a matrix by Lloyd's iteration. Centroids are kept column by column, so that
 * the innermost loop runs over them and the compiler turns it into SIMD.
 */
final class KMeans {
  private static final int ITERATIONS = 6;
  private static final int SAMPLES_PER_CENTROID = 16;
  private static final int CHUNK = 4096;

  private final int dimension;
  private final int count;
  private final float[] columns;

  private KMeans(int dimension, int count) {
    this.dimension = dimension;
    this.count = count;
    this.columns = new float[dimension * count];
  }

  /**
   * Rows of a matrix.
   *
   * @param values where they lie
   * @param stride from one row to the next
   * @param offset of the first value within a row
   * @param dimension values of a row
   */
  record Rows(float[] values, int stride, int offset, int dimension) {
    float at(int row, int d) {
      return values[row * stride + offset + d];
    }
  }

  /**
   * Finds centroids.
   *
   * @param rows the matrix
   * @param members which rows count; not changed
   * @param k how many centroids are wanted, at least 1
   * @param seed of the choice of the first centroids and of the sample
   * @return at most k centroids, fewer when the rows seen hardly differ
   */
  static KMeans train(Rows rows, int[] members, int k, long seed) {
    Random random = new Random(seed);
    int[] sample =
        sample(members, (int) Math.min(members.length, (long) k * SAMPLES_PER_CENTROID), random);
    KMeans means = start(rows, sample, k);
    int[] labels = new int[sample.length];
    for (int i = 0; i < ITERATIONS; i++) {
      means.assign(rows, sample, labels);
      means.update(rows, sample, labels);
    }
    return means;
  }

  /** The first of a random order, all of them in it when the size is that of the members. */
  private static int[] sample(int[] members, int size, Random random) {
    int[] order = members.clone();
    for (int i = 0; i < size; i++) {
      int j = i + random.nextInt(order.length - i);
      int swap = order[i];
      order[i] = order[j];
      order[j] = swap;
    }
    return Arrays.copyOf(order, size);
  }

  /** Takes the first rows of the sample that differ from each other. */
  private static KMeans start(Rows rows, int[] sample, int k) {
    int[] chosen = new int[Math.min(k, sample.length)];
    Set<Integer> seen = new HashSet<>();
    int count = 0;
    for (int i = 0; i < sample.length && count < chosen.length; i++) {
      int from = sample[i] * rows.stride() + rows.offset();
      int hash = 1;
      for (int d = 0; d < rows.dimension(); d++) {
        hash = 31 * hash + Float.floatToIntBits(rows.values()[from + d]);
      }
      if (seen.add(hash)) {
        chosen[count++] = sample[i];
      }
    }
    KMeans means = new KMeans(rows.dimension(), count);
    for (int d = 0; d < rows.dimension(); d++) {
      for (int c = 0; c < count; c++) {
        means.columns[d * count + c] = rows.at(chosen[c], d);
      }
    }
    return means;
  }

  /**
   * Finds the closest centroid of each row, on all threads.
   *
   * @param rows the matrix
   * @param members which rows count
   * @param labels [members] filled with indices of centroids
   */
  void assign(Rows rows, int[] members, int[] labels) {
    int chunks = (members.length + CHUNK - 1) / CHUNK;
    IntStream.range(0, chunks)
        .parallel()
        .forEach(chunk -> {
          float[] distances = new float[count];
          int end = Math.min(members.length, (chunk + 1) * CHUNK);
          for (int i = chunk * CHUNK; i < end; i++) {
            labels[i] = nearest(rows, members[i], distances);
          }
        });
  }

  private int nearest(Rows rows, int row, float[] distances) {
    Arrays.fill(distances, 0);
    for (int d = 0; d < dimension; d++) {
      addSquares(distances, columns, d * count, rows.at(row, d));
    }
    int best = 0;
    for (int c = 1; c < count; c++) {
      if (distances[c] < distances[best]) {
        best = c;
      }
    }
    return best;
  }

  private static void addSquares(float[] sums, float[] column, int from, float value) {
    for (int c = 0; c < sums.length; c++) {
      float difference = column[from + c] - value;
      sums[c] += difference * difference;
    }
  }

  /** Moves each centroid to the mean of its rows; one without rows stays. */
  private void update(Rows rows, int[] members, int[] labels) {
    double[] sums = new double[dimension * count];
    int[] sizes = new int[count];
    for (int i = 0; i < members.length; i++) {
      sizes[labels[i]]++;
      for (int d = 0; d < dimension; d++) {
        sums[d * count + labels[i]] += rows.at(members[i], d);
      }
    }
    for (int c = 0; c < count; c++) {
      for (int d = 0; d < dimension && sizes[c] > 0; d++) {
        columns[d * count + c] = (float) (sums[d * count + c] / sizes[c]);
      }
    }
  }

  /**
   * How many centroids there are.
   *
   * @return at least 1
   */
  int count() {
    return count;
  }

  /**
   * One centroid.
   *
   * @param centroid its index
   * @return [dimension]
   */
  float[] centroid(int centroid) {
    float[] values = new float[dimension];
    for (int d = 0; d < dimension; d++) {
      values[d] = columns[d * count + centroid];
    }
    return values;
  }
}
