package dev.diorama.splat.format;

import dev.diorama.splat.SceneException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One table of a .ply.
 *
 * @param name such as "vertex"
 * @param count its rows, as claimed
 * @param properties its columns in order
 */
record PlyElement(String name, long count, List<Property> properties) {

  /**
   * One column.
   *
   * @param name such as "x"
   * @param type of its numbers; null for a list, whose rows differ in length
   */
  record Property(String name, PlyType type) {}

  /** Whether every row has the same size. */
  boolean isTable() {
    return properties.stream().allMatch(p -> p.type != null);
  }

  /** The size of a binary row; only of a table. */
  int rowBytes() {
    return properties.stream().mapToInt(p -> p.type.bytes()).sum();
  }

  boolean has(String property) {
    return properties.stream().anyMatch(p -> p.name.equals(property));
  }

  /** Where each column begins in a binary row. */
  int[] offsets() {
    int[] offsets = new int[properties.size()];
    for (int i = 1; i < offsets.length; i++) {
      offsets[i] = offsets[i - 1] + properties.get(i - 1).type.bytes();
    }
    return offsets;
  }

  /**
   * The columns by name.
   *
   * @throws SceneException when two have one name
   */
  Map<String, Integer> indices(Path file) throws SceneException {
    Map<String, Integer> indices = new HashMap<>();
    for (int i = 0; i < properties.size(); i++) {
      if (indices.put(properties.get(i).name, i) != null) {
        throw new SceneException(
            "%s has the property %s twice, expected once".formatted(file, properties.get(i).name));
      }
    }
    return indices;
  }
}
