package dev.diorama.model.vae;

/** What a decoder's wiring says about the neighbourhood it sees and the memory it takes. */
final class DecoderShape {
  private static final int F32 = 4;
  private static final int CARRIED = 2;

  private DecoderShape() {}

  /**
   * Latents to each side that a pixel depends on by way of the layers behind the middle: every 3x3
   * convolution adds a pixel of its own scale, counted backwards from the picture.
   */
  static int margin(VaeConfig config) {
    int convolutions = 2 * (config.resBlocks() + 1);
    int reach = 1;
    for (int stage = config.stages() - 1; stage >= 0; stage--) {
      reach += convolutions;
      if (stage > 0) {
        reach = (reach + 1 + 1) / 2;
      }
    }
    return reach;
  }

  /**
   * About the most bytes that decoding takes beside the weights.
   *
   * @param height latents
   * @param width latents
   * @param inputBytes of a value that a convolution reads
   * @param tiling how the picture is cut
   */
  static long bytes(VaeConfig config, long height, long width, long inputBytes, Tiling tiling) {
    double carried = 0;
    double largest = 0;
    long pixels = height * width;
    int frames = 1;
    int in = config.decoderBaseDim() * config.dimMult()[config.stages() - 1];
    for (int stage = 0; stage < config.stages(); stage++) {
      int mirrored = config.stages() - 1 - stage;
      int out = config.decoderBaseDim() * config.dimMult()[mirrored];
      int convolutions = 2 * (config.resBlocks() + 1);
      carried += (double) convolutions * CARRIED * pixels * out * inputBytes;
      // What goes in and what comes out, and two that convolutions read.
      double live = (double) frames * pixels * ((in + out) * F32 + 2.0 * out * inputBytes);
      largest = Math.max(largest, live);
      if (mirrored > 0) {
        boolean overTime = config.temporalDownsample()[mirrored - 1];
        carried += overTime ? (double) CARRIED * pixels * out * inputBytes : 0;
        frames *= overTime ? 2 : 1;
        pixels *= 4;
      }
      in = config.residual() ? out : out / 2;
    }
    double picture = 3.0 * F32 * frames * pixels * config.patch() * config.patch();
    return (long)
        (carried * tiling.overhead(height, width)
            + largest * tiling.largest(height, width)
            + 2 * picture);
  }
}
