package dev.diorama.programs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diorama.programs.NodePrograms.Outcome;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.format.SceneFormats;
import dev.diorama.splat.format.WriteOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code @playcanvas/splat-transform} reads every format that we write, and we what it writes. */
class SplatTransformTest {
  private static final String PROGRAM = "node_modules/@playcanvas/splat-transform/bin/cli.mjs";

  /** More than splat-transform's palette of 512, so that its colours are clustered. */
  private static final int COUNT = 600;

  private static NodePrograms programs;

  @TempDir private Path folder;

  @BeforeAll
  static void install() throws IOException {
    programs = NodePrograms.install("tests/programs");
  }

  /** A format, and a whole step of each of its values; the other program cuts off, we round. */
  record Format(String file, int spzVersion, Quantisation step) {

    /**
     * How far two programs may be apart that decode the same bytes. A component of a rotation in a
     * .splat is (byte - 128) / 128 to who made the format, and to us, but byte / 127.5 - 1 to
     * splat-transform.
     */
    Quantisation decoded() {
      Quantisation same = Quantisation.SAME_BYTES;
      return file.endsWith(".splat")
          ? new Quantisation(
              same.position(), same.logScale(), 1 / 128.0, same.opacity(), same.colour(), same.sh())
          : same;
    }

    @Override
    public String toString() {
      return file + (file.endsWith(".spz") ? " " + spzVersion : "");
    }
  }

  static Stream<Format> formats() {
    double byteColour = 1 / 255.0 / 0.28209479;
    // 9 bits for each smaller component of up to sqrt(1/2), the largest follows: 3 sqrt(1/2) / 0.5.
    double smallestThree = 4.3;
    Quantisation exact = new Quantisation(1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 1e-6);
    Quantisation splat = new Quantisation(1e-6, 1e-5, 2 / 128.0, 1 / 255.0, byteColour, 0);
    // 11, 10 and 11 bits of a chunk's box, which is at most 24 wide; scales of 9, colours of 2.
    Quantisation compressed =
        new Quantisation(
            24 / 1023.0,
            9 / 1023.0,
            smallestThree * Math.sqrt(2) / 1023,
            1 / 255.0,
            2 * byteColour,
            8 / 256.0);
    Quantisation spz =
        new Quantisation(
            1 / 4096.0,
            1 / 16.0,
            smallestThree * Math.sqrt(0.5) / 511,
            1 / 255.0,
            1 / 255.0 / 0.15,
            16 / 128.0);
    // 16 bits of the logarithms of -12 to 12. Codebooks: three times the step of even levels. The
    // palette of colours is smaller than the scene, so those of higher degree are not compared.
    Quantisation sog =
        new Quantisation(
            2 * Math.log(13) / 65535,
            3 * 8 / 256.0,
            smallestThree * Math.sqrt(2) / 255,
            1 / 255.0,
            3 * 1.8 / 256,
            Double.POSITIVE_INFINITY);
    return Stream.of(
        new Format("a.ply", 0, exact),
        new Format("a.compressed.ply", 0, compressed),
        new Format("a.splat", 0, splat),
        new Format("a.spz", 3, spz),
        new Format("a.spz", 4, spz),
        new Format("a.sog", 0, sog),
        new Format("a/meta.json", 0, sog));
  }

  private static Gaussians scene(int degree) {
    Random random = new Random(7);
    Gaussians scene = Gaussians.zeros(COUNT, degree);
    for (int i = 0; i < 3 * COUNT; i++) {
      scene.means()[i] = (float) Math.clamp(3 * random.nextGaussian(), -12, 12);
      scene.logScales()[i] = (float) random.nextDouble(-7, 1);
    }
    for (int i = 0; i < 4 * COUNT; i++) {
      scene.quats()[i] = (float) random.nextGaussian();
    }
    for (int i = 0; i < COUNT; i++) {
      scene.logitOpacities()[i] = (float) random.nextDouble(-5, 5);
    }
    for (int i = 0; i < scene.sh().length; i++) {
      scene.sh()[i] = (float) random.nextDouble(-0.9, 0.9);
    }
    return scene;
  }

  private Path file(String name) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return file;
  }

  private static void transform(Path from, Path to, int spzVersion) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("-q", "-w", "-g", "cpu", "-i", "1"));
    if (spzVersion > 0) {
      arguments.addAll(List.of("--spz-version", "" + spzVersion));
    }
    arguments.addAll(List.of(from.toString(), to.toString()));
    Outcome outcome = programs.node(PROGRAM, arguments.toArray(String[]::new));
    assertThat(outcome.status()).as(outcome.errors() + outcome.output()).isZero();
  }

  @ParameterizedTest
  @MethodSource("formats")
  void shouldReadWhatWeWrite(Format format) throws IOException {
    Gaussians scene = scene(3);
    Path ours = file(format.file());
    WriteOptions options =
        format.spzVersion() > 0 ? new WriteOptions(format.spzVersion()) : WriteOptions.DEFAULT;
    SceneFormats.write(scene, ours, options);
    Path ply = file("theirs.ply");
    transform(ours, ply, 0);
    Gaussians theirs = SceneFormats.read(ply);
    format.decoded().check(SceneFormats.read(ours), theirs, true);
    format.step().check(scene, theirs, false);
  }

  /** It reads .splat and does not write it. */
  static Stream<Format> formatsThatItWrites() {
    return formats().filter(format -> !format.file().endsWith(".splat"));
  }

  @ParameterizedTest
  @MethodSource("formatsThatItWrites")
  void shouldWriteWhatWeRead(Format format) throws IOException {
    Gaussians scene = scene(3);
    Path ply = file("ours.ply");
    SceneFormats.write(scene, ply);
    Path theirs = file(format.file());
    transform(ply, theirs, format.spzVersion());
    Gaussians back = SceneFormats.read(theirs);
    Path again = file("theirs.ply");
    transform(theirs, again, 0);
    format.decoded().check(SceneFormats.read(again), back, true);
    format.step().check(scene, back, false);
  }

  @Test
  void shouldWriteGlbAsWeReadIt() throws IOException {
    Gaussians scene = scene(3);
    Path ply = file("ours.ply");
    SceneFormats.write(scene, ply);
    Path glb = file("theirs.glb");
    transform(ply, glb, 0);
    new Quantisation(1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 1e-6).check(scene, SceneFormats.read(glb), true);
  }
}
