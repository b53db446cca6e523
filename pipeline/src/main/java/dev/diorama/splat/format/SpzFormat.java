package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Niantic's .spz, about a tenth of a .ply. Reads versions 1 to 4, writes 3, which every viewer
 * reads, or 4. Versions 1 to 3 are one gzip stream, version 4 has a zstd stream for each attribute.
 * Positions are whole numbers of 24 bits (version 1: half floats), rotations the three smallest
 * components (before version 3: x, y and z), everything else is bytes.
 *
 * <p>A .spz looks right, up and back, a scene of ours right, down and front: axes are turned as
 * Niantic's own tools do between .ply and .spz. The extension SPZ_ADOBE_coordinate_system is
 * followed, other extensions are ignored, and spherical harmonics of degree 4 are left out.
 */
public final class SpzFormat implements SceneFormat {
  private static final int OLDEST_WRITTEN = 3;
  private static final int NEWEST = 4;

  private final int version;

  /**
   * Makes the format.
   *
   * @param version to write: 3 or 4
   * @throws IllegalArgumentException when it is another
   */
  public SpzFormat(int version) {
    if (version < OLDEST_WRITTEN || version > NEWEST) {
      throw new IllegalArgumentException(
          ".spz of version " + version + " is not written, only of 3 and 4");
    }
    this.version = version;
  }

  @Override
  public String name() {
    return ".spz";
  }

  @Override
  public boolean reads(Path file, byte[] head) {
    return SceneFiles.hasSuffix(file, ".spz") || SpzReader.isVersion4(head);
  }

  @Override
  public boolean writes(Path file) {
    return SceneFiles.hasSuffix(file, ".spz");
  }

  @Override
  public SceneFormat with(WriteOptions options) {
    return new SpzFormat(options.spzVersion());
  }

  @Override
  public Gaussians read(Path file) throws IOException {
    return new SpzReader(file).read();
  }

  @Override
  public void write(Gaussians scene, Path file) throws IOException {
    SceneChecks.finite(scene, name());
    new SpzWriter(scene, version).write(file);
  }
}
