package dev.diorama.model;

import java.io.IOException;
import java.nio.file.Path;

/**
 * One part of a model: a folder with a configuration and perhaps weights, and the class that reads
 * it.
 *
 * @param name its name in {@code model_index.json}, which is its folder's name as well
 * @param folder where it lies
 * @param className the class that the index names, for example {@code WanTransformer3DModel}
 */
public record Component(String name, Path folder, String className) {

  /**
   * Reads its {@code config.json}.
   *
   * @return the configuration
   * @throws ModelException when it is missing or not a JSON object
   * @throws IOException when it cannot be read
   */
  public Config config() throws IOException {
    return Config.read(folder.resolve("config.json"));
  }

  /**
   * Maps its weights.
   *
   * @return the weights; the caller closes them
   * @throws ModelException when they are missing or not what they say they are
   * @throws IOException when they cannot be read
   */
  public Safetensors weights() throws IOException {
    return Safetensors.openFolder(folder);
  }
}
