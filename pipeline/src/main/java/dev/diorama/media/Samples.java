package dev.diorama.media;

/** Conversion between samples of 8 bits and of floating point. */
public final class Samples {

  private Samples() {}

  /** From 0..1 to 0..255: clamped, rounded to the nearest, halves to even, as NumPy does. */
  public static byte[] toBytes(float[] samples) {
    byte[] out = new byte[samples.length];
    for (int i = 0; i < out.length; i++) {
      float clamped = Math.max(0f, Math.min(1f, samples[i]));
      out[i] = (byte) (int) Math.rint(clamped * 255f);
    }
    return out;
  }

  /** From 0..255 to 0..1. */
  public static float[] toFloats(byte[] samples) {
    float[] out = new float[samples.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (samples[i] & 0xff) / 255f;
    }
    return out;
  }
}
