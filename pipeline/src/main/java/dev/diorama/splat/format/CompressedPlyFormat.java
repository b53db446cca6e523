package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * PlayCanvas's compressed .ply: 16 bytes a Gaussian and one more for each further coefficient.
 * Gaussians come in chunks of 256 that share the range of positions, logarithmic scales and
 * colours; within it they are stored in 11, 10 and 11 bits, 11, 10, 11 and 8, 8, 8. The rotation's
 * three smallest components have 10 bits each, the opacity 8. Read and written as
 * {@code @playcanvas/splat-transform} does.
 *
 * <p>Writing orders the Gaussians along a curve, so that chunks are small.
 */
public final class CompressedPlyFormat implements SceneFormat {

  @Override
  public String name() {
    return ".compressed.ply";
  }

  @Override
  public boolean reads(Path file, byte[] head) {
    return PlyHeader.isPly(head)
        && new String(head, StandardCharsets.ISO_8859_1).contains("\nelement chunk ");
  }

  @Override
  public boolean writes(Path file) {
    return SceneFiles.hasSuffix(file, ".compressed.ply");
  }

  @Override
  public Gaussians read(Path file) throws IOException {
    return new CompressedPlyReader(file).read();
  }

  @Override
  public void write(Gaussians scene, Path file) throws IOException {
    SceneChecks.finite(scene, name());
    new CompressedPlyWriter(scene).write(file);
  }
}
