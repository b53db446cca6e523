package dev.diorama.splat.data;

import dev.diorama.media.Picture;
import dev.diorama.media.Pictures;
import dev.diorama.splat.Camera;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.file.Path;

/**
 * What a dataset says about one picture, before the picture is read.
 *
 * @param name for people
 * @param picture its file; null where there is none, as in a camera path
 * @param mask the file of its mask, or null; pixels at 0 are ignored
 * @param lens how it was taken
 * @param worldToCamera OpenCV's, [4, 4]
 * @param videoFrame which frame of a video it is, from 0
 */
record Shot(
    String name, Path picture, Path mask, Lens lens, double[] worldToCamera, int videoFrame) {

  /** Its camera, of the size that the dataset states. */
  Camera camera() {
    return lens.camera(worldToCamera);
  }

  /** The picture and mask from their files, undistorted. */
  View read() throws IOException {
    if (picture == null) {
      throw new SceneException("%s has no picture: file_path is missing".formatted(name));
    }
    return view(Pictures.read(picture), picture.toString());
  }

  /**
   * The view of a picture that is in memory.
   *
   * @param source where it is from, for messages
   */
  View view(Picture seen, String source) throws IOException {
    Lens fitted = lens;
    if (seen.width() != lens.width() || seen.height() != lens.height()) {
      if (!lens.hasShapeOf(seen.width(), seen.height())) {
        throw new SceneException(
            "%s has %dx%d pixels, expected the camera's %dx%d or the same shape in another size"
                .formatted(source, seen.width(), seen.height(), lens.width(), lens.height()));
      }
      fitted = lens.scaled(seen.width(), seen.height());
    }
    Undistortion.Result result = Undistortion.of(fitted, seen, readMask(seen));
    return new View(name, fitted.camera(worldToCamera), result.picture(), result.mask());
  }

  private byte[] readMask(Picture seen) throws IOException {
    if (mask == null) {
      return null;
    }
    Picture file = Pictures.read(mask);
    if (file.width() != seen.width() || file.height() != seen.height()) {
      throw new SceneException(
          "the mask %s has %dx%d pixels, expected its picture's %dx%d"
              .formatted(mask, file.width(), file.height(), seen.width(), seen.height()));
    }
    byte[] values = new byte[seen.width() * seen.height()];
    for (int i = 0; i < values.length; i++) {
      int brightest = 0;
      for (int c = 0; c < 3; c++) {
        brightest = Math.max(brightest, file.rgb()[3 * i + c] & 0xff);
      }
      values[i] = (byte) brightest;
    }
    return values;
  }
}
