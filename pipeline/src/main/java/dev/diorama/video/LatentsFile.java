package dev.diorama.video;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import dev.diorama.model.ElementType;
import dev.diorama.model.ModelException;
import dev.diorama.model.Safetensors;
import dev.diorama.model.SafetensorsWriter;
import dev.diorama.model.vae.Codecs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Latents between denoising and decoding: a safetensors file with the tensor {@code latents}, [1,
 * channels, frames, height, width] in f32 as a denoiser leaves them, and the request as metadata.
 */
final class LatentsFile {
  private static final String NAME = "latents";

  private LatentsFile() {}

  /** Writes latents [channels, frames, height, width]. */
  static void write(Path file, Tensor latents, String model, VideoRequest request)
      throws IOException {
    long[] shape = latents.shape();
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("model", model);
    metadata.put("prompt", request.prompt());
    metadata.put("negative_prompt", request.negativePrompt());
    metadata.put("seed", Long.toString(request.seed()));
    metadata.put("steps", Integer.toString(request.steps()));
    metadata.put("guidance", Double.toString(request.guidance()));
    metadata.put("fps", Double.toString(request.fps()));
    var declaration =
        new SafetensorsWriter.Declaration(
            NAME, ElementType.F32, 1, shape[0], shape[1], shape[2], shape[3]);
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(file, metadata, List.of(declaration))) {
      for (long channel = 0; channel < shape[0]; channel++) {
        writer.write(latents.select(0, channel).toFloats());
      }
      writer.finish();
    }
  }

  /** Reads latents for a codec, as [channels, frames, height, width]. */
  static Tensor read(Path file, Codecs.Shape codec, Scope scope, Context context)
      throws IOException {
    try (Safetensors tensors = Safetensors.open(file)) {
      long[] shape = tensors.entry(NAME).shape();
      boolean batched = shape.length == 5 && shape[0] == 1;
      if (!batched || shape[1] != codec.channels()) {
        throw new ModelException(
            "%s: tensor '%s' is %s; this model decodes [1, %d, frames, height, width]."
                .formatted(file, NAME, tensors.entry(NAME), codec.channels()));
      }
      Tensor latents = scope.tensor(DType.F32, shape[1], shape[2], shape[3], shape[4]);
      latents.set(tensors.floats(NAME));
      return latents;
    }
  }
}
