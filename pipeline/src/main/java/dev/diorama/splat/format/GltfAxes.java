package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;

/**
 * Between our axes and glTF's. glTF has +Y up, +Z forward and -X right, where a scene has y down, z
 * forward and x right: half a turn about z. All of it is exact, signs and places change and nothing
 * else. Of the spherical harmonics those of odd order change their sign, which have odd indices.
 */
final class GltfAxes {

  private GltfAxes() {}

  /** x or y or z of a position in the other's axes. */
  static float position(float[] means, int at) {
    return at % 3 == 2 ? means[at] : -means[at];
  }

  /** A rotation of ours in glTF's axes, wxyz and normalised: (0, 0, 0, 1) times it. */
  static double[] toGltf(float[] quats, int gaussian) {
    double[] q = new double[4];
    Quaternions.normalised(quats, gaussian, q);
    return new double[] {-q[3], -q[2], q[1], q[0]};
  }

  /** A coefficient of the spherical harmonics in the other's axes. */
  static float coefficient(float value, int index) {
    return index % 2 == 1 ? -value : value;
  }

  /** Turns a scene from glTF's axes to ours, in place. */
  static void fromGltf(Gaussians scene) {
    float[] means = scene.means();
    for (int i = 0; i < means.length; i++) {
      means[i] = position(means, i);
    }
    float[] q = scene.quats();
    for (int i = 0; i < q.length; i += 4) {
      float w = q[i];
      float x = q[i + 1];
      q[i] = q[i + 3];
      q[i + 1] = q[i + 2];
      q[i + 2] = -x;
      q[i + 3] = -w;
    }
    float[] sh = scene.sh();
    int k = scene.coefficients();
    for (int i = 0; i < sh.length; i++) {
      sh[i] = coefficient(sh[i], i / 3 % k);
    }
  }
}
