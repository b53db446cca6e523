package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import java.util.Random;

/** Scenes of random Gaussians, and the way back from a file that has another order. */
final class RandomScenes {

  private RandomScenes() {}

  static Gaussians of(int count, int degree, long seed) {
    Random random = new Random(seed);
    Gaussians scene = Gaussians.zeros(count, degree);
    for (int i = 0; i < 3 * count; i++) {
      scene.means()[i] = (float) (4 * random.nextGaussian());
      scene.logScales()[i] = (float) (-6 + 5 * random.nextDouble());
    }
    for (int i = 0; i < 4 * count; i++) {
      scene.quats()[i] = (float) random.nextGaussian();
    }
    for (int i = 0; i < count; i++) {
      scene.logitOpacities()[i] = (float) (-5 + 10 * random.nextDouble());
    }
    for (int i = 0; i < scene.sh().length; i++) {
      scene.sh()[i] = (float) (0.4 * random.nextGaussian());
    }
    return scene;
  }

  /** For each Gaussian of a scene the index of that in another whose position is closest. */
  static int[] match(Gaussians scene, Gaussians other) {
    int[] matches = new int[scene.count()];
    for (int i = 0; i < matches.length; i++) {
      double best = Double.POSITIVE_INFINITY;
      for (int j = 0; j < other.count(); j++) {
        double square = 0;
        for (int axis = 0; axis < 3; axis++) {
          double difference = scene.means()[3 * i + axis] - other.means()[3 * j + axis];
          square += difference * difference;
        }
        if (square < best) {
          best = square;
          matches[i] = j;
        }
      }
    }
    return matches;
  }
}
