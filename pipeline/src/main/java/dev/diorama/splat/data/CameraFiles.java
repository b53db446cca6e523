package dev.diorama.splat.data;

import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.diorama.CameraModel;
import dev.diorama.media.Partial;
import dev.diorama.splat.Camera;
import dev.diorama.splat.CameraPath;
import dev.diorama.splat.Poses;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * Cameras in files: those of any dataset (transforms.json, COLMAP, .npz), and paths that were made
 * for a video: nerfstudio's camera_path.json, and keyframes.
 *
 * <p>A file of keyframes is an object with {@code width}, {@code height} and {@code keyframes};
 * optional are {@code projection} ("pinhole", "fisheye"), {@code fov} (degrees along the height,
 * 50), {@code frames} (30 for each keyframe), {@code fps} (24), {@code closed} (false) and {@code
 * up} ([0, -1, 0]). A keyframe has a {@code position} and a {@code target}, or a {@code
 * transform_matrix} as in transforms.json, and may have its own {@code fov} and {@code up}; {@link
 * CameraPath#spline} leads through them.
 */
public final class CameraFiles {
  private static final double DEFAULT_FOV = 50;
  private static final int FRAMES_PER_KEY = 30;
  private static final int MAX_FRAMES = 1_000_000;

  private CameraFiles() {}

  /**
   * Reads cameras.
   *
   * @param path a file or the folder of a dataset
   * @return its cameras, in its order; those of another size are fitted to the first one's
   * @throws IOException when it can't be read or holds no cameras
   */
  public static CameraPath read(Path path) throws IOException {
    if (!Files.exists(path)) {
      throw new NoSuchFileException(path.toString());
    }
    if (Files.isRegularFile(path) && Npz.isZip(path)) {
      return path(NpzCapture.cameras(path), CameraPath.DEFAULT_FPS);
    }
    if (Files.isDirectory(path)) {
      return path(cameras(Datasets.capture(path, false)), CameraPath.DEFAULT_FPS);
    }
    return parse(path, JsonFile.read(path));
  }

  /** The cameras of a JSON file that has been read. */
  static CameraPath parse(Path path, JsonFile file) throws IOException {
    double fps = file.number("fps", CameraPath.DEFAULT_FPS);
    if (!(fps > 0)) {
      throw new SceneException("%s: fps is %s, expected more than 0".formatted(path, fps));
    }
    if (file.has("keyframes")) {
      return keyframes(file).withFps(fps);
    }
    if (file.has("camera_path")) {
      return path(nerfstudioPath(file), fps);
    }
    if (!file.has("frames")) {
      throw new SceneException(
          "%s holds no cameras: it has none of frames, keyframes and camera_path".formatted(path));
    }
    return path(cameras(Transforms.read(path, file, false)), fps);
  }

  private static List<Camera> cameras(Capture capture) {
    return capture.shots().stream().map(Shot::camera).toList();
  }

  private static CameraPath path(List<Camera> cameras, double fps) {
    int width = cameras.getFirst().width();
    int height = cameras.getFirst().height();
    return new CameraPath(
        cameras.stream()
            .map(c -> c.width() == width && c.height() == height ? c : c.fitted(width, height))
            .toList(),
        fps);
  }

  /** A list where every entry may fail with a sentence. */
  private interface Reader {
    Camera read(JsonFile entry) throws SceneException;
  }

  private static List<Camera> list(JsonFile file, String key, Reader reader) throws SceneException {
    List<JsonFile> entries = file.objects(key);
    if (entries.isEmpty()) {
      throw new SceneException("%s: %s is empty".formatted(file.where(), key));
    }
    List<Camera> cameras = new java.util.ArrayList<>(entries.size());
    for (JsonFile entry : entries) {
      cameras.add(reader.read(entry));
    }
    return cameras;
  }

  private static List<Camera> nerfstudioPath(JsonFile file) throws SceneException {
    int width = file.integer("render_width", 1, Lens.MAX_SIDE);
    int height = file.integer("render_height", 1, Lens.MAX_SIDE);
    CameraModel model = projection(file, "camera_type", "perspective");
    return list(
        file,
        "camera_path",
        entry -> {
          double[] pose = Poses.fromOpenGl(checked(entry, entry.numbers("camera_to_world", 16)));
          return lens(entry, model, width, height, entry.number("fov", DEFAULT_FOV)).at(pose);
        });
  }

  private static CameraPath keyframes(JsonFile file) throws SceneException {
    int width = file.integer("width", 1, Lens.MAX_SIDE);
    int height = file.integer("height", 1, Lens.MAX_SIDE);
    CameraModel model = projection(file, "projection", "pinhole");
    double fov = file.number("fov", DEFAULT_FOV);
    double[] up = file.has("up") ? file.numbers("up", 3) : new double[] {0, -1, 0};
    List<Camera> keys =
        list(
            file,
            "keyframes",
            key -> lens(key, model, width, height, key.number("fov", fov)).at(pose(key, up)));
    int frames =
        file.has("frames")
            ? file.integer("frames", 1, MAX_FRAMES)
            : (int) Math.min((long) FRAMES_PER_KEY * keys.size(), MAX_FRAMES);
    return CameraPath.spline(keys, frames, file.flag("closed"));
  }

  private static double[] pose(JsonFile key, double[] up) throws SceneException {
    if (key.has("transform_matrix")) {
      return Transforms.pose(key);
    }
    try {
      return Poses.lookAt(
          key.numbers("position", 3),
          key.numbers("target", 3),
          key.has("up") ? key.numbers("up", 3) : up);
    } catch (IllegalArgumentException e) {
      throw new SceneException("%s: %s".formatted(key.where(), e.getMessage()), e);
    }
  }

  private static double[] checked(JsonFile entry, double[] pose) throws SceneException {
    if (!(Poses.distanceFromRotation(pose) < 1e-3)) {
      throw new SceneException(
          "%s: camera_to_world is no rotation and translation".formatted(entry.where()));
    }
    return pose;
  }

  private static Camera lens(JsonFile entry, CameraModel model, int width, int height, double fov)
      throws SceneException {
    try {
      double focal = Camera.focalLength(model, height, fov);
      return new Camera(
          model, width, height, focal, focal, width / 2.0, height / 2.0, Poses.identity());
    } catch (IllegalArgumentException e) {
      throw new SceneException("%s: %s".formatted(entry.where(), e.getMessage()), e);
    }
  }

  private static CameraModel projection(JsonFile file, String key, String absent)
      throws SceneException {
    String name = file.text(key, absent);
    return switch (name) {
      case "pinhole", "perspective" -> CameraModel.PINHOLE;
      case "fisheye" -> CameraModel.FISHEYE;
      default ->
          throw new SceneException(
              "%s: %s is %s, expected pinhole or fisheye".formatted(file.where(), key, name));
    };
  }

  /**
   * Writes cameras as a transforms.json with intrinsics for each frame, which {@link #read}, and
   * other programs, read.
   *
   * @param path the cameras
   * @param file replaced when it exists; nothing half-written remains
   * @throws IOException when it can't be written
   */
  public static void write(CameraPath path, Path file) throws IOException {
    JsonMapper mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    ObjectNode root = mapper.createObjectNode();
    root.put("fps", path.fps());
    ArrayNode frames = root.putArray("frames");
    for (Camera camera : path.cameras()) {
      ObjectNode frame = frames.addObject();
      frame.put("camera_model", modelName(camera.model()));
      frame.put("w", camera.width()).put("h", camera.height());
      frame.put("fl_x", camera.fx()).put("fl_y", camera.fy());
      frame.put("cx", camera.cx()).put("cy", camera.cy());
      double[] pose = Poses.toOpenGl(camera.worldToCamera());
      ArrayNode matrix = frame.putArray("transform_matrix");
      for (int row = 0; row < 4; row++) {
        ArrayNode numbers = matrix.addArray();
        for (int column = 0; column < 4; column++) {
          numbers.add(pose[4 * row + column]);
        }
      }
    }
    try (Partial partial = Partial.file(file)) {
      Files.write(partial.path(), mapper.writeValueAsBytes(root));
      partial.commit();
    }
  }

  private static String modelName(CameraModel model) {
    return switch (model) {
      case PINHOLE -> "PINHOLE";
      case ORTHOGRAPHIC -> "ORTHOPHOTO";
      case FISHEYE -> "OPENCV_FISHEYE";
    };
  }
}
