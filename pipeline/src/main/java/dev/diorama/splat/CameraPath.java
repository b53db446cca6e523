package dev.diorama.splat;

import java.util.ArrayList;
import java.util.List;

/**
 * Cameras in the order of time: one for each frame of a video.
 *
 * @param cameras at least one, all of one size; the list is copied
 * @param fps frames a second, more than 0
 */
public record CameraPath(List<Camera> cameras, double fps) {
  /** Frames a second where nobody says otherwise. */
  public static final double DEFAULT_FPS = 24;

  private static final double[] TOWARDS_THE_VIEWER = {0, 0, -1};
  private static final double[] SIDEWAYS = {1, 0, 0};

  /**
   * Checks and copies the cameras.
   *
   * @throws IllegalArgumentException when there are none, their sizes differ or the speed is none
   */
  public CameraPath {
    cameras = List.copyOf(cameras);
    if (cameras.isEmpty()) {
      throw new IllegalArgumentException("a camera path needs at least one camera");
    }
    Camera first = cameras.getFirst();
    for (Camera camera : cameras) {
      if (camera.width() != first.width() || camera.height() != first.height()) {
        throw new IllegalArgumentException(
            "the cameras of a path must be of one size, got %dx%d and %dx%d"
                .formatted(first.width(), first.height(), camera.width(), camera.height()));
      }
    }
    if (!(fps > 0) || Double.isInfinite(fps)) {
      throw new IllegalArgumentException("frames a second must be more than 0, got " + fps);
    }
  }

  /**
   * A full turn around a point, counter-clockwise seen from above; the last frame comes before the
   * first, so that the video can be repeated without a jerk.
   *
   * @param lens whose projection and size are taken; its place is not
   * @param center what stays in the middle of the picture, [3]
   * @param distance from it, more than 0
   * @param elevation degrees above the horizon, between -90 and 90, both excluded
   * @param up [3], not 0
   * @param frames at least 1
   * @return begins on the side of -z, where OpenCV's first camera stands; where that is up or down,
   *     of x
   * @throws IllegalArgumentException when an argument is outside of its range
   */
  public static CameraPath orbit(
      Camera lens, double[] center, double distance, double elevation, double[] up, int frames) {
    checkFrames(frames);
    if (!(distance > 0) || Double.isInfinite(distance)) {
      throw new IllegalArgumentException("the orbit's radius must be more than 0, got " + distance);
    }
    if (!(Math.abs(elevation) < 90)) {
      throw new IllegalArgumentException(
          "the orbit's elevation must be between -90 and 90 degrees, got " + elevation);
    }
    double[] axis = Poses.normalized(up);
    boolean vertical = Math.abs(Poses.dot(axis, TOWARDS_THE_VIEWER)) > 0.99;
    double[] begin = vertical ? SIDEWAYS : TOWARDS_THE_VIEWER;
    double[] level = Poses.normalized(Poses.plus(begin, axis, -Poses.dot(begin, axis)));
    double height = Math.sin(Math.toRadians(elevation));
    double reach = Math.cos(Math.toRadians(elevation));
    List<Camera> cameras = new ArrayList<>();
    for (int i = 0; i < frames; i++) {
      double[] side = Poses.rotated(level, axis, 2 * Math.PI * i / frames);
      double[] position = Poses.plus(center, side, distance * reach);
      position = Poses.plus(position, axis, distance * height);
      cameras.add(lens.at(Poses.lookAt(position, center, axis)));
    }
    return new CameraPath(cameras, DEFAULT_FPS);
  }

  /**
   * A move straight ahead at constant speed.
   *
   * @param start the first camera
   * @param distance how far, in units of the scene; backwards when negative
   * @param frames at least 1
   * @return ends at the full distance; one frame is the start
   */
  public static CameraPath dolly(Camera start, double distance, int frames) {
    checkFrames(frames);
    double[] position = start.position();
    double[] forward = start.forward();
    List<Camera> cameras = new ArrayList<>();
    for (int i = 0; i < frames; i++) {
      cameras.add(moved(start, Poses.plus(position, forward, distance * share(i, frames))));
    }
    return new CameraPath(cameras, DEFAULT_FPS);
  }

  /** The same camera at another place. */
  private static Camera moved(Camera camera, double[] position) {
    double[] away = Poses.identity();
    for (int axis = 0; axis < 3; axis++) {
      away[4 * axis + 3] = camera.position()[axis] - position[axis];
    }
    return camera.at(Poses.multiply(camera.worldToCamera(), away));
  }

  /**
   * A turn of the head at constant speed.
   *
   * @param start the first camera
   * @param degrees how far, to the right; to the left when negative
   * @param up the axis, [3], not 0
   * @param frames at least 1
   * @return ends at the full angle; one frame is the start
   */
  public static CameraPath pan(Camera start, double degrees, double[] up, int frames) {
    checkFrames(frames);
    double[] axis = Poses.normalized(up);
    double[] position = start.position();
    List<Camera> cameras = new ArrayList<>();
    for (int i = 0; i < frames; i++) {
      // Seen from above, to the right is clockwise.
      double angle = -Math.toRadians(degrees) * share(i, frames);
      double[] cameraToWorld = start.cameraToWorld();
      for (int column = 0; column < 3; column++) {
        double[] turned = Poses.rotated(Poses.column(cameraToWorld, column), axis, angle);
        for (int row = 0; row < 3; row++) {
          cameraToWorld[4 * row + column] = turned[row];
        }
      }
      for (int row = 0; row < 3; row++) {
        cameraToWorld[4 * row + 3] = position[row];
      }
      cameras.add(start.at(Poses.inverse(cameraToWorld)));
    }
    return new CameraPath(cameras, DEFAULT_FPS);
  }

  /**
   * A smooth way through cameras: positions along a Catmull-Rom spline (Catmull and Rom 1974), as
   * much time between each two; rotations by slerp (Shoemake 1985); focal lengths and principal
   * points linear.
   *
   * @param keyframes at least one, of one size and projection; passed exactly
   * @param frames at least 1
   * @param closed goes back to the first; the last frame then comes before it
   * @return one keyframe gives a camera that stands still
   * @throws IllegalArgumentException when the keyframes' projections differ
   */
  public static CameraPath spline(List<Camera> keyframes, int frames, boolean closed) {
    checkFrames(frames);
    CameraPath checked = new CameraPath(keyframes, DEFAULT_FPS);
    if (keyframes.stream().anyMatch(k -> k.model() != keyframes.getFirst().model())) {
      throw new IllegalArgumentException("the keyframes of a path must have one projection");
    }
    CameraSpline spline = new CameraSpline(checked.cameras(), closed);
    List<Camera> cameras = new ArrayList<>();
    for (int i = 0; i < frames; i++) {
      cameras.add(spline.at(closed ? (double) i / frames : share(i, frames)));
    }
    return new CameraPath(cameras, DEFAULT_FPS);
  }

  /**
   * The same path at another speed.
   *
   * @param framesPerSecond more than 0
   * @return the same cameras
   */
  public CameraPath withFps(double framesPerSecond) {
    return new CameraPath(cameras, framesPerSecond);
  }

  /**
   * The same path in pictures of another size, as {@link Camera#fitted} does it.
   *
   * @param width pixels
   * @param height pixels
   * @return the path
   */
  public CameraPath fitted(int width, int height) {
    return new CameraPath(
        cameras.stream().map(camera -> camera.fitted(width, height)).toList(), fps);
  }

  private static double share(int i, int frames) {
    return frames == 1 ? 0 : (double) i / (frames - 1);
  }

  private static void checkFrames(int frames) {
    if (frames < 1) {
      throw new IllegalArgumentException("a camera path has at least 1 frame, got " + frames);
    }
  }
}
