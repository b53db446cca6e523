package dev.diorama.splat.data;

import dev.diorama.CameraModel;
import dev.diorama.splat.Camera;
import dev.diorama.splat.Poses;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A cloud of points with cameras in NumPy's .npz, as gsplat's tests have their garden: {@code
 * means3d} [N, 3] and {@code colors} [N, 3] (bytes to 255, or floats to 1); {@code viewmats} [C, 4,
 * 4] world to camera in OpenCV's axes, {@code Ks} [C, 3, 3] pinholes, {@code width} and {@code
 * height} of all pictures.
 */
final class NpzCapture {

  private NpzCapture() {}

  /** The points. */
  static PointCloud points(Path file) throws IOException {
    try (Npz npz = Npz.open(file)) {
      Npz.Values places = npz.values("means3d", 2);
      Npz.Values colours = npz.values("colors", 2);
      boolean rows = places.shape()[1] == 3 && colours.shape()[1] == 3;
      if (!rows || places.shape()[0] != colours.shape()[0]) {
        throw new SceneException(
            "%s: means3d has %dx%d numbers and colors %dx%d, expected three of each a point"
                .formatted(
                    file,
                    places.shape()[0],
                    places.shape()[1],
                    colours.shape()[0],
                    colours.shape()[1]));
      }
      float[] positions = new float[places.size()];
      byte[] rgb = new byte[positions.length];
      double scale = colours.isInteger() ? 1 : 255;
      for (int i = 0; i < positions.length; i++) {
        positions[i] = (float) places.get(i);
        rgb[i] = (byte) Math.round(Math.clamp(colours.get(i) * scale, 0.0, 255.0));
      }
      return ColmapBinary.finite(positions, rgb);
    }
  }

  /** Whether there are cameras. */
  static boolean hasCameras(Path file) throws IOException {
    try (Npz npz = Npz.open(file)) {
      return npz.has("viewmats") && npz.has("Ks");
    }
  }

  /** The cameras. */
  static List<Camera> cameras(Path file) throws IOException {
    try (Npz npz = Npz.open(file)) {
      Npz.Values views = npz.values("viewmats", 3);
      Npz.Values ks = npz.values("Ks", 3);
      boolean square = views.shape()[1] == 4 && views.shape()[2] == 4 && ks.shape()[1] == 3;
      if (!square || ks.shape()[2] != 3 || views.shape()[0] != ks.shape()[0] || ks.size() == 0) {
        throw npz.wrong("viewmats", "expected [C, 4, 4], and Ks [C, 3, 3], of at least one camera");
      }
      int width = side(npz, "width");
      int height = side(npz, "height");
      List<Camera> cameras = new ArrayList<>();
      for (int c = 0; c < views.shape()[0]; c++) {
        cameras.add(camera(npz, views, ks, c, width, height));
      }
      return cameras;
    }
  }

  private static Camera camera(
      Npz npz, Npz.Values views, Npz.Values ks, int c, int width, int height)
      throws SceneException {
    double[] view = new double[16];
    for (int i = 0; i < 16; i++) {
      view[i] = views.get(16 * c + i);
    }
    double skew = Math.abs(ks.get(9 * c + 1)) + Math.abs(ks.get(9 * c + 3));
    Lens lens =
        Lens.ideal(
            CameraModel.PINHOLE,
            width,
            height,
            ks.get(9 * c),
            ks.get(9 * c + 4),
            ks.get(9 * c + 2),
            ks.get(9 * c + 5));
    if (lens.fault() != null || skew != 0) {
      throw npz.wrong(
          "Ks",
          lens.fault() != null
              ? "camera %d has %s".formatted(c, lens.fault())
              : "camera %d is skewed, which is not drawn".formatted(c));
    }
    double last = Math.abs(view[12]) + Math.abs(view[13]) + Math.abs(view[14]);
    if (last != 0 || view[15] != 1 || !(Poses.distanceFromRotation(view) < 1e-3)) {
      throw npz.wrong("viewmats", "camera %d is no rotation and translation".formatted(c));
    }
    return lens.camera(view);
  }

  private static int side(Npz npz, String name) throws IOException {
    double value = npz.values(name, 0).get(0);
    if (value != Math.rint(value) || value < 1 || value > Lens.MAX_SIDE) {
      throw npz.wrong(name, "it is %s, expected 1 to %d pixels".formatted(value, Lens.MAX_SIDE));
    }
    return (int) value;
  }
}
