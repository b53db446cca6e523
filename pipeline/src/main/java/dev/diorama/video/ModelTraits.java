package dev.diorama.video;

import dev.diorama.model.Config;
import dev.diorama.model.GenerationDefaults;
import dev.diorama.model.ModelDirectory;
import dev.diorama.model.ModelException;
import dev.diorama.model.vae.Codecs;
import dev.diorama.video.scheduler.SchedulerConfig;
import java.io.IOException;
import java.util.OptionalDouble;

/**
 * What a model's configurations say about the requests it takes; read without touching weights.
 *
 * @param name the model's folder
 * @param codec the shape of its latents
 * @param patchFrames latent frames of a token
 * @param patchHeight latents of a token's height
 * @param patchWidth latents of a token's width
 * @param inputChannels channels that the transformer reads
 * @param longestAxis tokens along the longest axis that the position embedding knows
 * @param perToken whether each token has a timestep of its own
 * @param boundary the share of the noise schedule below which the second expert works
 * @param imageUse what becomes of a first frame
 * @param clip whether the first frame goes through an image encoder too
 * @param scheduler the noise schedule
 * @param recommended what its makers recommend
 */
record ModelTraits(
    String name,
    Codecs.Shape codec,
    int patchFrames,
    int patchHeight,
    int patchWidth,
    int inputChannels,
    int longestAxis,
    boolean perToken,
    OptionalDouble boundary,
    VideoModel.ImageUse imageUse,
    boolean clip,
    SchedulerConfig scheduler,
    GenerationDefaults recommended) {

  private static final int DEFAULT_LONGEST_AXIS = 1024;

  static ModelTraits read(ModelDirectory directory) throws IOException {
    Codecs.Shape codec = Codecs.shape(directory.component("vae"));
    Config transformer = directory.component("transformer").config();
    int[] patch = transformer.sizes("patch_size", 3);
    int channels = transformer.size("in_channels");
    boolean conditioned = channels == 2 * codec.channels() + codec.temporalStride();
    if (!conditioned && channels != codec.channels()) {
      throw new ModelException(
          "%s: 'in_channels' is %d; with this codec it must be %d, or %d for image to video."
              .formatted(
                  transformer.file(),
                  channels,
                  codec.channels(),
                  2 * codec.channels() + codec.temporalStride()));
    }
    OptionalDouble boundary = directory.boundaryRatio();
    if (boundary.isPresent()) {
      directory.component("transformer_2");
    }
    boolean clip = transformer.has("image_dim");
    if (clip) {
      directory.component("image_encoder");
      directory.component("image_processor");
    }
    directory.component("text_encoder");
    directory.component("tokenizer");
    Config scheduler =
        Config.read(directory.component("scheduler").folder().resolve("scheduler_config.json"));
    return new ModelTraits(
        directory.path().toAbsolutePath().normalize().getFileName().toString(),
        codec,
        patch[0],
        patch[1],
        patch[2],
        channels,
        transformer.optionalSize("rope_max_seq_len").orElse(DEFAULT_LONGEST_AXIS),
        directory.expandTimesteps(),
        boundary,
        imageUse(conditioned, directory.expandTimesteps()),
        clip,
        new SchedulerConfig(scheduler),
        directory.defaults());
  }

  private static VideoModel.ImageUse imageUse(boolean conditioned, boolean perToken) {
    if (conditioned) {
      return VideoModel.ImageUse.REQUIRED;
    }
    return perToken ? VideoModel.ImageUse.OPTIONAL : VideoModel.ImageUse.NONE;
  }

  int widthMultiple() {
    return codec.spatialStride() * patchWidth;
  }

  int heightMultiple() {
    return codec.spatialStride() * patchHeight;
  }

  int latentFrames(int frames) {
    return 1 + (frames - 1) / codec.temporalStride();
  }

  /** Channels, frames, height and width of a request's latents. */
  long[] latentsShape(VideoRequest request) {
    return new long[] {
      codec.channels(),
      latentFrames(request.frames()),
      request.height() / codec.spatialStride(),
      request.width() / codec.spatialStride()
    };
  }

  VideoRequest defaults() throws ModelException {
    boolean large = codec.spatialStride() > 8;
    return new VideoRequest(
        "",
        recommended.negativePrompt().orElse(""),
        null,
        Fit.CROP,
        recommended.width().orElse(large ? 1280 : 832),
        recommended.height().orElse(large ? 704 : 480),
        recommended.frames().orElse(large ? 121 : 81),
        recommended.frameRate().orElse(large ? 24 : 16),
        recommended.steps().orElse(50),
        recommended.guidance().orElse(5),
        recommended.guidance2().isPresent() ? recommended.guidance2().getAsDouble() : null,
        recommended.flowShift().orElse(scheduler.flowShift()),
        0,
        recommended.maxSequenceLength().orElse(512),
        null);
  }
}
