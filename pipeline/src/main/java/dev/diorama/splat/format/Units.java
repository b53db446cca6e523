package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;

/** The units that formats store, and those of our scenes. */
final class Units {
  private static final int BYTE_MAX = 255;
  private static final float[] LOGITS = new float[BYTE_MAX + 1];

  static {
    for (int i = 0; i <= BYTE_MAX; i++) {
      LOGITS[i] = (float) Math.log((double) i / (BYTE_MAX - i));
    }
  }

  private Units() {}

  /** The logit of an opacity in 255ths; those of 0 and 255 are infinite. */
  static float logit(byte opacity) {
    return LOGITS[Byte.toUnsignedInt(opacity)];
  }

  /** An opacity in 255ths, rounded. */
  static int opacity(float logit) {
    return unorm(1 / (1 + Math.exp(-logit)), BYTE_MAX);
  }

  /** The coefficient of degree 0 of a colour between 0 and 1. */
  static float coefficient(double colour) {
    return (float) ((colour - 0.5) / Gaussians.CONSTANT_HARMONIC);
  }

  /** The colour of a coefficient of degree 0. */
  static double colour(float coefficient) {
    return coefficient * Gaussians.CONSTANT_HARMONIC + 0.5;
  }

  /** A number between 0 and 1 in steps of 1/max, rounded; what lies outside is clamped. */
  static int unorm(double value, int max) {
    return clamp(Math.round(value * max), max);
  }

  static int clamp(long value, int max) {
    return (int) Math.clamp(value, 0L, max);
  }
}
