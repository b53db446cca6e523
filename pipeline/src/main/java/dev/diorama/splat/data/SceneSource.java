package dev.diorama.splat.data;

import dev.diorama.splat.Camera;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.format.SceneFormats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * A scene from a file, whatever kind it is: Gaussians in any of {@link SceneFormats}, or points in
 * a .npz ({@code means3d}, {@code colors}), which become Gaussians by {@link PointScene}.
 *
 * @param scene the Gaussians
 * @param cameras that came with it; a .npz may have some ({@code viewmats}, {@code Ks}, {@code
 *     width}, {@code height})
 */
public record SceneSource(Gaussians scene, List<Camera> cameras) {

  /**
   * Reads a file.
   *
   * @param path a scene or a .npz
   * @return the scene
   * @throws IOException when it can't be read or is neither
   */
  public static SceneSource read(Path path) throws IOException {
    if (!Files.exists(path)) {
      throw new NoSuchFileException(path.toString());
    }
    if (!isPoints(path)) {
      return new SceneSource(SceneFormats.read(path), List.of());
    }
    List<Camera> cameras =
        NpzCapture.hasCameras(path) ? NpzCapture.cameras(path) : List.<Camera>of();
    return new SceneSource(
        PointScene.gaussians(NpzCapture.points(path), PointScene.DEFAULT_OPACITY), cameras);
  }

  /** Other formats are zips as well, so the arrays decide. */
  private static boolean isPoints(Path path) throws IOException {
    if (!Files.isRegularFile(path) || !Npz.isZip(path)) {
      return false;
    }
    try (Npz npz = Npz.open(path)) {
      return npz.has("means3d");
    }
  }
}
