package dev.diorama.model.vae;

/** What an encoder's wiring says about the neighbourhood it sees and the memory it takes. */
final class EncoderShape {
  private static final int F32 = 4;
  private static final int CARRIED = 2;

  private EncoderShape() {}

  /** Whether nothing in front of the middle sees the whole picture. */
  static boolean local(VaeConfig config) {
    return config.attnScales().length == 0;
  }

  /**
   * Latents to each side that the layers in front of the middle depend on, counted backwards to the
   * pixels: every 3x3 convolution adds a pixel of its own scale, and so does a down-sampling at the
   * finer one.
   */
  static int margin(VaeConfig config) {
    int convolutions = 2 * config.resBlocks();
    int reach = convolutions;
    for (int stage = config.stages() - 2; stage >= 0; stage--) {
      reach = 2 * reach + 1 + convolutions;
    }
    reach += 1;
    int scale = 1 << config.stages() - 1;
    return (reach + scale - 1) / scale;
  }

  /**
   * About the most bytes that encoding takes beside the weights.
   *
   * @param height latents
   * @param width latents
   * @param inputBytes of a value that a convolution reads
   * @param tiling how the picture is cut
   */
  static long bytes(VaeConfig config, long height, long width, long inputBytes, Tiling tiling) {
    int finest = 1 << config.stages() - 1;
    long pixels = height * width * finest * finest;
    double picture = (double) F32 * config.temporalStride() * pixels * config.pixelChannels();
    double frames = config.temporalStride();
    double carried = (double) CARRIED * pixels * config.pixelChannels() * inputBytes;
    double largest = 0;
    int in = config.baseDim();
    for (int stage = 0; stage < config.stages(); stage++) {
      int out = config.baseDim() * config.dimMult()[stage];
      int convolutions = 2 * config.resBlocks();
      carried += (double) convolutions * CARRIED * pixels * Math.max(in, out) * inputBytes;
      // What goes in and what comes out, and two that convolutions read.
      double live = frames * pixels * ((in + out) * F32 + 2.0 * out * inputBytes);
      largest = Math.max(largest, live);
      if (stage < config.stages() - 1) {
        pixels /= 4;
        boolean overTime = config.temporalDownsample()[stage];
        carried += overTime ? (double) pixels * out * inputBytes : 0;
        frames /= overTime ? 2 : 1;
      }
      in = out;
    }
    return (long)
        (carried * tiling.overhead(height, width)
            + largest * tiling.largest(height, width)
            + 2 * picture);
  }
}
