package dev.diorama.splat.data;

import dev.diorama.CameraModel;
import dev.diorama.media.Picture;
import dev.diorama.media.Pictures;
import dev.diorama.splat.Poses;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * nerfstudio's transforms.json: cameras in OpenGL's axes (x right, y up, z backward), camera to
 * world, used as they are. Intrinsics stand once or with each frame; also understood are the files
 * of the Blender scenes of NeRF, which have camera_angle_x, no sizes and no endings of file names.
 */
final class Transforms {
  /** Rotations are printed with a few digits; more than this is a scale or a mirror. */
  private static final double ROTATION_ERROR = 1e-3;

  private static final List<String> ENDINGS = List.of("", ".png", ".jpg", ".jpeg");
  private static final int MAX_VIDEO_FRAME = 100_000_000;

  private final Path folder;
  private final JsonFile file;
  private final boolean hasPictures;

  private Transforms(Path folder, JsonFile file, boolean hasPictures) {
    this.folder = folder;
    this.file = file;
    this.hasPictures = hasPictures;
  }

  /** Reads a file; {@code hasPictures} says whether frames must name pictures. */
  static Capture read(Path path, JsonFile file, boolean hasPictures) throws IOException {
    Path parent = path.toAbsolutePath().getParent();
    return new Transforms(parent, file, hasPictures).capture();
  }

  private Capture capture() throws IOException {
    List<Shot> shots = new ArrayList<>();
    for (JsonFile frame : file.objects("frames")) {
      shots.add(shot(frame, shots.size()));
    }
    if (shots.isEmpty()) {
      throw new SceneException("%s: frames is empty".formatted(file.where()));
    }
    Path points = hasPictures && file.has("ply_file_path") ? inFolder(file, "ply_file_path") : null;
    return new Capture(List.copyOf(shots), points, null);
  }

  private Shot shot(JsonFile frame, int index) throws IOException {
    Path picture = frame.has("file_path") ? picture(frame) : null;
    if (picture == null && hasPictures) {
      throw new SceneException("%s: file_path is missing".formatted(frame.where()));
    }
    Path mask = frame.has("mask_path") ? inFolder(frame, "mask_path") : null;
    int videoFrame = frame.has("frame") ? frame.integer("frame", 0, MAX_VIDEO_FRAME) : index;
    String name = picture == null ? "frame %d".formatted(index) : frame.text("file_path");
    return new Shot(name, picture, mask, lens(frame, picture), pose(frame), videoFrame);
  }

  static double[] pose(JsonFile frame) throws SceneException {
    double[] cameraToWorld = frame.numbers("transform_matrix", 16);
    double last = Math.abs(cameraToWorld[15] - 1);
    for (int i = 12; i < 15; i++) {
      last = Math.max(last, Math.abs(cameraToWorld[i]));
    }
    if (last > 0 || !(Poses.distanceFromRotation(cameraToWorld) <= ROTATION_ERROR)) {
      throw new SceneException(
          "%s: transform_matrix is no rotation and translation: expected three rows of a rotation without scale or mirror, and 0 0 0 1"
              .formatted(frame.where()));
    }
    return Poses.fromOpenGl(cameraToWorld);
  }

  private Path picture(JsonFile frame) throws SceneException {
    Path path = inFolder(frame, "file_path");
    for (String ending : ENDINGS) {
      Path candidate = path.resolveSibling(path.getFileName() + ending);
      if (Files.isRegularFile(candidate)) {
        return candidate;
      }
    }
    return path;
  }

  private Path inFolder(JsonFile object, String key) throws SceneException {
    String text = object.text(key);
    try {
      Path path = folder.resolve(text).normalize();
      if (path.getFileName() != null) {
        return path;
      }
    } catch (InvalidPathException e) {
      throw new SceneException("%s: %s is no path: %s".formatted(object.where(), key, text), e);
    }
    throw new SceneException("%s: %s is no path: %s".formatted(object.where(), key, text));
  }

  /** The frame that states a value itself, else the whole file. */
  private JsonFile owner(JsonFile frame, String key) {
    return frame.has(key) ? frame : file;
  }

  private double number(JsonFile frame, String key, double absent) throws SceneException {
    return owner(frame, key).number(key, absent);
  }

  private Lens lens(JsonFile frame, Path picture) throws IOException {
    int width;
    int height;
    if (owner(frame, "w").has("w") && owner(frame, "h").has("h")) {
      width = owner(frame, "w").integer("w", 1, Lens.MAX_SIDE);
      height = owner(frame, "h").integer("h", 1, Lens.MAX_SIDE);
    } else if (picture != null) {
      Picture seen = Pictures.read(picture);
      width = seen.width();
      height = seen.height();
    } else {
      throw new SceneException("%s: w and h are missing".formatted(frame.where()));
    }
    double fx = focal(frame, "fl_x", "camera_angle_x", width, Double.NaN);
    double fy = focal(frame, "fl_y", "camera_angle_y", height, fx);
    if (Double.isNaN(fy)) {
      throw new SceneException(
          "%s: fl_x is missing, and camera_angle_x as well".formatted(frame.where()));
    }
    double cx = number(frame, "cx", width / 2.0);
    double cy = number(frame, "cy", height / 2.0);
    Lens lens = distortion(frame, width, height, Double.isNaN(fx) ? fy : fx, fy, cx, cy);
    if (lens.fault() != null) {
      throw new SceneException("%s has %s".formatted(frame.where(), lens.fault()));
    }
    return lens;
  }

  private double focal(JsonFile frame, String key, String angle, int pixels, double absent)
      throws SceneException {
    double focal = number(frame, key, Double.NaN);
    double radians = number(frame, angle, Double.NaN);
    if (Double.isNaN(focal) && !Double.isNaN(radians)) {
      focal = pixels / 2.0 / Math.tan(radians / 2);
    }
    return Double.isNaN(focal) ? absent : focal;
  }

  private Lens distortion(
      JsonFile frame, int width, int height, double fx, double fy, double cx, double cy)
      throws SceneException {
    JsonFile owner = owner(frame, "camera_model");
    String name = owner.text("camera_model", "OPENCV").toUpperCase(Locale.ROOT);
    double[] radial = new double[4];
    for (int i = 0; i < 4; i++) {
      radial[i] = number(frame, "k" + (i + 1), 0);
    }
    boolean fisheye = name.equals("OPENCV_FISHEYE") || number(frame, "is_fisheye", false);
    CameraModel model =
        switch (name) {
          case "PINHOLE", "SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV", "PERSPECTIVE" ->
              fisheye ? CameraModel.FISHEYE : CameraModel.PINHOLE;
          case "OPENCV_FISHEYE", "FISHEYE" -> CameraModel.FISHEYE;
          case "ORTHOPHOTO", "ORTHOGRAPHIC" -> CameraModel.ORTHOGRAPHIC;
          default ->
              throw new SceneException(
                  "%s: the camera_model %s is not known; there are PINHOLE, SIMPLE_PINHOLE, SIMPLE_RADIAL, RADIAL, OPENCV, OPENCV_FISHEYE and ORTHOPHOTO"
                      .formatted(owner.where(), name));
        };
    Lens lens =
        Lens.ideal(model, width, height, fx, fy, cx, cy)
            .distorted(radial, new double[0], number(frame, "p1", 0), number(frame, "p2", 0));
    if (model == CameraModel.ORTHOGRAPHIC && lens.isDistorted()) {
      throw new SceneException(
          "%s: an orthographic camera has no distortion, expected k1 to k4, p1 and p2 to be 0 or absent"
              .formatted(frame.where()));
    }
    return lens;
  }

  private boolean number(JsonFile frame, String key, boolean absent) throws SceneException {
    JsonFile owner = owner(frame, key);
    return owner.has(key) ? owner.flag(key) : absent;
  }
}
