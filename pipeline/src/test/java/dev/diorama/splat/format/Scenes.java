package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Scenes for tests. */
final class Scenes {

  private Scenes() {}

  /** Gaussians of all sizes and colours within what every format can hold. */
  static Gaussians random(int count, int degree) {
    RandomGenerator random =
        RandomGeneratorFactory.of("L64X128MixRandom").create(31L * count + degree);
    Gaussians scene = Gaussians.zeros(count, degree);
    fill(scene.means(), () -> (float) random.nextGaussian(0, 3));
    fill(scene.quats(), () -> (float) random.nextGaussian());
    fill(scene.logScales(), () -> (float) random.nextDouble(-7, 1));
    fill(scene.logitOpacities(), () -> (float) random.nextDouble(-5, 5));
    fill(scene.sh(), () -> (float) random.nextDouble(-0.9, 0.9));
    return scene;
  }

  private interface Source {
    float next();
  }

  private static void fill(float[] values, Source source) {
    for (int i = 0; i < values.length; i++) {
      values[i] = source.next();
    }
  }
}
