package dev.diorama.splat.format;

import dev.diorama.media.LosslessWebp.Image;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Pattern;

/** Reads .sog of version 2, and of version 1, which has ranges where 2 has codebooks. */
final class SogReader {
  private static final long MAX_META = 1 << 22;

  /** A palette has 64 entries in a row of its image. */
  private static final int ENTRIES_IN_ROW = 64;

  /**
   * How many Gaussians a byte may stand for. Real scenes need about ten bytes for one; what is
   * denser than this is made to fill memory.
   */
  private static final long MAX_PER_BYTE = 64;

  private static final Pattern FILE_NAME = Pattern.compile("[^./\\\\:\0][^/\\\\:\0]*");
  private static final long SMALL = 1 << 16;

  private final SogFiles files;
  private final SceneJson meta;
  private final boolean first;
  private final SogImages images;
  private final Gaussians scene;

  private SogReader(SogFiles files) throws IOException {
    this.files = files;
    this.meta = SceneJson.parse(files.name(SogFiles.META), files.bytes(SogFiles.META, MAX_META));
    this.first = !meta.has("/version");
    if (!first) {
      meta.integer("/version", 2, 2);
    }
    int count = (int) meta.integer(first ? "/means/shape/0" : "/count", 1, Integer.MAX_VALUE);
    this.images = new SogImages(files, count);
    if (count > SMALL + MAX_PER_BYTE * files.size()) {
      throw new SceneException(
          "%s claims %d Gaussians, which cannot be in the scene's %d bytes"
              .formatted(files.name(SogFiles.META), count, files.size()));
    }
    Image centroids = meta.has("/shN") ? centroids() : null;
    int degree = centroids == null ? 0 : degree(centroids);
    this.scene = SceneFiles.allocate(Path.of(files.name(SogFiles.META)), count, degree);
    if (centroids != null) {
      readHigherSh(centroids);
    }
  }

  /**
   * Reads a scene.
   *
   * @param files where it is
   * @return the scene
   * @throws IOException when something is missing, damaged or absurd
   */
  static Gaussians read(SogFiles files) throws IOException {
    SogReader reader = new SogReader(files);
    reader.readMeans();
    reader.readQuats();
    reader.readScales();
    reader.readColours();
    return reader.scene;
  }

  /** The name of an image, which lies beside meta.json and nowhere else. */
  private String file(String group, int index) throws SceneException {
    return meta.text("/" + group + "/files/" + index, FILE_NAME, "the name of a file beside it");
  }

  private void readMeans() throws IOException {
    byte[] low = images.perGaussian(file("means", 0));
    byte[] high = images.perGaussian(file("means", 1));
    double[] mins = meta.numbers("/means/mins", 3, 3);
    double[] maxs = meta.numbers("/means/maxs", 3, 3);
    for (int i = 0; i < scene.count(); i++) {
      for (int axis = 0; axis < 3; axis++) {
        int level = low[4 * i + axis] & 255 | (high[4 * i + axis] & 255) << 8;
        double at = mins[axis] + (maxs[axis] - mins[axis]) * level / 65535;
        scene.means()[3 * i + axis] = (float) (Math.signum(at) * Math.expm1(Math.abs(at)));
      }
    }
  }

  /** The three smallest components times sqrt(2); the largest is positive and follows. */
  private void readQuats() throws IOException {
    byte[] pixels = images.perGaussian(file("quats", 0));
    float[] quats = scene.quats();
    for (int i = 0; i < scene.count(); i++) {
      int largest = (pixels[4 * i + 3] & 255) - SogWriter.QUAT_TAG;
      if (largest < 0) {
        throw new SceneException(
            "%s has the tag %d at Gaussian %d, expected 252 to 255"
                .formatted(files.name(file("quats", 0)), pixels[4 * i + 3] & 255, i));
      }
      double rest = 1;
      for (int c = 0, from = 0; c < 4; c++) {
        if (c != largest) {
          double value = ((pixels[4 * i + from++] & 255) / 127.5 - 1) * Math.sqrt(0.5);
          quats[4 * i + c] = (float) value;
          rest -= value * value;
        }
      }
      quats[4 * i + largest] = (float) Math.sqrt(Math.max(0, rest));
    }
  }

  private void readScales() throws IOException {
    byte[] pixels = images.perGaussian(file("scales", 0));
    float[][] levels = levels("scales", 3);
    for (int i = 0; i < scene.count(); i++) {
      for (int axis = 0; axis < 3; axis++) {
        scene.logScales()[3 * i + axis] = levels[axis][pixels[4 * i + axis] & 255];
      }
    }
  }

  private void readColours() throws IOException {
    byte[] pixels = images.perGaussian(file("sh0", 0));
    float[][] levels = levels("sh0", first ? 4 : 3);
    int stride = 3 * scene.coefficients();
    for (int i = 0; i < scene.count(); i++) {
      for (int c = 0; c < 3; c++) {
        scene.sh()[stride * i + c] = levels[c][pixels[4 * i + c] & 255];
      }
      byte alpha = pixels[4 * i + 3];
      scene.logitOpacities()[i] = first ? levels[3][alpha & 255] : Units.logit(alpha);
    }
  }

  /** What each byte of each channel stands for. */
  private float[][] levels(String group, int channels) throws SceneException {
    float[][] levels = new float[channels][Codebook.SIZE];
    if (!first) {
      double[] codebook = meta.numbers("/" + group + "/codebook", Codebook.SIZE, Codebook.SIZE);
      for (int i = 0; i < Codebook.SIZE; i++) {
        levels[0][i] = (float) codebook[i];
      }
      Arrays.fill(levels, levels[0]);
      return levels;
    }
    double[] mins = meta.numbers("/" + group + "/mins", channels, channels);
    double[] maxs = meta.numbers("/" + group + "/maxs", channels, channels);
    for (int c = 0; c < channels; c++) {
      levels[c] = range(mins[c], maxs[c]);
    }
    return levels;
  }

  private static float[] range(double min, double max) {
    float[] levels = new float[Codebook.SIZE];
    for (int i = 0; i < levels.length; i++) {
      levels[i] = (float) (min + (max - min) * i / (levels.length - 1));
    }
    return levels;
  }

  private Image centroids() throws IOException {
    long widest = ENTRIES_IN_ROW * (Gaussians.coefficients(Gaussians.MAX_SH_DEGREE) - 1L);
    return images.decode(file("shN", 0), widest * ShPalette.MAX_ENTRIES / ENTRIES_IN_ROW);
  }

  /** Version 1 tells the degree by nothing but the width; in version 2 both must agree. */
  private int degree(Image centroids) throws SceneException {
    int from = first ? 1 : (int) meta.integer("/shN/bands", 1, Gaussians.MAX_SH_DEGREE);
    int to = first ? Gaussians.MAX_SH_DEGREE : from;
    for (int degree = from; degree <= to; degree++) {
      if (centroids.width() == ENTRIES_IN_ROW * (Gaussians.coefficients(degree) - 1)) {
        return degree;
      }
    }
    throw new SceneException(
        "%s is %d pixels wide, expected 64 for each coefficient: %s"
            .formatted(
                files.name(file("shN", 0)),
                centroids.width(),
                first ? "192, 512 or 960" : ENTRIES_IN_ROW * (Gaussians.coefficients(from) - 1)));
  }

  private void readHigherSh(Image centroids) throws IOException {
    int coefficients = scene.coefficients() - 1;
    int entries = centroids.height() * ENTRIES_IN_ROW;
    if (!first) {
      entries = (int) meta.integer("/shN/count", 1, entries);
    }
    float[] levels =
        first ? range(meta.number("/shN/mins"), meta.number("/shN/maxs")) : levels("shN", 1)[0];
    byte[] labels = images.perGaussian(file("shN", 1));
    float[] sh = scene.sh();
    for (int i = 0; i < scene.count(); i++) {
      int label = labels[4 * i] & 255 | (labels[4 * i + 1] & 255) << 8;
      if (label >= entries) {
        throw new SceneException(
            "%s names entry %d of a palette of %d at Gaussian %d"
                .formatted(files.name(file("shN", 1)), label, entries, i));
      }
      int from = 4 * coefficients * label;
      int to = 3 * (coefficients + 1) * i + 3;
      for (int k = 0; k < coefficients; k++) {
        for (int c = 0; c < 3; c++) {
          sh[to + 3 * k + c] = levels[centroids.rgba()[from + 4 * k + c] & 255];
        }
      }
    }
  }
}
