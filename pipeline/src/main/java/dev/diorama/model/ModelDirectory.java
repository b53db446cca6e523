package dev.diorama.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * A model in the diffusers layout: {@code model_index.json} names the parts, each of which is a
 * folder beside it.
 *
 * <p>Opening reads the index and checks that every part is known and there; weights are not
 * touched. Immutable.
 */
public final class ModelDirectory {

  private static final String INDEX = "model_index.json";

  private final Path path;
  private final String pipeline;
  private final boolean expandTimesteps;
  private final OptionalDouble boundaryRatio;
  private final Map<String, Component> components;
  private final GenerationDefaults defaults;

  private ModelDirectory(
      Path path, Config index, Map<String, Component> components, GenerationDefaults defaults)
      throws ModelException {
    this.path = path;
    this.pipeline = index.text("_class_name");
    this.expandTimesteps = index.flag("expand_timesteps", false);
    this.boundaryRatio = index.optionalNumber("boundary_ratio");
    this.components = components;
    this.defaults = defaults;
  }

  /**
   * Opens a model.
   *
   * @param path the folder that holds {@code model_index.json}
   * @return the model
   * @throws ModelException when a part is unknown or missing
   * @throws IOException when a file cannot be read
   */
  public static ModelDirectory open(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      throw new ModelException("%s is not a folder.".formatted(path));
    }
    if (!Files.isRegularFile(path.resolve(INDEX))) {
      throw new ModelException("%s is not a model: it holds no %s.".formatted(path, INDEX));
    }
    Config index = Config.read(path.resolve(INDEX));
    String pipeline = index.text("_class_name");
    if (!Families.isPipeline(pipeline)) {
      throw new ModelException(
          "%s: the pipeline %s is not known; known are %s."
              .formatted(index.file(), pipeline, String.join(", ", Families.pipelines())));
    }
    Map<String, Component> components = new LinkedHashMap<>();
    for (String name : index.keys()) {
      JsonNode value = index.node(name);
      if (value.isArray()) {
        readComponent(path, index, name, value, components);
      }
    }
    return new ModelDirectory(path, index, components, GenerationDefaults.read(path));
  }

  /**
   * {@code ["library", "Class"]}; a part that the pipeline does without is {@code [null, null]}.
   */
  private static void readComponent(
      Path path, Config index, String name, JsonNode value, Map<String, Component> components)
      throws ModelException {
    boolean pair = value.size() == 2;
    if (pair && value.get(0).isNull() && value.get(1).isNull()) {
      return;
    }
    if (!pair || !value.get(1).isTextual()) {
      throw new ModelException(
          "%s: '%s' must be a list of a library and a class.".formatted(index.file(), name));
    }
    if (!Families.isPart(name)) {
      throw new ModelException("%s: '%s' is not a known part.".formatted(index.file(), name));
    }
    String className = value.get(1).textValue();
    if (!Families.isKnown(name, className)) {
      throw new ModelException(
          "%s: '%s' has the unknown class %s; known are %s."
              .formatted(index.file(), name, className, String.join(", ", Families.classes(name))));
    }
    Path folder = path.resolve(name);
    if (!Files.isDirectory(folder)) {
      throw new ModelException(
          "%s: '%s' is named, but the folder %s is missing.".formatted(index.file(), name, folder));
    }
    components.put(name, new Component(name, folder, className));
  }

  /**
   * Where the model lies.
   *
   * @return its folder
   */
  public Path path() {
    return path;
  }

  /**
   * The pipeline class that the index names.
   *
   * @return for example {@code WanImageToVideoPipeline}
   */
  public String pipeline() {
    return pipeline;
  }

  /**
   * Whether each token has a timestep of its own (Wan 2.2 TI2V).
   *
   * @return true when it does
   */
  public boolean expandTimesteps() {
    return expandTimesteps;
  }

  /**
   * The share of the noise schedule above which the first of two experts works (Wan 2.2 A14B).
   *
   * @return the share, if there are two
   */
  public OptionalDouble boundaryRatio() {
    return boundaryRatio;
  }

  /**
   * What the model's makers recommend.
   *
   * @return the values of {@code generation_config.json}
   */
  public GenerationDefaults defaults() {
    return defaults;
  }

  /**
   * Whether the model has a part.
   *
   * @param name for example {@code transformer_2}
   * @return true when it has
   */
  public boolean has(String name) {
    return components.containsKey(name);
  }

  /**
   * A part of the model.
   *
   * @param name for example {@code vae}
   * @return the part
   * @throws ModelException when the model has none of that name
   */
  public Component component(String name) throws ModelException {
    Component component = components.get(name);
    if (component == null) {
      throw new ModelException("%s: '%s' is missing.".formatted(path.resolve(INDEX), name));
    }
    return component;
  }
}
