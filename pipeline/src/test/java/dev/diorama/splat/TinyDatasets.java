package dev.diorama.splat;

import dev.diorama.Backend;
import dev.diorama.CameraModel;
import dev.diorama.SplatSettings;
import dev.diorama.media.Picture;
import dev.diorama.splat.Rendering.Channel;
import dev.diorama.splat.data.Dataset;
import dev.diorama.splat.data.PointCloud;
import dev.diorama.splat.data.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** A ball of a few round Gaussians, seen from around in pictures of 32 x 24. */
final class TinyDatasets {
  static final int GAUSSIANS = 40;
  static final int VIEWS = 18;

  private TinyDatasets() {}

  static Gaussians scene() {
    SplittableRandom random = new SplittableRandom(5);
    Gaussians scene = Gaussians.zeros(GAUSSIANS, 0);
    for (int i = 0; i < GAUSSIANS; i++) {
      for (int axis = 0; axis < 3; axis++) {
        scene.means()[3 * i + axis] = (float) (random.nextDouble() * 1.6 - 0.8);
        scene.logScales()[3 * i + axis] = (float) Math.log(0.12 + 0.1 * random.nextDouble());
        scene.sh()[3 * i + axis] = (float) (random.nextDouble() * 3 - 1.5);
      }
      scene.quats()[4 * i] = 1;
      scene.logitOpacities()[i] = 2;
    }
    return scene;
  }

  /** The views with the scene's own means as points, moved a little. */
  static Dataset of(Backend backend) {
    Gaussians scene = scene();
    List<View> views = new ArrayList<>();
    try (Renderer renderer = Renderer.open(backend, scene)) {
      for (int i = 0; i < VIEWS; i++) {
        double angle = 2 * Math.PI * i / VIEWS;
        double[] position = {3 * Math.cos(angle), -0.4 - 0.5 * (i % 4), 3 * Math.sin(angle)};
        Camera camera =
            Camera.lookAt(
                CameraModel.PINHOLE, 32, 24, 30, position, new double[3], new double[] {0, -1, 0});
        float[] rgb = renderer.render(camera, SplatSettings.DEFAULT, Set.of(Channel.RGB)).rgb();
        byte[] bytes = new byte[rgb.length];
        for (int s = 0; s < rgb.length; s++) {
          bytes[s] = (byte) Math.rint(Math.clamp(rgb[s], 0f, 1f) * 255);
        }
        views.add(new View("view" + i, camera, new Picture(32, 24, bytes)));
      }
    }
    SplittableRandom random = new SplittableRandom(6);
    float[] positions = scene.means().clone();
    for (int i = 0; i < positions.length; i++) {
      positions[i] += (float) (0.05 * random.nextGaussian());
    }
    byte[] colours = new byte[positions.length];
    for (int i = 0; i < colours.length; i++) {
      double colour = 0.5 + 0.28209479177387814 * scene.sh()[i] + 0.1 * random.nextGaussian();
      colours[i] = (byte) Math.rint(Math.clamp(colour, 0, 1) * 255);
    }
    return new Dataset(views, new PointCloud(positions, colours));
  }
}
