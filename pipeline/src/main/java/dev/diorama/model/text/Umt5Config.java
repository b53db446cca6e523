package dev.diorama.model.text;

import dev.diorama.model.Config;
import dev.diorama.model.ModelException;

/**
 * The sizes of a UMT5 encoder.
 *
 * @param vocabulary how many tokens there are
 * @param width width of the states
 * @param heads attention heads
 * @param headSize channels of a head
 * @param ffnWidth width of the feed-forward layer
 * @param layers blocks
 * @param buckets distances that the position bias tells apart
 * @param maxDistance distance from which on they are all the same
 * @param eps added to variances
 */
record Umt5Config(
    int vocabulary,
    int width,
    int heads,
    int headSize,
    int ffnWidth,
    int layers,
    int buckets,
    int maxDistance,
    float eps) {

  private static final int MAX_WIDTH = 1 << 20;

  static Umt5Config of(Config config) throws ModelException {
    config.expect("model_type", "umt5");
    config.expect("feed_forward_proj", "gated-gelu");
    config.expect("dense_act_fn", "gelu_new");
    Umt5Config sizes =
        new Umt5Config(
            config.size("vocab_size"),
            config.size("d_model"),
            config.size("num_heads"),
            config.size("d_kv"),
            config.size("d_ff"),
            config.size("num_layers"),
            config.optionalSize("relative_attention_num_buckets").orElse(32),
            config.optionalSize("relative_attention_max_distance").orElse(128),
            (float) config.optionalNumber("layer_norm_epsilon").orElse(1e-6));
    if ((long) sizes.heads * sizes.headSize > MAX_WIDTH || sizes.headSize > 1024) {
      throw new ModelException(
          "%s: %d heads of 'd_kv' %d are more than is supported."
              .formatted(config.file(), sizes.heads, sizes.headSize));
    }
    if (sizes.buckets % 4 != 0 || sizes.maxDistance <= sizes.buckets / 4) {
      throw new ModelException(
          "%s: %d relative attention buckets up to a distance of %d are not possible."
              .formatted(config.file(), sizes.buckets, sizes.maxDistance));
    }
    return sizes;
  }

  int innerWidth() {
    return heads * headSize;
  }
}
