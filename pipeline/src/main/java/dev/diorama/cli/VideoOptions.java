package dev.diorama.cli;

import dev.diorama.video.Fit;
import dev.diorama.video.VideoRequest;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/**
 * The options of {@code diorama video} that say what to make; null stands for the model's own
 * value.
 */
final class VideoOptions {

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "A model in the diffusers layout; default: the embedded nano.")
  Path model;

  @Option(names = "--image", paramLabel = "FILE", description = "A picture to begin with.")
  Path image;

  @Option(
      names = "--fit",
      paramLabel = "crop|stretch",
      converter = FitConverter.class,
      description = "How the picture is brought to size: its middle, or all of it. Default: crop.")
  Fit fit;

  @Option(
      names = "--negative-prompt",
      paramLabel = "TEXT",
      description = "What the video should not show.")
  String negativePrompt;

  @Option(names = "--width", paramLabel = "N", description = "Pixels in a row.")
  Integer width;

  @Option(names = "--height", paramLabel = "N", description = "Rows of pixels.")
  Integer height;

  @Option(names = "--frames", paramLabel = "N", description = "Frames, 4n + 1 of them.")
  Integer frames;

  @Option(names = "--fps", paramLabel = "N", description = "Frames a second.")
  Double fps;

  @Option(names = "--steps", paramLabel = "N", description = "Denoising steps.")
  Integer steps;

  @Option(names = "--guidance", paramLabel = "X", description = "Guidance scale.")
  Double guidance;

  @Option(
      names = "--guidance-2",
      paramLabel = "X",
      description = "Guidance scale of the second expert (Wan 2.2 A14B).")
  Double guidance2;

  @Option(names = "--flow-shift", paramLabel = "X", description = "Shift of the noise schedule.")
  Double flowShift;

  @Option(names = "--seed", paramLabel = "N", description = "Seed of the noise.")
  Long seed;

  @Option(
      names = "--max-sequence-length",
      paramLabel = "N",
      description = "Tokens of the prompt that the model sees.")
  Integer maxSequenceLength;

  /** The model's own values with the user's on top. */
  VideoRequest.Builder over(VideoRequest defaults) {
    VideoRequest.Builder request =
        defaults.toBuilder()
            .size(or(width, defaults.width()), or(height, defaults.height()))
            .frames(or(frames, defaults.frames()))
            .fps(or(fps, defaults.fps()))
            .steps(or(steps, defaults.steps()))
            .guidance(or(guidance, defaults.guidance()))
            .guidance2(or(guidance2, defaults.guidance2()))
            .flowShift(or(flowShift, defaults.flowShift()))
            .seed(or(seed, defaults.seed()))
            .maxSequenceLength(or(maxSequenceLength, defaults.maxSequenceLength()));
    if (negativePrompt != null) {
      request.negativePrompt(negativePrompt);
    }
    return request;
  }

  private static <T> T or(T chosen, T otherwise) {
    return chosen != null ? chosen : otherwise;
  }

  /** The first of these options that was given, or null: none of them has a meaning for latents. */
  String firstGivenForMaking() {
    Object[][] all = {
      {"--image", image},
      {"--fit", fit},
      {"--negative-prompt", negativePrompt},
      {"--width", width},
      {"--height", height},
      {"--frames", frames},
      {"--steps", steps},
      {"--guidance", guidance},
      {"--guidance-2", guidance2},
      {"--flow-shift", flowShift},
      {"--seed", seed},
      {"--max-sequence-length", maxSequenceLength}
    };
    for (Object[] option : all) {
      if (option[1] != null) {
        return (String) option[0];
      }
    }
    return null;
  }

  /** Reads {@code crop} and {@code stretch} in small letters, as they are documented. */
  static final class FitConverter implements ITypeConverter<Fit> {
    @Override
    public Fit convert(String value) {
      for (Fit fit : Fit.values()) {
        if (fit.name().toLowerCase(Locale.ROOT).equals(value)) {
          return fit;
        }
      }
      throw new picocli.CommandLine.TypeConversionException(
          "must be crop or stretch, got '%s'".formatted(value));
    }
  }
}
