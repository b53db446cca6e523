package dev.diorama.splat;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Distances to the nearest neighbours of many points in space, by a k-d tree (Bentley 1975): about
 * n log n steps however the points lie. Points in the same place count once, so that copies do not
 * make a distance 0.
 */
public final class NearestNeighbours {
  private static final int LEAF = 8;
  private static final int AXES = 3;
  private static final int MOST_NEIGHBOURS = 16;

  /** Distinct points in the order of the tree: a node's are one range. */
  private final float[] places;

  private final int count;

  /** For each input point, its place in {@link #places}. */
  private final int[] placeOf;

  private NearestNeighbours(float[] positions) {
    int[] distinct = new int[positions.length / AXES];
    int[] first = firstOfEach(positions, distinct);
    count = first.length;
    int[] order = IntStream.range(0, count).toArray();
    float[] unordered = new float[AXES * count];
    for (int i = 0; i < count; i++) {
      System.arraycopy(positions, AXES * first[i], unordered, AXES * i, AXES);
    }
    build(unordered, order, 0, count, 0);
    places = new float[AXES * count];
    int[] rank = new int[count];
    for (int i = 0; i < count; i++) {
      System.arraycopy(unordered, AXES * order[i], places, AXES * i, AXES);
      rank[order[i]] = i;
    }
    placeOf = distinct;
    for (int i = 0; i < placeOf.length; i++) {
      placeOf[i] = rank[placeOf[i]];
    }
  }

  /**
   * The mean distance of each point to its nearest neighbours in other places.
   *
   * @param positions [N, 3], finite
   * @param neighbours how many, 1 to 16; fewer count where there are not that many places
   * @return [N]; 0 where all points are in one place
   * @throws IllegalArgumentException when the arguments do not fit
   */
  public static float[] meanDistances(float[] positions, int neighbours) {
    if (positions.length % AXES != 0 || neighbours < 1 || neighbours > MOST_NEIGHBOURS) {
      throw new IllegalArgumentException(
          "%d coordinates and %d neighbours, expected a multiple of 3 and 1 to %d"
              .formatted(positions.length, neighbours, MOST_NEIGHBOURS));
    }
    NearestNeighbours tree = new NearestNeighbours(positions);
    float[] means = new float[tree.count];
    IntStream.range(0, tree.count)
        .parallel()
        .forEach(i -> means[i] = tree.meanDistance(i, neighbours));
    float[] result = new float[tree.placeOf.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = means[tree.placeOf[i]];
    }
    return result;
  }

  /** Numbers the distinct places; returns the first point of each. */
  private static int[] firstOfEach(float[] positions, int[] placeOfPoint) {
    int n = placeOfPoint.length;
    int mask = Math.max(Integer.highestOneBit(Math.max(n, 1)) * 4, 16) - 1;
    int[] slots = new int[mask + 1];
    int[] first = new int[n];
    int found = 0;
    for (int i = 0; i < n; i++) {
      int slot = hash(positions, i) & mask;
      while (slots[slot] != 0 && !same(positions, first[slots[slot] - 1], i)) {
        slot = slot + 1 & mask;
      }
      if (slots[slot] == 0) {
        first[found++] = i;
        slots[slot] = found;
      }
      placeOfPoint[i] = slots[slot] - 1;
    }
    return Arrays.copyOf(first, found);
  }

  private static int hash(float[] positions, int point) {
    int hash = 1;
    for (int axis = 0; axis < AXES; axis++) {
      // Adding 0 turns -0 into 0, which is the same place.
      hash = (hash ^ Float.floatToIntBits(positions[AXES * point + axis] + 0f)) * 0x9E3779B1;
      hash ^= hash >>> 15;
    }
    return hash;
  }

  private static boolean same(float[] positions, int a, int b) {
    return positions[AXES * a] == positions[AXES * b]
        && positions[AXES * a + 1] == positions[AXES * b + 1]
        && positions[AXES * a + 2] == positions[AXES * b + 2];
  }

  /** Orders a range so that its middle splits it along an axis, then both halves likewise. */
  private static void build(float[] points, int[] order, int from, int to, int depth) {
    if (to - from <= LEAF) {
      return;
    }
    int middle = (from + to) >>> 1;
    select(points, order, from, to - 1, middle, depth % AXES);
    build(points, order, from, middle, depth + 1);
    build(points, order, middle + 1, to, depth + 1);
  }

  /** Hoare's selection: what belongs at `middle` goes there, smaller before it, larger behind. */
  private static void select(
      float[] points, int[] order, int first, int last, int middle, int axis) {
    int low = first;
    int high = last;
    while (low < high) {
      float pivot = points[AXES * order[(low + high) >>> 1] + axis];
      int i = low;
      int j = high;
      while (i <= j) {
        while (points[AXES * order[i] + axis] < pivot) {
          i++;
        }
        while (points[AXES * order[j] + axis] > pivot) {
          j--;
        }
        if (i <= j) {
          int swapped = order[i];
          order[i++] = order[j];
          order[j--] = swapped;
        }
      }
      if (middle <= j) {
        high = j;
      } else if (middle >= i) {
        low = i;
      } else {
        return;
      }
    }
  }

  private float meanDistance(int point, int neighbours) {
    float[] nearest = new float[neighbours];
    Arrays.fill(nearest, Float.POSITIVE_INFINITY);
    search(point, 0, count, 0, nearest);
    double sum = 0;
    int found = 0;
    while (found < neighbours && nearest[found] < Float.POSITIVE_INFINITY) {
      sum += Math.sqrt(nearest[found++]);
    }
    return found == 0 ? 0 : (float) (sum / found);
  }

  private void search(int point, int from, int to, int depth, float[] nearest) {
    if (to - from <= LEAF) {
      for (int i = from; i < to; i++) {
        visit(point, i, nearest);
      }
      return;
    }
    int middle = (from + to) >>> 1;
    int axis = depth % AXES;
    visit(point, middle, nearest);
    float away = places[AXES * point + axis] - places[AXES * middle + axis];
    // The point need not be in this range: its coordinate, not its index, says which side is near.
    boolean before = away < 0;
    if (before) {
      search(point, from, middle, depth + 1, nearest);
    } else {
      search(point, middle + 1, to, depth + 1, nearest);
    }
    if (away * away < nearest[nearest.length - 1]) {
      if (before) {
        search(point, middle + 1, to, depth + 1, nearest);
      } else {
        search(point, from, middle, depth + 1, nearest);
      }
    }
  }

  /** Keeps the squared distance if it is among the smallest, which are in order. */
  private void visit(int point, int other, float[] nearest) {
    if (other == point) {
      return;
    }
    float x = places[AXES * point] - places[AXES * other];
    float y = places[AXES * point + 1] - places[AXES * other + 1];
    float z = places[AXES * point + 2] - places[AXES * other + 2];
    float distance = x * x + y * y + z * z;
    int at = nearest.length - 1;
    if (!(distance < nearest[at])) {
      return;
    }
    while (at > 0 && nearest[at - 1] > distance) {
      nearest[at] = nearest[at - 1];
      at--;
    }
    nearest[at] = distance;
  }
}
