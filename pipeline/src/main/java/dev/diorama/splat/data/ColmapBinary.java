package dev.diorama.splat.data;

import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.util.Arrays;

/**
 * COLMAP's cameras.bin, images.bin and points3D.bin, as its documentation of the output format lays
 * them out.
 */
final class ColmapBinary {
  private static final int MANY = 1 << 26;
  private static final int LARGEST_CLOUD = (Integer.MAX_VALUE - 8) / 3;

  /** The fixed parts of a camera without parameters, an image without its name, a point. */
  private static final int CAMERA_BYTES = 4 + 4 + 8 + 8;

  private static final int IMAGE_BYTES = 4 + 7 * 8 + 4 + 1 + 8;
  private static final int POINT_BYTES = 8 + 3 * 8 + 3 + 8 + 8;
  private static final int KEYPOINT_BYTES = 8 + 8 + 8;
  private static final int TRACK_BYTES = 4 + 4;

  private ColmapBinary() {}

  static void cameras(String file, BinaryInput in, ColmapBuilder to) throws IOException {
    int count = in.count("cameras", CAMERA_BYTES, MANY);
    for (int i = 0; i < count; i++) {
      int id = in.i32();
      int number = in.i32();
      ColmapModel model = ColmapModel.of(number);
      if (model == null) {
        throw new SceneException(
            "%s: camera %d has the model %d, which is not known; colmap image_undistorter makes a pinhole of it"
                .formatted(file, id, number));
      }
      long width = in.i64();
      long height = in.i64();
      to.camera(file, id, model, width, height, in.f64(model.parameters()));
    }
  }

  static void images(String file, BinaryInput in, ColmapBuilder to) throws IOException {
    int count = in.count("images", IMAGE_BYTES, MANY);
    for (int i = 0; i < count; i++) {
      in.i32();
      double[] quaternion = in.f64(4);
      double[] translation = in.f64(3);
      int camera = in.i32();
      String name = in.text();
      int points = in.count("points of an image", KEYPOINT_BYTES, Integer.MAX_VALUE);
      in.skip((long) points * KEYPOINT_BYTES);
      to.image(file, name, quaternion, translation, camera);
    }
  }

  static PointCloud points(BinaryInput in) throws IOException {
    int count = in.count("points", POINT_BYTES, LARGEST_CLOUD);
    float[] positions = new float[3 * count];
    byte[] colours = new byte[3 * count];
    for (int i = 0; i < count; i++) {
      in.i64();
      for (int axis = 0; axis < 3; axis++) {
        positions[3 * i + axis] = (float) in.f64();
      }
      for (int c = 0; c < 3; c++) {
        colours[3 * i + c] = (byte) in.u8();
      }
      in.f64();
      int track = in.count("images of a point", TRACK_BYTES, Integer.MAX_VALUE);
      in.skip((long) track * TRACK_BYTES);
    }
    return finite(positions, colours);
  }

  /** The points without those that have no place. */
  static PointCloud finite(float[] positions, byte[] colours) {
    int kept = 0;
    for (int i = 0; i < positions.length; i += 3) {
      if (Float.isFinite(positions[i] + positions[i + 1] + positions[i + 2])) {
        for (int c = 0; c < 3; c++) {
          positions[kept] = positions[i + c];
          colours[kept++] = colours[i + c];
        }
      }
    }
    return new PointCloud(Arrays.copyOf(positions, kept), Arrays.copyOf(colours, kept));
  }
}
