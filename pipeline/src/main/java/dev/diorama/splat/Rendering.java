package dev.diorama.splat;

/**
 * Pictures of one camera, rows from the top. What was not asked for is null; the arrays are the
 * receiver's.
 *
 * @param width pixels in a row
 * @param height rows
 * @param rgb [H, W, 3] colours over the background; 0 to 1, more where the scene is brighter
 * @param depth [H, W, 1] accumulated: sum of weight * z, in units of the scene
 * @param expectedDepth [H, W, 1] depth / alpha, 0 where alpha is 0
 * @param alpha [H, W, 1] how much of the pixel the scene covers, 0 to 1
 * @param normals [H, W, 3] sum of weight * shortest axis, in the camera, turned towards it
 */
public record Rendering(
    int width,
    int height,
    float[] rgb,
    float[] depth,
    float[] expectedDepth,
    float[] alpha,
    float[] normals) {

  /** The pictures that can be asked for. */
  public enum Channel {
    /** Colours. */
    RGB(3),
    /** Accumulated depth. */
    DEPTH(1),
    /** Depth over alpha. */
    EXPECTED_DEPTH(1),
    /** Coverage. */
    ALPHA(1),
    /** Normals of the Gaussians' shortest axes. */
    NORMALS(3);

    private final int samples;

    Channel(int samples) {
      this.samples = samples;
    }

    /**
     * How many numbers a pixel has.
     *
     * @return 1 or 3
     */
    public int samples() {
      return samples;
    }
  }
}
