package dev.diorama.splat.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpzFormatTest {
  /** One term of each coefficient's polynomial (Sloan 2008); all its terms have one parity. */
  private static final String[] POLYNOMIALS = {
    "", "y", "z", "x", "xy", "yz", "zz", "xz", "xx", "xxy", "xyz", "yzz", "zzz", "xzz", "xxz", "xxx"
  };

  /** Letters of Niantic's coordinate systems 1 to 8. */
  private static final String[] SYSTEMS = {"LDB", "RDB", "LUB", "RUB", "LDF", "RDF", "LUF", "RUF"};

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void shouldTurnEveryCoefficientByItsParity(int system) throws SceneException {
    SpzAxes axes = SpzAxes.numbered(folder, system);
    for (int k = 0; k < POLYNOMIALS.length; k++) {
      int sign = 1;
      for (char axis : POLYNOMIALS[k].toCharArray()) {
        sign *= SYSTEMS[system - 1].charAt(axis - 'x') == "RDF".charAt(axis - 'x') ? 1 : -1;
      }
      assertThat(axes.harmonic(k)).as("coefficient %d", k).isEqualTo(sign);
    }
  }

  @Test
  void shouldTurnRotationsWithTheAxes() {
    // With y and z turned over, a turn about x stays, and those about y and z go the other way.
    assertThat(SpzAxes.RUB.turned(new double[] {0.1, 0.3, 0.5, 0.8}))
        .containsExactly(0.1, 0.3, -0.5, -0.8);
  }

  @Test
  void shouldReadVersion1() throws IOException {
    Gaussians scene = read(1, 0, 0, 0x3c00, 0xc000, 0x7e00, 0);
    assertThat(scene.means()).containsExactly(1, 2, Float.NaN);
  }

  @Test
  void shouldFollowTheCoordinateSystem() throws IOException {
    // The second record is the extension; the first is someone else's.
    Gaussians scene = read(1, 2, 7, 0x3c00, 0xc000, 0x4200, 6);
    assertThat(scene.means()).containsExactly(1, -2, 3);
    assertThatThrownBy(() -> read(1, 2, 7, 0, 0, 0, 12))
        .isInstanceOf(SceneException.class)
        .hasMessageContaining("coordinate system 12, expected 1 to 8");
  }

  /** Writes and reads one Gaussian whose position is three half floats. */
  private Gaussians read(int version, int flags, int other, int x, int y, int z, int system)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(new SpzHeader(version, 1, 0, 12, flags, 0).toBytes());
    bytes.putShort((short) x).putShort((short) y).putShort((short) z);
    bytes.put(new byte[10]);
    if (flags != 0) {
      bytes.putInt(other).putInt(3).put(new byte[3]);
      bytes.putInt(0xadbe0003).putInt(4).putInt(system);
    }
    Path file = folder.resolve("one.spz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(bytes.array(), 0, bytes.position());
    }
    return SceneFormats.read(file);
  }

  @Test
  void shouldWriteNoOtherVersions() {
    assertThatThrownBy(() -> new SpzFormat(2)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new SpzFormat(5)).isInstanceOf(IllegalArgumentException.class);
  }
}
