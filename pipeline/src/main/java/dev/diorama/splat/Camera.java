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
