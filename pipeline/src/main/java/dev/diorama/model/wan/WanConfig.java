package dev.diorama.model.wan;

import dev.diorama.model.Config;
import dev.diorama.model.ModelException;
import java.util.OptionalInt;

/**
 * The sizes of a Wan transformer.
 *
 * @param patchT frames in a patch
 * @param patchH rows in a patch
 * @param patchW columns in a patch
 * @param heads attention heads
 * @param headSize channels of a head
 * @param inChannels channels of the latent video that goes in
 * @param outChannels channels of what comes out
 * @param textWidth width of the text encoder's states
 * @param frequencies width of the timestep's sinusoidal embedding
 * @param ffnWidth width of the feed-forward layer
 * @param layers blocks
 * @param crossNorm whether the states are normalised before cross-attention
 * @param eps added to variances
 * @param imageWidth width of the image encoder's states, when the model reads them
 * @param imagePositions image states that have a learned position, when they have one
 * @param maxPositions largest extent of the video in patches along an axis
 */
public record WanConfig(
    int patchT,
    int patchH,
    int patchW,
    int heads,
    int headSize,
    int inChannels,
    int outChannels,
    int textWidth,
    int frequencies,
    int ffnWidth,
    int layers,
    boolean crossNorm,
    float eps,
    OptionalInt imageWidth,
    OptionalInt imagePositions,
    int maxPositions) {

  private static final int MAX_WIDTH = 1 << 20;

  /**
   * Reads a configuration.
   *
   * @param config the transformer's {@code config.json}
   * @return the sizes
   * @throws ModelException when a key is missing, of a wrong type, or a value is not implemented
   */
  public static WanConfig of(Config config) throws ModelException {
    config.expect("_class_name", "WanTransformer3DModel");
    config.expect("qk_norm", "rms_norm_across_heads");
    int[] patch = config.sizes("patch_size", 3);
    int heads = config.size("num_attention_heads");
    int headSize = config.size("attention_head_dim");
    OptionalInt imageWidth = config.optionalSize("image_dim");
    OptionalInt addedWidth = config.optionalSize("added_kv_proj_dim");
    int inChannels = config.size("in_channels");
    WanConfig sizes =
        new WanConfig(
            patch[0],
            patch[1],
            patch[2],
            heads,
            headSize,
            inChannels,
            config.optionalSize("out_channels").orElse(inChannels),
            config.size("text_dim"),
            config.size("freq_dim"),
            config.size("ffn_dim"),
            config.size("num_layers"),
            config.flag("cross_attn_norm", true),
            (float) config.optionalNumber("eps").orElse(1e-6),
            imageWidth,
            config.optionalSize("pos_embed_seq_len"),
            config.optionalSize("rope_max_seq_len").orElse(1024));
    sizes.check(config.file(), addedWidth);
    return sizes;
  }

  private void check(String file, OptionalInt addedWidth) throws ModelException {
    if ((long) heads * headSize > MAX_WIDTH || headSize % 2 != 0 || headSize > 1024) {
      throw new ModelException(
          ("%s: %d heads of 'attention_head_dim' %d are not supported; a head must be even and at"
                  + " most 1024 wide, all together at most %d.")
              .formatted(file, heads, headSize, MAX_WIDTH));
    }
    if (frequencies % 2 != 0) {
      throw new ModelException(
          "%s: 'freq_dim' is %d; it must be even.".formatted(file, frequencies));
    }
    if ((long) patchT * patchH * patchW > 4096) {
      throw new ModelException("%s: 'patch_size' is too large.".formatted(file));
    }
    if (imageWidth.isPresent() != addedWidth.isPresent()) {
      throw new ModelException(
          "%s: 'image_dim' and 'added_kv_proj_dim' must both be there or both be null."
              .formatted(file));
    }
    if (addedWidth.isPresent() && addedWidth.getAsInt() != width()) {
      throw new ModelException(
          "%s: 'added_kv_proj_dim' is %d; it must be %d, the width of the model."
              .formatted(file, addedWidth.getAsInt(), width()));
    }
  }

  /**
   * Width of the model's states.
   *
   * @return channels of all heads together
   */
  public int width() {
    return heads * headSize;
  }

  /** Values of a patch a channel. */
  int patchVolume() {
    return patchT * patchH * patchW;
  }
}
