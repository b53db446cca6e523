package dev.diorama.model.vae;

import dev.diorama.model.Config;
import dev.diorama.model.ModelException;
import java.util.Arrays;

/**
 * The configuration of a Wan VAE. Absent values are those of Wan 2.1.
 *
 * @param baseDim channels of the encoder's first layer
 * @param decoderBaseDim the decoder's counterpart
 * @param zDim channels of a latent
 * @param dimMult multipliers of the channels, one a stage
 * @param resBlocks residual blocks of an encoder's stage; the decoder has one more
 * @param attnScales scales at which Wan 2.1's encoder has attention
 * @param temporalDownsample for each stage but the last whether it halves the frames
 * @param residual Wan 2.2's kind, with shortcuts around the stages
 * @param patch side of the patches that are moved to the channels, 1 for none
 * @param latentsMean mean of each latent channel
 * @param latentsStd standard deviation of each latent channel
 */
record VaeConfig(
    int baseDim,
    int decoderBaseDim,
    int zDim,
    int[] dimMult,
    int resBlocks,
    double[] attnScales,
    boolean[] temporalDownsample,
    boolean residual,
    int patch,
    float[] latentsMean,
    float[] latentsStd) {

  private static final int MAX_CHANNELS = 1 << 14;
  private static final int MAX_STAGES = 8;
  private static final int MAX_BLOCKS = 64;

  static VaeConfig read(Config in) throws ModelException {
    int baseDim = size(in, "base_dim", 96, MAX_CHANNELS);
    int zDim = size(in, "z_dim", 16, MAX_CHANNELS);
    int patch = size(in, "patch_size", 1, 16);
    int[] dimMult = in.has("dim_mult") ? in.sizes("dim_mult", 0) : new int[] {1, 2, 4, 4};
    boolean[] temporal =
        in.has("temperal_downsample")
            ? in.flags("temperal_downsample")
            : new boolean[] {false, true, true};
    require(in, dimMult.length >= 1 && dimMult.length <= MAX_STAGES, "dim_mult", "1 to 8 numbers");
    for (int multiplier : dimMult) {
      require(in, multiplier <= MAX_CHANNELS / baseDim, "dim_mult", "small multipliers");
    }
    int changes = dimMult.length - 1;
    require(in, temporal.length >= changes, "temperal_downsample", changes + " flags");
    VaeConfig config =
        new VaeConfig(
            baseDim,
            size(in, "decoder_base_dim", baseDim, MAX_CHANNELS),
            zDim,
            dimMult,
            size(in, "num_res_blocks", 2, MAX_BLOCKS),
            in.has("attn_scales") ? in.numbers("attn_scales", 0) : new double[0],
            Arrays.copyOf(temporal, changes),
            in.flag("is_residual", false),
            patch,
            floats(in.numbers("latents_mean", zDim)),
            floats(in.numbers("latents_std", zDim)));
    config.check(in);
    return config;
  }

  private void check(Config in) throws ModelException {
    int pixels = pixelChannels();
    require(in, size(in, "in_channels", 3, MAX_CHANNELS) == pixels, "in_channels", "" + pixels);
    require(in, size(in, "out_channels", 3, MAX_CHANNELS) == pixels, "out_channels", "" + pixels);
    int space = spatialStride();
    String key = "scale_factor_spatial";
    require(
        in, size(in, key, space, MAX_CHANNELS) == space, key, space + ", as its stages make it");
    int time = temporalStride();
    key = "scale_factor_temporal";
    require(in, size(in, key, time, MAX_CHANNELS) == time, key, time + ", as its stages make it");
    for (int i = 0; i < zDim; i++) {
      require(in, Float.isFinite(latentsMean[i]), "latents_mean", "finite");
      require(in, latentsStd[i] > 0 && Float.isFinite(latentsStd[i]), "latents_std", "positive");
    }
  }

  private static int size(Config in, String key, int absent, int most) throws ModelException {
    int value = in.optionalSize(key).orElse(absent);
    require(in, value <= most, key, "at most " + most);
    return value;
  }

  private static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  private static void require(Config in, boolean holds, String key, String wanted)
      throws ModelException {
    if (!holds) {
      throw new ModelException("%s: '%s' must be %s.".formatted(in.file(), key, wanted));
    }
  }

  /** Channels of a patch of pixels. */
  int pixelChannels() {
    return 3 * patch * patch;
  }

  int stages() {
    return dimMult.length;
  }

  int spatialStride() {
    return patch << stages() - 1;
  }

  int temporalStride() {
    int stride = 1;
    for (boolean halves : temporalDownsample) {
      stride *= halves ? 2 : 1;
    }
    return stride;
  }

  boolean attendsAt(double scale) {
    return Arrays.stream(attnScales).anyMatch(s -> s == scale);
  }
}
