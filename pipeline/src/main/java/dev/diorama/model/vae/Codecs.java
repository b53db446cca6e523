package dev.diorama.model.vae;

import dev.diorama.model.Component;
import dev.diorama.model.Config;
import dev.diorama.model.ModelException;
import dev.diorama.model.Weights;
import java.io.IOException;

/** The codecs by the class that a model's index names. */
public final class Codecs {
  private Codecs() {}

  /**
   * What a codec's configuration says about its latents.
   *
   * @param channels channels of a latent
   * @param spatialStride pixels of height or width that one latent stands for
   * @param temporalStride frames that one latent frame after the first stands for
   */
  public record Shape(int channels, int spatialStride, int temporalStride) {}

  /**
   * Reads a codec's shape; its weights are not touched.
   *
   * @param component the codec
   * @return its shape
   * @throws IOException when the configuration cannot be read or is not understood
   */
  public static Shape shape(Component component) throws IOException {
    Config config = component.config();
    if (component.className().equals("PatchCodec")) {
      return PatchCodec.shape(config);
    }
    VaeConfig vae = VaeConfig.read(config);
    return new Shape(vae.zDim(), vae.spatialStride(), vae.temporalStride());
  }

  /**
   * Opens a codec.
   *
   * @param component the codec
   * @param weights its weights; must stay open longer
   * @return the codec
   * @throws IOException when the configuration is not understood or the weights do not fit it
   */
  public static VideoCodec open(Component component, Weights weights) throws IOException {
    Config config = component.config();
    return switch (component.className()) {
      case "AutoencoderKLWan" -> AutoencoderKlWan.open(config, weights);
      case "PatchCodec" -> PatchCodec.open(config, weights);
      default ->
          throw new ModelException(
              "%s is a %s, which is no codec.".formatted(config.file(), component.className()));
    };
  }
}
