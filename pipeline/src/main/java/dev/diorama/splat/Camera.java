package dev.diorama.splat;

import dev.diorama.CameraModel;
import dev.diorama.SplatCamera;

/**
 * A camera: OpenCV axes (x right, y down, z forward), pixel centres at +0.5.
 *
 * @param model the projection
 * @param width pixels
 * @param height pixels
 * @param fx focal length along x in pixels; pixels per unit of length where orthographic
 * @param fy the same along y
 * @param cx the principal point in pixels
 * @param cy the same along y
 * @param worldToCamera [4, 4] row by row, a rotation and a translation; not copied
 */
public record Camera(
    CameraModel model,
    int width,
    int height,
    double fx,
    double fy,
    double cx,
    double cy,
    double[] worldToCamera) {

  /**
   * Checks the matrix.
   *
   * @throws IllegalArgumentException when it has not 16 entries
   */
  public Camera {
    if (worldToCamera.length != 16) {
      throw new IllegalArgumentException(
          "the matrix has " + worldToCamera.length + " entries, expected 16: [4, 4] row by row");
    }
  }

  /**
   * A camera that looks at a point, its principal point in the middle of the picture.
   *
   * @param model the projection
   * @param width pixels
   * @param height pixels
   * @param focal the focal length along both axes in pixels; pixels per unit of length where
   *     orthographic
   * @param position where it stands, [3]
   * @param target what is in the middle of the picture, [3]
   * @param up what is up in the picture, [3]; need not be at right angles to the line of sight
   * @return the camera
   * @throws IllegalArgumentException when position and target are one point, or up is 0
   */
  public static Camera lookAt(
      CameraModel model,
      int width,
      int height,
      double focal,
      double[] position,
      double[] target,
      double[] up) {
    double[] view = Poses.lookAt(position, target, up);
    return new Camera(model, width, height, focal, focal, width / 2.0, height / 2.0, view);
  }

  /**
   * The focal length of a field of view.
   *
   * @param model pinhole or fisheye; an orthographic camera has no field of view
   * @param pixels the side of the picture along which the field is meant
   * @param degrees the field of view: more than 0, below 180 where pinhole
   * @return the focal length in pixels
   * @throws IllegalArgumentException when there is no such field
   */
  public static double focalLength(CameraModel model, int pixels, double degrees) {
    double half = Math.toRadians(degrees) / 2;
    boolean possible = half > 0 && half < (model == CameraModel.PINHOLE ? Math.PI / 2 : Math.PI);
    if (!possible || model == CameraModel.ORTHOGRAPHIC) {
      throw new IllegalArgumentException(
          "a field of view of %s degrees is not possible with the projection %s"
              .formatted(degrees, model));
    }
    return pixels / 2.0 / (model == CameraModel.PINHOLE ? Math.tan(half) : half);
  }

  /**
   * The same view stretched to another size: each axis is scaled by itself.
   *
   * @param newWidth pixels, at least 1
   * @param newHeight pixels, at least 1
   * @return the camera
   */
  public Camera scaled(int newWidth, int newHeight) {
    double x = (double) newWidth / width;
    double y = (double) newHeight / height;
    return new Camera(model, newWidth, newHeight, fx * x, fy * y, cx * x, cy * y, worldToCamera);
  }

  /**
   * The same view in a picture of another size whose pixels keep their shape: the height decides
   * the scale, at the sides more or less of the world is seen. Where the proportions stay it is
   * {@link #scaled}.
   *
   * @param newWidth pixels, at least 1
   * @param newHeight pixels, at least 1
   * @return the camera
   */
  public Camera fitted(int newWidth, int newHeight) {
    double scale = (double) newHeight / height;
    double middle = newWidth / 2.0 + (cx - width / 2.0) * scale;
    return new Camera(
        model, newWidth, newHeight, fx * scale, fy * scale, middle, cy * scale, worldToCamera);
  }

  /**
   * The same lens elsewhere.
   *
   * @param view the new world-to-camera matrix, [4, 4] row by row; not copied
   * @return the camera
   */
  public Camera at(double[] view) {
    return new Camera(model, width, height, fx, fy, cx, cy, view);
  }

  /**
   * The inverse of the world-to-camera matrix.
   *
   * @return [4, 4] row by row
   */
  public double[] cameraToWorld() {
    return Poses.inverse(worldToCamera);
  }

  /**
   * Where the camera stands in the world.
   *
   * @return [3]
   */
  public double[] position() {
    return Poses.column(cameraToWorld(), 3);
  }

  /**
   * Where it looks.
   *
   * @return a unit vector of the world, [3]
   */
  public double[] forward() {
    return axis(2);
  }

  /**
   * What is to the right in the picture.
   *
   * @return a unit vector of the world, [3]
   */
  public double[] right() {
    return axis(0);
  }

  /**
   * What is down in the picture.
   *
   * @return a unit vector of the world, [3]
   */
  public double[] down() {
    return axis(1);
  }

  /**
   * What is up in the picture.
   *
   * @return a unit vector of the world, [3]
   */
  public double[] up() {
    return Poses.plus(new double[3], axis(1), -1);
  }

  private double[] axis(int row) {
    int at = 4 * row;
    return Poses.normalized(
        new double[] {worldToCamera[at], worldToCamera[at + 1], worldToCamera[at + 2]});
  }

  /**
   * The same in the kernels' terms.
   *
   * @return rounded to F32
   */
  public SplatCamera toSplatCamera() {
    float[] view = new float[16];
    for (int i = 0; i < 16; i++) {
      view[i] = (float) worldToCamera[i];
    }
    return new SplatCamera(
        model, width, height, (float) fx, (float) fy, (float) cx, (float) cy, view);
  }
}
