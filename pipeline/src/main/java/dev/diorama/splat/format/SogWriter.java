package dev.diorama.splat.format;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.diorama.media.LosslessWebp;
import dev.diorama.media.LosslessWebp.Image;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import dev.diorama.splat.SpatialOrder;
import java.io.IOException;
import java.util.List;

/**
 * Turns a scene into the files of a .sog of version 2. Positions lose all but 16 bits of their
 * logarithm's range in the scene, rotations, opacities and everything with a codebook all but 8.
 */
final class SogWriter {

  /** What stands in alpha when the first component of a quaternion is the largest. */
  static final int QUAT_TAG = 252;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int BLOCK = 4;
  private static final int ENTRIES_IN_ROW = 64;

  /** Where the files go. */
  interface Sink {
    /**
     * Takes one file.
     *
     * @param name without folders
     * @param bytes all of it
     * @throws IOException when it cannot be written
     */
    void accept(String name, byte[] bytes) throws IOException;
  }

  private final Gaussians scene;
  private final Sink sink;
  private final int width;
  private final int height;
  private final ObjectNode meta = JSON.createObjectNode();
  private int[] order;

  private SogWriter(Gaussians scene, Sink sink) {
    this.scene = scene;
    this.sink = sink;
    this.width = (int) Math.ceil(Math.sqrt(scene.count()) / BLOCK) * BLOCK;
    this.height = (int) Math.ceil(scene.count() / (double) width / BLOCK) * BLOCK;
  }

  /**
   * Writes all files, meta.json last.
   *
   * @param scene at least one Gaussian, at most 16383 x 16383, positions, rotations and colours
   *     finite
   * @param sink where to
   * @throws IOException when the scene cannot be written in this format, or the sink fails
   */
  static void write(Gaussians scene, Sink sink) throws IOException {
    SceneChecks.finite(scene, ".sog");
    SogWriter writer = new SogWriter(scene, sink);
    if (Math.max(writer.width, writer.height) > LosslessWebp.MAX_SIDE) {
      throw new SceneException(
          "a .sog holds at most %d x %d Gaussians, the scene has %d"
              .formatted(LosslessWebp.MAX_SIDE, LosslessWebp.MAX_SIDE, scene.count()));
    }
    writer.meta.put("version", 2);
    writer.meta.putObject("asset").put("generator", "Diorama");
    writer.meta.put("count", scene.count());
    writer.writeMeans();
    writer.writeScales();
    writer.writeQuats();
    writer.writeColours();
    if (scene.shDegree() > 0) {
      writer.writeHigherSh();
    }
    sink.accept(SogFiles.META, JSON.writeValueAsBytes(writer.meta));
  }

  private void writeMeans() throws IOException {
    int n = scene.count();
    double[] mins = new double[3];
    double[] maxs = new double[3];
    char[] cells = new char[3 * n];
    for (int axis = 0; axis < 3; axis++) {
      mins[axis] = Double.POSITIVE_INFINITY;
      maxs[axis] = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < n; i++) {
        double at = logarithm(scene.means()[3 * i + axis]);
        mins[axis] = Math.min(mins[axis], at);
        maxs[axis] = Math.max(maxs[axis], at);
      }
      double scale = maxs[axis] > mins[axis] ? 65535 / (maxs[axis] - mins[axis]) : 0;
      for (int i = 0; i < n; i++) {
        double at = logarithm(scene.means()[3 * i + axis]);
        cells[3 * i + axis] = (char) Math.round((at - mins[axis]) * scale);
      }
    }
    order = SpatialOrder.of(scene.means());
    byte[] low = pixels();
    byte[] high = pixels();
    for (int p = 0; p < n; p++) {
      for (int axis = 0; axis < 3; axis++) {
        char cell = cells[3 * order[p] + axis];
        low[4 * p + axis] = (byte) cell;
        high[4 * p + axis] = (byte) (cell >> 8);
      }
      low[4 * p + 3] = (byte) 255;
      high[4 * p + 3] = (byte) 255;
    }
    ObjectNode node = meta.putObject("means");
    node.set("mins", JSON.valueToTree(mins));
    node.set("maxs", JSON.valueToTree(maxs));
    files(node, "means_l.webp", "means_u.webp");
    image("means_l.webp", low);
    image("means_u.webp", high);
  }

  private static double logarithm(float x) {
    return Math.signum(x) * Math.log1p(Math.abs((double) x));
  }

  private void writeScales() throws IOException {
    float[] scales = scene.logScales().clone();
    for (int i = 0; i < scales.length; i++) {
      scales[i] = SceneChecks.finiteLogScale(scales[i]);
    }
    Codebook codebook = Codebook.of(scales);
    byte[] pixels = pixels();
    for (int p = 0; p < order.length; p++) {
      for (int axis = 0; axis < 3; axis++) {
        pixels[4 * p + axis] = (byte) codebook.nearest(scales[3 * order[p] + axis]);
      }
      pixels[4 * p + 3] = (byte) 255;
    }
    ObjectNode node = meta.putObject("scales");
    node.set("codebook", JSON.valueToTree(codebook.levels()));
    files(node, "scales.webp");
    image("scales.webp", pixels);
  }

  private void writeQuats() throws IOException {
    byte[] pixels = pixels();
    double[] q = new double[4];
    for (int p = 0; p < order.length; p++) {
      Quaternions.normalised(scene.quats(), order[p], q);
      int largest = Quaternions.largest(q);
      // The same rotation either way; the largest component is not stored and shall be positive.
      double sign = q[largest] < 0 ? -1 : 1;
      for (int c = 0, to = 0; c < 4; c++) {
        if (c != largest) {
          pixels[4 * p + to++] = (byte) Math.round((sign * q[c] * Math.sqrt(2) + 1) * 127.5);
        }
      }
      pixels[4 * p + 3] = (byte) (QUAT_TAG + largest);
    }
    files(meta.putObject("quats"), "quats.webp");
    image("quats.webp", pixels);
  }

  private void writeColours() throws IOException {
    int stride = 3 * scene.coefficients();
    float[] colours = new float[3 * scene.count()];
    for (int i = 0; i < scene.count(); i++) {
      System.arraycopy(scene.sh(), stride * i, colours, 3 * i, 3);
    }
    Codebook codebook = Codebook.of(colours);
    byte[] pixels = pixels();
    for (int p = 0; p < order.length; p++) {
      for (int c = 0; c < 3; c++) {
        pixels[4 * p + c] = (byte) codebook.nearest(colours[3 * order[p] + c]);
      }
      pixels[4 * p + 3] = (byte) Units.opacity(scene.logitOpacities()[order[p]]);
    }
    ObjectNode node = meta.putObject("sh0");
    node.set("codebook", JSON.valueToTree(codebook.levels()));
    files(node, "sh0.webp");
    image("sh0.webp", pixels);
  }

  private void writeHigherSh() throws IOException {
    ShPalette palette = ShPalette.of(scene, ShPalette.MAX_ENTRIES);
    List<float[]> entries = palette.entries();
    int values = entries.get(0).length;
    float[] all = new float[entries.size() * values];
    for (int e = 0; e < entries.size(); e++) {
      System.arraycopy(entries.get(e), 0, all, e * values, values);
    }
    Codebook codebook = Codebook.of(all);
    int rows = (entries.size() + ENTRIES_IN_ROW - 1) / ENTRIES_IN_ROW;
    int columns = ENTRIES_IN_ROW * values / 3;
    byte[] centroids = new byte[4 * rows * columns];
    for (int i = 0; i < all.length; i++) {
      centroids[i / 3 * 4 + i % 3] = (byte) codebook.nearest(all[i]);
      centroids[i / 3 * 4 + 3] = (byte) 255;
    }
    byte[] labels = pixels();
    for (int p = 0; p < order.length; p++) {
      int label = palette.labels()[order[p]];
      labels[4 * p] = (byte) label;
      labels[4 * p + 1] = (byte) (label >> 8);
      labels[4 * p + 3] = (byte) 255;
    }
    ObjectNode node = meta.putObject("shN");
    node.put("count", entries.size());
    node.put("bands", scene.shDegree());
    node.set("codebook", JSON.valueToTree(codebook.levels()));
    files(node, "shN_centroids.webp", "shN_labels.webp");
    sink.accept("shN_centroids.webp", LosslessWebp.encode(new Image(columns, rows, centroids)));
    image("shN_labels.webp", labels);
  }

  private byte[] pixels() {
    return new byte[4 * width * height];
  }

  private void image(String name, byte[] pixels) throws IOException {
    sink.accept(name, LosslessWebp.encode(new Image(width, height, pixels)));
  }

  private static void files(ObjectNode node, String... names) {
    node.set("files", JSON.valueToTree(names));
  }
}
