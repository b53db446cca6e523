package dev.diorama.cli;

import dev.diorama.CameraModel;
import dev.diorama.splat.Camera;
import dev.diorama.splat.CameraPath;
import dev.diorama.splat.Framing;
import dev.diorama.splat.OrbitShape;
import dev.diorama.splat.Poses;
import dev.diorama.splat.data.CameraFiles;
import java.io.IOException;
import java.util.List;

/** Makes the path of cameras that the options describe. */
final class CameraMove {
  private static final int DEFAULT_WIDTH = 960;
  private static final int DEFAULT_HEIGHT = 540;
  private static final int DEFAULT_FRAMES = 96;

  private final CameraOptions options;
  private final Integer width;
  private final Integer height;
  private final boolean onePicture;

  /**
   * Prepares.
   *
   * @param width in pixels, or null for the cameras' own
   * @param height in pixels, or null
   * @param onePicture whether the output holds one frame only
   */
  CameraMove(CameraOptions options, Integer width, Integer height, boolean onePicture) {
    this.options = options;
    this.width = width;
    this.height = height;
    this.onePicture = onePicture;
  }

  /** Refuses what cannot be before anything is read. */
  void check() {
    boolean moves = options.move != null;
    boolean orbits = options.cameras == null || options.isOrbit();
    refuse(moves && options.move.spline && options.cameras == null, "--spline needs --cameras");
    refuse(options.loop && !(moves && options.move.spline), "--loop is about --spline");
    refuse(
        options.frames != null && !moves && options.cameras != null,
        "--frames is about a move; the --cameras are as many as they are");
    refuse(!orbits && options.radius != null, "--radius is about --orbit");
    refuse(!orbits && options.center != null, "--center is about --orbit");
    refuse(options.frames != null && options.frames < 1, "--frames must be at least 1");
    refuse(options.frame != null && options.frame < 0, "--frame must be at least 0");
    refuse(
        options.radius != null && !(options.radius > 0 && Double.isFinite(options.radius)),
        "--radius must be more than 0");
    refuse(
        options.elevation != null && !(Math.abs(options.elevation) < 90),
        "--elevation must be between -90 and 90");
    refuse(
        options.fps != null && !(options.fps > 0 && options.fps <= 1000),
        "--fps must be more than 0 and at most 1000");
    for (Integer side : new Integer[] {width, height}) {
      refuse(
          side != null && (side < 1 || side > 32_768), "--width and --height go from 1 to 32768");
    }
    try {
      CameraModel model =
          options.projection == CameraModel.ORTHOGRAPHIC ? CameraModel.PINHOLE : options.projection;
      Camera.focalLength(model, 1, options.fov);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--fov: " + e.getMessage());
    }
  }

  private static void refuse(boolean wrong, String sentence) {
    if (wrong) {
      throw new UsageException(sentence);
    }
  }

  /**
   * The path.
   *
   * @param framing where the scene is
   * @param own the cameras that came with the scene; may be none
   */
  CameraPath path(Framing framing, List<Camera> own) throws IOException {
    CameraPath given = options.cameras == null ? null : sized(CameraFiles.read(options.cameras));
    double[] up =
        options.up != null
            ? options.up.values()
            : Framing.up(given != null ? given.cameras() : own);
    CameraPath path;
    try {
      path = moved(given, own, framing, up);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
    if (options.frame != null) {
      int count = path.cameras().size();
      refuse(
          options.frame >= count,
          "--frame is %d, but there are %d cameras, counted from 0"
              .formatted(options.frame, count));
      path = new CameraPath(List.of(path.cameras().get(options.frame)), path.fps());
    }
    refuse(
        onePicture && path.cameras().size() > 1,
        "a .png holds one picture, but there are %d cameras: choose one with --frame, or write FOLDER/"
            .formatted(path.cameras().size()));
    return options.fps != null ? path.withFps(options.fps) : path;
  }

  private CameraPath moved(CameraPath given, List<Camera> own, Framing framing, double[] up) {
    int frames = options.frames != null ? options.frames : onePicture ? 1 : DEFAULT_FRAMES;
    if (given == null || options.isOrbit()) {
      CameraPath orbit = orbit(given, own, framing, up, needsOne() ? 1 : frames);
      return needsOne() ? onTheSpot(orbit.cameras().getFirst(), up, frames) : orbit;
    }
    if (options.move == null) {
      return given;
    }
    return options.move.spline
        ? CameraPath.spline(given.cameras(), frames, options.loop).withFps(given.fps())
        : onTheSpot(given.cameras().getFirst(), up, frames);
  }

  /** Whether the move begins at one camera. */
  private boolean needsOne() {
    return options.move != null && (options.move.dolly != null || options.move.pan != null);
  }

  private CameraPath onTheSpot(Camera start, double[] up, int frames) {
    return options.move.dolly != null
        ? CameraPath.dolly(start, options.move.dolly, frames)
        : CameraPath.pan(start, options.move.pan, up, frames);
  }

  private CameraPath orbit(
      CameraPath given, List<Camera> own, Framing framing, double[] up, int frames) {
    double half = Math.toRadians(options.fov / 2);
    double reach = options.projection == CameraModel.FISHEYE ? Math.min(1, half) : Math.sin(half);
    OrbitShape walked = OrbitShape.of(given != null ? given.cameras() : own, up);
    OrbitShape shape = walked != null ? walked : OrbitShape.around(framing, reach);
    double radius = options.radius != null ? options.radius : shape.radius();
    double elevation = options.elevation != null ? options.elevation : shape.elevation();
    double[] center = options.center != null ? options.center.values() : shape.center();
    Camera lens = given != null ? given.cameras().getFirst() : lens(radius);
    return CameraPath.orbit(lens, center, radius, elevation, up, frames);
  }

  private Camera lens(double radius) {
    int w =
        width != null
            ? width
            : height != null ? other(height, DEFAULT_WIDTH, DEFAULT_HEIGHT) : DEFAULT_WIDTH;
    int h =
        height != null
            ? height
            : width != null ? other(width, DEFAULT_HEIGHT, DEFAULT_WIDTH) : DEFAULT_HEIGHT;
    double focal =
        options.projection == CameraModel.ORTHOGRAPHIC
            ? h / 2.0 / (radius * Math.tan(Math.toRadians(options.fov / 2)))
            : Camera.focalLength(options.projection, h, options.fov);
    return new Camera(options.projection, w, h, focal, focal, w / 2.0, h / 2.0, Poses.identity());
  }

  /** The given cameras in the size that is asked for. */
  private CameraPath sized(CameraPath path) {
    Camera first = path.cameras().getFirst();
    if (width == null && height == null) {
      return path;
    }
    int w = width != null ? width : other(height, first.width(), first.height());
    int h = height != null ? height : other(width, first.height(), first.width());
    return path.fitted(w, h);
  }

  /** The other side in the same proportion, even as video formats want it. */
  private static int other(int side, int numerator, int denominator) {
    return Math.max(2, (int) Math.round((double) side * numerator / denominator / 2) * 2);
  }
}
