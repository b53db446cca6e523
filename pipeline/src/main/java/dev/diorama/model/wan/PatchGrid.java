package dev.diorama.model.wan;

import java.util.Arrays;

/**
 * A latent video cut into patches.
 *
 * @param frames patches along time
 * @param rows patches from top to bottom
 * @param columns patches from left to right
 */
record PatchGrid(int frames, int rows, int columns) {

  /** The grid of a video [channels, frames, height, width], which must fit the configuration. */
  static PatchGrid of(WanConfig config, long[] shape) {
    if (shape.length != 4 || shape[0] != config.inChannels()) {
      throw new IllegalArgumentException(
          "latents: expected [%d, frames, height, width], got %s."
              .formatted(config.inChannels(), Arrays.toString(shape)));
    }
    return new PatchGrid(
        extent("frames", shape[1], config.patchT(), config.maxPositions()),
        extent("height", shape[2], config.patchH(), config.maxPositions()),
        extent("width", shape[3], config.patchW(), config.maxPositions()));
  }

  private static int extent(String axis, long size, int patch, int max) {
    if (size % patch != 0 || size / patch > max) {
      throw new IllegalArgumentException(
          "latents: %s is %d; it must be a multiple of %d up to %d."
              .formatted(axis, size, patch, (long) patch * max));
    }
    return (int) (size / patch);
  }

  long tokens() {
    return (long) frames * rows * columns;
  }
}
