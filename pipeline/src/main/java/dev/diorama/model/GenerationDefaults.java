package dev.diorama.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * What a model's makers recommend, from its {@code generation_config.json}. Everything may be
 * absent.
 *
 * @param width pixels
 * @param height pixels
 * @param frames frames of the video
 * @param frameRate frames a second
 * @param steps denoising steps
 * @param guidance weight of the prompt against the negative prompt
 * @param guidance2 the same for the second expert
 * @param flowShift shift of the noise schedule
 * @param maxSequenceLength tokens that the text encoder reads
 * @param negativePrompt what the video should not show
 */
public record GenerationDefaults(
    OptionalInt width,
    OptionalInt height,
    OptionalInt frames,
    OptionalDouble frameRate,
    OptionalInt steps,
    OptionalDouble guidance,
    OptionalDouble guidance2,
    OptionalDouble flowShift,
    OptionalInt maxSequenceLength,
    Optional<String> negativePrompt) {

  private static final String FILE = "generation_config.json";

  /** Reads a folder's file, or nothing where there is none. */
  static GenerationDefaults read(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    Config config =
        Files.exists(file) ? Config.read(file) : Config.parse(FILE, new byte[] {'{', '}'});
    return new GenerationDefaults(
        config.optionalSize("width"),
        config.optionalSize("height"),
        config.optionalSize("num_frames"),
        config.optionalNumber("frame_rate"),
        config.optionalSize("num_inference_steps"),
        config.optionalNumber("guidance_scale"),
        config.optionalNumber("guidance_scale_2"),
        config.optionalNumber("flow_shift"),
        config.optionalSize("max_sequence_length"),
        config.optionalText("negative_prompt"));
  }
}
