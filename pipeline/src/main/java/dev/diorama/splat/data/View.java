package dev.diorama.splat.data;

import dev.diorama.media.Picture;
import dev.diorama.splat.Camera;

/**
 * A picture and the camera that took it.
 *
 * @param name what people call it: the picture's file name
 * @param camera of the picture's size
 * @param picture what it saw
 * @param mask optional, null where all pixels count: [H, W], 0 to 255 as unsigned bytes; pixels at
 *     0 are ignored; not copied
 */
public record View(String name, Camera camera, Picture picture, byte[] mask) {

  /**
   * Checks that the parts are of one size.
   *
   * @throws IllegalArgumentException when they are not
   */
  public View {
    if (camera.width() != picture.width() || camera.height() != picture.height()) {
      throw new IllegalArgumentException(
          "the view %s has a camera of %dx%d and a picture of %dx%d, expected one size"
              .formatted(name, camera.width(), camera.height(), picture.width(), picture.height()));
    }
    if (mask != null && mask.length != picture.width() * picture.height()) {
      throw new IllegalArgumentException(
          "the view %s has a mask of %d pixels and a picture of %dx%d, expected one size"
              .formatted(name, mask.length, picture.width(), picture.height()));
    }
  }

  /**
   * A view all of whose pixels count.
   *
   * @param name what people call it
   * @param camera of the picture's size
   * @param picture what it saw
   */
  public View(String name, Camera camera, Picture picture) {
    this(name, camera, picture, null);
  }
}
