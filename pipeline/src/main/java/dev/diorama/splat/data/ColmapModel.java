package dev.diorama.splat.data;

import dev.diorama.CameraModel;
import java.util.Arrays;
import java.util.List;

/**
 * COLMAP's camera models by their numbers (src/colmap/sensor/models.h): what their parameters are,
 * and which of them our kernels draw after undistortion.
 *
 * @param name as COLMAP writes it into text files
 * @param parameters how many
 */
record ColmapModel(String name, int parameters) {
  /** The index is COLMAP's number. */
  private static final List<ColmapModel> ALL =
      List.of(
          new ColmapModel("SIMPLE_PINHOLE", 3),
          new ColmapModel("PINHOLE", 4),
          new ColmapModel("SIMPLE_RADIAL", 4),
          new ColmapModel("RADIAL", 5),
          new ColmapModel("OPENCV", 8),
          new ColmapModel("OPENCV_FISHEYE", 8),
          new ColmapModel("FULL_OPENCV", 12),
          new ColmapModel("FOV", 5),
          new ColmapModel("SIMPLE_RADIAL_FISHEYE", 4),
          new ColmapModel("RADIAL_FISHEYE", 5),
          new ColmapModel("THIN_PRISM_FISHEYE", 12));

  /** The model of a number, or null. */
  static ColmapModel of(int id) {
    return id >= 0 && id < ALL.size() ? ALL.get(id) : null;
  }

  /** The model of a name, or null. */
  static ColmapModel of(String name) {
    return ALL.stream().filter(model -> model.name.equals(name)).findFirst().orElse(null);
  }

  /** The lens, or null where the model cannot be drawn. */
  Lens lens(int width, int height, double[] p) {
    boolean oneFocal = name.startsWith("SIMPLE") || name.startsWith("RADIAL");
    int next = oneFocal ? 1 : 2;
    boolean fisheye = name.endsWith("FISHEYE");
    Lens ideal =
        Lens.ideal(
            fisheye ? CameraModel.FISHEYE : CameraModel.PINHOLE,
            width,
            height,
            p[0],
            p[next - 1],
            p[next],
            p[next + 1]);
    double[] rest = Arrays.copyOfRange(p, next + 2, p.length);
    double[] none = {};
    return switch (name) {
      case "SIMPLE_PINHOLE", "PINHOLE" -> ideal;
      case "SIMPLE_RADIAL", "RADIAL", "SIMPLE_RADIAL_FISHEYE", "RADIAL_FISHEYE", "OPENCV_FISHEYE" ->
          ideal.distorted(rest, none, 0, 0);
      case "OPENCV" -> ideal.distorted(Arrays.copyOf(rest, 2), none, rest[2], rest[3]);
      case "FULL_OPENCV" ->
          ideal.distorted(
              new double[] {rest[0], rest[1], rest[4]},
              Arrays.copyOfRange(rest, 5, 8),
              rest[2],
              rest[3]);
      default -> null;
    };
  }
}
