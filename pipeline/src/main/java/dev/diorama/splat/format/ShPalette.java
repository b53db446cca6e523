package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A palette of spherical harmonics above degree 0. A scene that is small enough keeps all of its
 * own; a larger one is clustered by a tree of k-means, each node of at most 256 centroids, as the
 * flat kind would compare every Gaussian with every entry.
 *
 * @param entries the palette, each [3 (K - 1)]: coefficient first, then red, green, blue
 * @param labels [N] the entry of each Gaussian
 */
record ShPalette(List<float[]> entries, int[] labels) {

  /** As many as 16 bits can name. */
  static final int MAX_ENTRIES = 65536;

  private static final int FLAT = 256;

  private record Node(int[] members, int budget) {}

  /** A node either is done, with centroids and labels of its members, or has children. */
  private record Result(Node node, KMeans means, int[] labels, List<Node> children) {}

  /**
   * Makes the palette of a scene.
   *
   * @param scene of degree 1 or higher, its coefficients finite
   * @param maxEntries 1 to 65536
   * @return the palette
   */
  static ShPalette of(Gaussians scene, int maxEntries) {
    int stride = 3 * scene.coefficients();
    KMeans.Rows rows = new KMeans.Rows(scene.sh(), stride, 3, stride - 3);
    int n = scene.count();
    List<float[]> entries = new ArrayList<>(Math.min(n, maxEntries));
    int[] labels = new int[n];
    if (n <= maxEntries) {
      for (int i = 0; i < n; i++) {
        entries.add(Arrays.copyOfRange(scene.sh(), i * stride + 3, (i + 1) * stride));
        labels[i] = i;
      }
      return new ShPalette(entries, labels);
    }
    List<Node> level = List.of(new Node(IntStream.range(0, n).toArray(), maxEntries));
    while (!level.isEmpty()) {
      List<Result> results = level.stream().parallel().map(node -> split(rows, node)).toList();
      level = new ArrayList<>();
      for (Result result : results) {
        if (result.children().isEmpty()) {
          collect(result, entries, labels);
        }
        level.addAll(result.children());
      }
    }
    return new ShPalette(entries, labels);
  }

  private static Result split(KMeans.Rows rows, Node node) {
    int k =
        node.budget() <= FLAT
            ? node.budget()
            : Math.min(FLAT, (node.budget() + FLAT - 1) / FLAT * 2);
    int[] members = node.members();
    KMeans means = KMeans.train(rows, members, k, members[0]);
    int[] labels = new int[members.length];
    means.assign(rows, members, labels);
    int[] sizes = new int[means.count()];
    for (int label : labels) {
      sizes[label]++;
    }
    boolean whole = IntStream.of(sizes).anyMatch(size -> size == members.length);
    if (node.budget() <= FLAT || whole) {
      return new Result(node, means, labels, List.of());
    }
    return new Result(node, means, labels, children(node, labels, sizes));
  }

  /** Each child may have a share of the entries as large as its share of the Gaussians. */
  private static List<Node> children(Node node, int[] labels, int[] sizes) {
    int[][] groups = new int[sizes.length][];
    for (int c = 0; c < sizes.length; c++) {
      groups[c] = new int[sizes[c]];
    }
    int[] filled = new int[sizes.length];
    for (int i = 0; i < labels.length; i++) {
      groups[labels[i]][filled[labels[i]]++] = node.members()[i];
    }
    int used = 0;
    for (int size : sizes) {
      used += size > 0 ? 1 : 0;
    }
    List<Node> children = new ArrayList<>();
    for (int[] group : groups) {
      if (group.length > 0) {
        long share = (long) (node.budget() - used) * group.length / labels.length;
        children.add(new Node(group, (int) Math.min(group.length, 1 + share)));
      }
    }
    return children;
  }

  private static void collect(Result result, List<float[]> entries, int[] labels) {
    int first = entries.size();
    for (int c = 0; c < result.means().count(); c++) {
      entries.add(result.means().centroid(c));
    }
    for (int i = 0; i < result.labels().length; i++) {
      labels[result.node().members()[i]] = first + result.labels()[i];
    }
  }
}
