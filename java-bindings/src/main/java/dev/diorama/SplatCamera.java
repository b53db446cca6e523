package dev.diorama;

import dev.diorama.ffi.dio_splat_camera;
import java.lang.foreign.MemorySegment;

/**
 * A camera as the kernels take it: OpenCV axes (x right, y down, z forward), pixel centres at +0.5.
 *
 * @param model the projection
 * @param width pixels, 1 to 32768
 * @param height pixels, 1 to 32768
 * @param fx focal length along x in pixels; pixels per unit of length where orthographic
 * @param fy the same along y
 * @param cx the principal point in pixels
 * @param cy the same along y
 * @param view world to camera, [4, 4] row by row; not copied
 */
public record SplatCamera(
    CameraModel model,
    int width,
    int height,
    float fx,
    float fy,
    float cx,
    float cy,
    float[] view) {

  /**
   * Checks the length of view; everything else is checked by the operations.
   *
   * @throws IllegalArgumentException when view has not 16 entries
   */
  public SplatCamera {
    if (view.length != 16) {
      throw new IllegalArgumentException(
          "view has " + view.length + " entries, expected 16: [4, 4] row by row");
    }
  }

  void write(MemorySegment struct) {
    dio_splat_camera.model(struct, model.ordinal());
    dio_splat_camera.width(struct, width);
    dio_splat_camera.height(struct, height);
    dio_splat_camera.fx(struct, fx);
    dio_splat_camera.fy(struct, fy);
    dio_splat_camera.cx(struct, cx);
    dio_splat_camera.cy(struct, cy);
    MemorySegment.copy(
        MemorySegment.ofArray(view), 0, dio_splat_camera.view(struct), 0, 16 * Float.BYTES);
  }
}
