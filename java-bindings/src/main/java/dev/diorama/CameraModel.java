package dev.diorama;

/** How a camera maps directions to pixels. The order is that of dio_camera_model. */
public enum CameraModel {
  /** x' = fx x / z + cx. */
  PINHOLE,
  /** x' = fx x + cx; fx is in pixels per unit of length. */
  ORTHOGRAPHIC,
  /** Equidistant fisheye: the distance from the centre is the focal length times the angle. */
  FISHEYE
}
