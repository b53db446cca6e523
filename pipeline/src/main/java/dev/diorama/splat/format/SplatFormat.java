package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The .splat of antimatter15's viewer: 32 bytes a Gaussian and no header. Position and scale are
 * three floats each, the scale not as a logarithm; red, green, blue and opacity are 255ths; the
 * rotation, wxyz, is in 128ths around 128. Spherical harmonics beyond degree 0 are lost.
 */
public final class SplatFormat implements SceneFormat {
  private static final int ROW_BYTES = 32;
  private static final int SCALE = 12;
  private static final int COLOUR = 24;
  private static final int ROTATION = 28;
  private static final double ROTATION_ONE = 128;

  @Override
  public String name() {
    return ".splat";
  }

  @Override
  public boolean reads(Path file, byte[] head) {
    return SceneFiles.hasSuffix(file, ".splat");
  }

  @Override
  public boolean writes(Path file) {
    return SceneFiles.hasSuffix(file, ".splat");
  }

  @Override
  public Gaussians read(Path file) throws IOException {
    long size = Files.size(file);
    if (size % ROW_BYTES != 0) {
      throw new SceneException(
          "%s has %d bytes, expected a multiple of %d: a .splat has that many for each Gaussian"
              .formatted(file, size, ROW_BYTES));
    }
    Gaussians scene = SceneFiles.allocate(file, size / ROW_BYTES, 0);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      Rows.read(
          channel,
          0,
          scene.count(),
          ROW_BYTES,
          ByteOrder.LITTLE_ENDIAN,
          (bytes, first, count) -> {
            for (int r = 0; r < count; r++) {
              decode(bytes, r * ROW_BYTES, scene, first + r);
            }
          });
    }
    return scene;
  }

  private static void decode(ByteBuffer bytes, int row, Gaussians scene, int i) {
    for (int j = 0; j < 3; j++) {
      scene.means()[3 * i + j] = bytes.getFloat(row + 4 * j);
      scene.logScales()[3 * i + j] = (float) Math.log(bytes.getFloat(row + SCALE + 4 * j));
      int colour = Byte.toUnsignedInt(bytes.get(row + COLOUR + j));
      scene.sh()[3 * i + j] = Units.coefficient(colour / 255.0);
    }
    scene.logitOpacities()[i] = Units.logit(bytes.get(row + COLOUR + 3));
    for (int j = 0; j < 4; j++) {
      int q = Byte.toUnsignedInt(bytes.get(row + ROTATION + j));
      scene.quats()[4 * i + j] = (float) ((q - ROTATION_ONE) / ROTATION_ONE);
    }
  }

  @Override
  public void write(Gaussians scene, Path file) throws IOException {
    SceneChecks.finite(scene, name());
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      Rows.write(
          channel,
          0,
          scene.count(),
          ROW_BYTES,
          (bytes, first, count) -> {
            double[] q = new double[4];
            for (int r = 0; r < count; r++) {
              encode(scene, first + r, q, bytes, r * ROW_BYTES);
            }
          });
    }
  }

  private static void encode(Gaussians scene, int i, double[] q, ByteBuffer bytes, int row) {
    for (int j = 0; j < 3; j++) {
      bytes.putFloat(row + 4 * j, scene.means()[3 * i + j]);
      bytes.putFloat(row + SCALE + 4 * j, (float) Math.exp(scene.logScales()[3 * i + j]));
      double colour = Units.colour(scene.sh()[3 * scene.coefficients() * i + j]);
      bytes.put(row + COLOUR + j, (byte) Units.unorm(colour, 255));
    }
    bytes.put(row + COLOUR + 3, (byte) Units.opacity(scene.logitOpacities()[i]));
    Quaternions.normalised(scene.quats(), i, q);
    for (int j = 0; j < 4; j++) {
      long rounded = Math.round(q[j] * ROTATION_ONE + ROTATION_ONE);
      bytes.put(row + ROTATION + j, (byte) Units.clamp(rounded, 255));
    }
  }
}
