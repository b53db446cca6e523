package dev.diorama.programs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.diorama.Backend;
import dev.diorama.CameraModel;
import dev.diorama.SplatSettings;
import dev.diorama.programs.NodePrograms.Outcome;
import dev.diorama.splat.Camera;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.Renderer;
import dev.diorama.splat.Rendering;
import dev.diorama.splat.format.SceneFormats;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page opens in headless Chromium, needs no network and shows what we draw ourselves. */
class ViewerPageTest {
  private static final int WIDTH = 320;
  private static final int HEIGHT = 240;

  @TempDir private Path folder;

  /**
   * A green floor at y = 1, a red ball above it on the left and a tall blue column on the right.
   */
  private static Gaussians scene() {
    Random random = new Random(3);
    int count = 6000;
    Gaussians scene = Gaussians.zeros(count, 1);
    for (int i = 0; i < count; i++) {
      double[] at = {random.nextDouble(-2, 2), 1, random.nextDouble(-2, 2)};
      double[] colour = {0.1, 0.6 + 0.3 * random.nextDouble(), 0.1};
      if (i % 3 == 1) {
        double[] d = {random.nextGaussian(), random.nextGaussian(), random.nextGaussian()};
        double length = Math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
        at = new double[] {-1 + 0.5 * d[0] / length, 0.5 * d[1] / length, 0.5 * d[2] / length};
        colour = new double[] {0.9, 0.2, 0.1 + 0.3 * random.nextDouble()};
      } else if (i % 3 == 2) {
        at = new double[] {1 + random.nextDouble(-0.2, 0.2), random.nextDouble(-1.5, 1), 0};
        colour = new double[] {0.1, 0.3 * random.nextDouble(), 0.9};
      }
      for (int c = 0; c < 3; c++) {
        scene.means()[3 * i + c] = (float) at[c];
        scene.logScales()[3 * i + c] = (float) Math.log(random.nextDouble(0.02, 0.06));
        scene.sh()[12 * i + c] = (float) ((colour[c] - 0.5) / 0.28209479177387814);
      }
      for (int c = 3; c < 12; c++) {
        scene.sh()[12 * i + c] = (float) (0.1 * random.nextGaussian());
      }
      for (int c = 0; c < 4; c++) {
        scene.quats()[4 * i + c] = (float) random.nextGaussian();
      }
      scene.logitOpacities()[i] = (float) random.nextDouble(0, 4);
    }
    return scene;
  }

  @Test
  void shouldShowWhatWeDraw() throws IOException {
    NodePrograms programs = NodePrograms.install("benchmarks/viewer");
    assumeTrue(
        SceneFormats.class.getResource("viewer.html") != null,
        "the viewer is not packed: npm was absent or had no network when this was built");
    Path page = folder.resolve("page.html");
    Path sog = folder.resolve("scene.sog");
    Path png = folder.resolve("page.png");
    SceneFormats.write(scene(), page);
    SceneFormats.write(scene(), sog);
    Outcome outcome =
        programs.node(
            "page.mjs",
            page.toString(),
            "--width=" + WIDTH,
            "--height=" + HEIGHT,
            "--picture=" + png);
    assertThat(outcome.status()).as(outcome.errors()).isZero();
    JsonNode facts = new ObjectMapper().readTree(outcome.output());
    assertThat(facts.get("network")).isEmpty();
    assertThat(facts.get("errors")).isEmpty();
    float[] theirs = pixels(ImageIO.read(png.toFile()));
    float[] ours = draw(SceneFormats.read(sog), camera(facts.get("camera")));

    double difference = meanDifference(ours, theirs, false);
    // The viewer lets a Gaussian end at sqrt(8) sigma and takes exp(-4) = 0.018 off it before,
    // which
    // shows along outlines, and it blends in 8 bits. Upside down is ten times as far away.
    assertThat(difference).isLessThan(0.01);
    assertThat(meanDifference(ours, theirs, true)).isGreaterThan(10 * difference);
    // The column on the right reaches higher than the ball, and the floor is below both.
    assertThat(mean(theirs, 2, 0, HEIGHT / 2)).isGreaterThan(mean(theirs, 2, HEIGHT / 2, HEIGHT));
    assertThat(mean(theirs, 1, HEIGHT / 2, HEIGHT)).isGreaterThan(mean(theirs, 1, 0, HEIGHT / 2));
  }

  /** From the viewer's axes, y up and half a turn about z away, looking along -z, to ours. */
  private static Camera camera(JsonNode facts) {
    double[] m = new double[16];
    for (int i = 0; i < 16; i++) {
      m[i] = facts.get("world").get(i).asDouble();
    }
    double[] view = new double[16];
    view[15] = 1;
    for (int row = 0; row < 3; row++) {
      double sign = row == 0 ? 1 : -1;
      double along = 0;
      for (int axis = 0; axis < 3; axis++) {
        double turned = axis == 2 ? 1 : -1;
        view[4 * row + axis] = sign * turned * m[4 * row + axis];
        along += view[4 * row + axis] * turned * m[12 + axis];
      }
      view[4 * row + 3] = -along;
    }
    double half = Math.tan(Math.toRadians(facts.get("fov").asDouble()) / 2);
    double focal = (facts.get("horizontal").asBoolean() ? WIDTH : HEIGHT) / 2.0 / half;
    return new Camera(
        CameraModel.PINHOLE, WIDTH, HEIGHT, focal, focal, WIDTH / 2.0, HEIGHT / 2.0, view);
  }

  private static float[] draw(Gaussians scene, Camera camera) {
    try (Backend backend = Backend.open("cpu");
        Renderer renderer = Renderer.open(backend, scene)) {
      float[] rgb =
          renderer.render(camera, SplatSettings.DEFAULT, Set.of(Rendering.Channel.RGB)).rgb();
      for (int i = 0; i < rgb.length; i++) {
        rgb[i] = Math.clamp(rgb[i], 0, 1);
      }
      return rgb;
    }
  }

  private static float[] pixels(BufferedImage image) {
    assertThat(image.getWidth()).isEqualTo(WIDTH);
    assertThat(image.getHeight()).isEqualTo(HEIGHT);
    float[] pixels = new float[WIDTH * HEIGHT * 3];
    for (int i = 0; i < pixels.length; i++) {
      int rgb = image.getRGB(i / 3 % WIDTH, i / 3 / WIDTH);
      pixels[i] = (rgb >> 16 - 8 * (i % 3) & 255) / 255f;
    }
    return pixels;
  }

  private static double meanDifference(float[] a, float[] b, boolean upsideDown) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      int row = i / (3 * WIDTH);
      int other = upsideDown ? i + (HEIGHT - 1 - 2 * row) * 3 * WIDTH : i;
      sum += Math.abs(a[i] - b[other]);
    }
    return sum / a.length;
  }

  private static double mean(float[] pixels, int channel, int fromRow, int toRow) {
    double sum = 0;
    for (int i = fromRow * WIDTH; i < toRow * WIDTH; i++) {
      sum += pixels[3 * i + channel];
    }
    return sum / ((toRow - fromRow) * WIDTH);
  }
}
