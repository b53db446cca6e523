package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import java.io.IOException;
import java.nio.file.Path;

/**
 * .glb, binary glTF 2.0, with KHR_gaussian_splatting of the Khronos Group: positions, unit
 * quaternions xyzw, linear scales and opacities, spherical harmonics with the Condon-Shortley phase
 * (the signs of Kerbl et al. 2023), and colours of points in COLOR_0 for programs without the
 * extension. A scene is turned to glTF's axes and back, so it stands upright there.
 *
 * <p>Lossless but for roundings to F32 of scales and opacities, and scales beyond e^43.
 */
final class GlbFormat implements SceneFormat {

  @Override
  public String name() {
    return ".glb";
  }

  @Override
  public boolean reads(Path file, byte[] head) {
    return head.length > 3 && head[0] == 'g' && head[1] == 'l' && head[2] == 'T' && head[3] == 'F';
  }

  @Override
  public boolean writes(Path file) {
    return SceneFiles.hasSuffix(file, ".glb");
  }

  @Override
  public Gaussians read(Path file) throws IOException {
    return GlbReader.read(file);
  }

  @Override
  public void write(Gaussians scene, Path file) throws IOException {
    GlbWriter.write(scene, file);
  }
}
