package dev.diorama.model;

import java.util.Map;
import java.util.Set;

/** The classes that each part of a model may have. A new model family adds its names here. */
final class Families {

  private static final Set<String> TRANSFORMERS = Set.of("WanTransformer3DModel");

  private static final Map<String, Set<String>> KNOWN =
      Map.of(
          "transformer", TRANSFORMERS,
          "transformer_2", TRANSFORMERS,
          "text_encoder", Set.of("UMT5EncoderModel"),
          "image_encoder", Set.of("CLIPVisionModel", "CLIPVisionModelWithProjection"),
          "vae", Set.of("AutoencoderKLWan", "PatchCodec"),
          "scheduler",
              Set.of(
                  "UniPCMultistepScheduler",
                  "FlowMatchEulerDiscreteScheduler",
                  "DPMSolverMultistepScheduler"));

  /** Parts that are read by their files alone; the class names are those of somebody's Python. */
  private static final Set<String> ANY_CLASS = Set.of("tokenizer", "image_processor");

  private static final Set<String> PIPELINES = Set.of("WanPipeline", "WanImageToVideoPipeline");

  private Families() {}

  static boolean isPipeline(String className) {
    return PIPELINES.contains(className);
  }

  static Iterable<String> pipelines() {
    return PIPELINES.stream().sorted().toList();
  }

  static boolean isPart(String name) {
    return KNOWN.containsKey(name) || ANY_CLASS.contains(name);
  }

  static boolean isKnown(String name, String className) {
    return ANY_CLASS.contains(name) || KNOWN.get(name).contains(className);
  }

  static Iterable<String> classes(String name) {
    return KNOWN.get(name).stream().sorted().toList();
  }
}
