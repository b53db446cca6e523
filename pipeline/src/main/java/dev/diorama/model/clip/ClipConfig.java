package dev.diorama.model.clip;

import dev.diorama.Activation;
import dev.diorama.model.Config;
import dev.diorama.model.ModelException;

/**
 * The sizes of a CLIP vision tower.
 *
 * @param width width of the states
 * @param ffnWidth width of the feed-forward layer
 * @param layers blocks
 * @param heads attention heads
 * @param channels colours of a pixel
 * @param imageSize pixels along each side of the picture
 * @param patchSize pixels along each side of a patch
 * @param eps added to variances
 * @param activation of the feed-forward layer
 */
record ClipConfig(
    int width,
    int ffnWidth,
    int layers,
    int heads,
    int channels,
    int imageSize,
    int patchSize,
    float eps,
    Activation activation) {

  static ClipConfig of(Config config) throws ModelException {
    config.expect("model_type", "clip_vision_model");
    ClipConfig sizes =
        new ClipConfig(
            config.size("hidden_size"),
            config.size("intermediate_size"),
            config.size("num_hidden_layers"),
            config.size("num_attention_heads"),
            config.optionalSize("num_channels").orElse(3),
            config.size("image_size"),
            config.size("patch_size"),
            (float) config.optionalNumber("layer_norm_eps").orElse(1e-5),
            activation(config));
    if (sizes.width % sizes.heads != 0) {
      throw new ModelException(
          "%s: 'hidden_size' %d is not a multiple of the %d heads."
              .formatted(config.file(), sizes.width, sizes.heads));
    }
    if (sizes.imageSize % sizes.patchSize != 0 || sizes.imageSize > 1 << 14) {
      throw new ModelException(
          "%s: 'image_size' %d must be a multiple of 'patch_size' %d, up to %d."
              .formatted(config.file(), sizes.imageSize, sizes.patchSize, 1 << 14));
    }
    return sizes;
  }

  private static Activation activation(Config config) throws ModelException {
    String name = config.optionalText("hidden_act").orElse("quick_gelu");
    return switch (name) {
      case "gelu" -> Activation.GELU_ERF;
      case "quick_gelu" -> Activation.QUICK_GELU;
      default ->
          throw new ModelException(
              "%s: 'hidden_act' is '%s'; known are gelu and quick_gelu."
                  .formatted(config.file(), name));
    };
  }

  int headSize() {
    return width / heads;
  }

  int patches() {
    return imageSize / patchSize * (imageSize / patchSize);
  }
}
