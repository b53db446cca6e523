package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import java.nio.ByteBuffer;

/**
 * Decodes the Gaussians of a .ksplat: centre, scale (no logarithm), rotation wxyz, colour and
 * opacity in 255ths, then the spherical harmonics band by band, each red, green, blue in turn.
 *
 * @param level of compression, 0 to 2
 * @param minSh what byte 0 stands for in spherical harmonics of level 2
 * @param maxSh what byte 255 stands for
 */
record KsplatDecoder(int level, float minSh, float maxSh) {
  private static final int BYTE_MAX = 255;
  private static final int COLOUR_BYTES = 4;

  static int rowBytes(int level, int degree) {
    int components = 3 * (Gaussians.coefficients(degree) - 1);
    return 10 * numberBytes(level) + COLOUR_BYTES + components * shBytes(level);
  }

  private static int numberBytes(int level) {
    return level == 0 ? Float.BYTES : Short.BYTES;
  }

  private static int shBytes(int level) {
    return level == 0 ? Float.BYTES : level == 1 ? Short.BYTES : 1;
  }

  /**
   * Decodes a block of a section's Gaussians.
   *
   * @param bytes the block
   * @param section it belongs to
   * @param centres of the section's buckets; null at level 0
   * @param first the block's first Gaussian within the section
   * @param count the block's Gaussians
   * @param scene gets them
   * @param start where the section begins in the scene
   */
  void decode(
      ByteBuffer bytes,
      KsplatSection section,
      float[] centres,
      int first,
      int count,
      Gaussians scene,
      int start) {
    int size = numberBytes(level);
    for (int r = 0; r < count; r++) {
      int row = r * section.rowBytes();
      int i = start + first + r;
      for (int j = 0; j < 3; j++) {
        scene.logScales()[3 * i + j] = (float) Math.log(number(bytes, row + (3 + j) * size));
      }
      if (centres == null) {
        for (int j = 0; j < 3; j++) {
          scene.means()[3 * i + j] = bytes.getFloat(row + j * size);
        }
      } else {
        int bucket = bucket(section, first + r);
        for (int j = 0; j < 3; j++) {
          int steps = Short.toUnsignedInt(bytes.getShort(row + j * size)) - section.range();
          scene.means()[3 * i + j] = (float) (steps * section.step() + centres[3 * bucket + j]);
        }
      }
      for (int j = 0; j < 4; j++) {
        scene.quats()[4 * i + j] = number(bytes, row + (6 + j) * size);
      }
      int colour = row + 10 * size;
      for (int j = 0; j < 3; j++) {
        int value = Byte.toUnsignedInt(bytes.get(colour + j));
        scene.sh()[3 * scene.coefficients() * i + j] = Units.coefficient(value / 255.0);
      }
      scene.logitOpacities()[i] = Units.logit(bytes.get(colour + 3));
      harmonics(bytes, colour + COLOUR_BYTES, section.degree(), scene, i);
    }
  }

  private void harmonics(ByteBuffer bytes, int at, int degree, Gaussians scene, int i) {
    int next = at;
    for (int band = 1; band <= degree; band++) {
      for (int channel = 0; channel < 3; channel++) {
        for (int k = band * band; k < (band + 1) * (band + 1); k++) {
          scene.sh()[3 * (scene.coefficients() * i + k) + channel] = harmonic(bytes, next);
          next += shBytes(level);
        }
      }
    }
  }

  private float number(ByteBuffer bytes, int at) {
    return level == 0 ? bytes.getFloat(at) : Float.float16ToFloat(bytes.getShort(at));
  }

  private float harmonic(ByteBuffer bytes, int at) {
    return level < 2
        ? number(bytes, at)
        : minSh + Byte.toUnsignedInt(bytes.get(at)) / (float) BYTE_MAX * (maxSh - minSh);
  }

  private static int bucket(KsplatSection section, int i) {
    if (i < section.fullBuckets() * section.bucketSize()) {
      return (int) (i / section.bucketSize());
    }
    int low = 0;
    int high = section.partialStarts().length;
    while (high - low > 1) {
      int middle = low + high >>> 1;
      if (section.partialStarts()[middle] <= i) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return (int) section.fullBuckets() + low;
  }
}
