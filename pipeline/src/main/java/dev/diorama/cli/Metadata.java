package dev.diorama.cli;

import dev.diorama.model.Safetensors;
import dev.diorama.video.VideoRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is written into a video about how it was made. */
final class Metadata {
  private static final String FPS = "fps";
  private static final String VERSION = "version";
  private static final List<String> NAMES =
      List.of("prompt", "negative_prompt", "seed", "steps", "guidance", "model", FPS);

  private Metadata() {}

  static Map<String, String> of(VideoRequest request, String model) {
    Map<String, String> tags = new HashMap<>();
    tags.put("prompt", request.prompt());
    tags.put("negative_prompt", request.negativePrompt());
    tags.put("seed", Long.toString(request.seed()));
    tags.put("steps", Integer.toString(request.steps()));
    tags.put("guidance", Double.toString(request.guidance()));
    tags.put("model", model);
    return ordered(tags);
  }

  /** What latents say about the request that made them: the same as the request itself. */
  static Map<String, String> ofLatents(Path latents) throws IOException {
    try (Safetensors tensors = Safetensors.open(latents)) {
      return ordered(tensors.metadata());
    }
  }

  private static Map<String, String> ordered(Map<String, String> tags) {
    Map<String, String> ordered = new LinkedHashMap<>();
    for (String name : NAMES) {
      String value = tags.get(name);
      if (value != null && !value.isEmpty()) {
        ordered.put(name, value);
      }
    }
    ordered.put(VERSION, "diorama " + Version.text());
    return ordered;
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
