package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;

/** Scenes for tests: the same on every machine, as files made by other programs hold them too. */
final class Scenes {
  private static final int MULTIPLIER = 1664525;
  private static final int INCREMENT = 1013904223;

  private int state;

  private Scenes(int seed) {
    this.state = seed;
  }

  /** Gaussians of all sizes, colours and rotations within what every format can hold. */
  static Gaussians random(int count, int degree) {
    Scenes random = new Scenes(31 * count + degree);
    Gaussians scene = Gaussians.zeros(count, degree);
    random.fill(scene.means(), -3, 3);
    random.fill(scene.quats(), -1, 1);
    random.fill(scene.logScales(), -7, 1);
    random.fill(scene.logitOpacities(), -4, 4);
    random.fill(scene.sh(), -0.9f, 0.9f);
    return scene;
  }

  /** Numbers of a linear congruential generator (Numerical Recipes), of which it takes 24 bits. */
  private void fill(float[] values, float low, float high) {
    for (int i = 0; i < values.length; i++) {
      state = state * MULTIPLIER + INCREMENT;
      values[i] = low + (high - low) * (state >>> 8) / (1 << 24);
    }
  }
}
