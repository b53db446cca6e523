package dev.diorama.splat.format;

/** Names and numbers of glTF 2.0 and of its extension KHR_gaussian_splatting. */
final class Gltf {
  static final int MAGIC = 0x46546c67;
  static final int JSON_CHUNK = 0x4e4f534a;
  static final int BINARY_CHUNK = 0x004e4942;

  static final int BYTE = 5120;
  static final int UNSIGNED_BYTE = 5121;
  static final int SHORT = 5122;
  static final int UNSIGNED_SHORT = 5123;
  static final int FLOAT = 5126;
  static final int ARRAY_BUFFER = 34962;

  static final String EXTENSION = "KHR_gaussian_splatting";
  static final String ROTATION = EXTENSION + ":ROTATION";
  static final String SCALE = EXTENSION + ":SCALE";
  static final String OPACITY = EXTENSION + ":OPACITY";
  static final String SRGB = "srgb_rec709_display";

  private Gltf() {}

  /** The attribute of one coefficient of the spherical harmonics, from the lowest order on. */
  static String coefficient(int degree, int n) {
    return EXTENSION + ":SH_DEGREE_" + degree + "_COEF_" + n;
  }

  /** From sRGB's values to linear ones, IEC 61966-2-1; both 0 to 1. */
  static double linear(double srgb) {
    return srgb <= 0.04045 ? srgb / 12.92 : Math.pow((srgb + 0.055) / 1.055, 2.4);
  }

  /** The way back. */
  static double srgb(double linear) {
    return linear <= 0.0031308 ? linear * 12.92 : 1.055 * Math.pow(linear, 1 / 2.4) - 0.055;
  }
}
