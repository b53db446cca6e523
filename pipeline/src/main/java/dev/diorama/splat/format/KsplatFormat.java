package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The .ksplat of mkkellogg's GaussianSplats3D, version 0.1, read only: sections of Gaussians, each
 * with its own degree, at compression level 0 (floats), 1 (positions in blocks, half floats) or 2
 * (as 1, with spherical harmonics in bytes).
 */
public final class KsplatFormat implements SceneFormat {

  @Override
  public String name() {
    return ".ksplat";
  }

  @Override
  public boolean reads(Path file, byte[] head) {
    return SceneFiles.hasSuffix(file, ".ksplat");
  }

  @Override
  public boolean writes(Path file) {
    return SceneFiles.hasSuffix(file, ".ksplat");
  }

  @Override
  public Gaussians read(Path file) throws IOException {
    return new KsplatReader(file).read();
  }

  @Override
  public void write(Gaussians scene, Path file) throws IOException {
    throw new SceneException("a .ksplat can be read but not written; a .spz is as small");
  }
}
