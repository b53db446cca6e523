package dev.diorama.cli;

import dev.diorama.model.Safetensors;
import dev.diorama.video.VideoRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** What is written into a video about how it was made. */
final class Metadata {
  private static final String FPS = "fps";
  private static final String VERSION = "version";

  private Metadata() {}

  static Map<String, String> of(VideoRequest request, String model) {
    Map<String, String> tags = new LinkedHashMap<>();
    tags.put("prompt", request.prompt());
    if (!request.negativePrompt().isEmpty()) {
      tags.put("negative_prompt", request.negativePrompt());
    }
    tags.put("seed", Long.toString(request.seed()));
    tags.put("steps", Integer.toString(request.steps()));
    tags.put("guidance", Double.toString(request.guidance()));
    tags.put("model", model);
    tags.put(VERSION, "diorama " + Version.text());
    return tags;
  }

  /** What latents say about the request that made them. */
  static Map<String, String> ofLatents(Path latents) throws IOException {
    try (Safetensors tensors = Safetensors.open(latents)) {
      Map<String, String> tags = new LinkedHashMap<>(tensors.metadata());
      tags.values().removeIf(String::isEmpty);
      tags.put(VERSION, "diorama " + Version.text());
      return tags;
    }
  }

  /** The speed that latents were made for, which a video file says by itself. */
  static double fps(Map<String, String> tags, double otherwise) {
    String value = tags.remove(FPS);
    try {
      return value == null ? otherwise : Double.parseDouble(value);
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }
}
