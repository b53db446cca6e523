package dev.diorama.splat.format;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.diorama.splat.SceneException;
import java.io.IOException;

/** A .sog's meta.json: every access checks what it finds and says what it expected. */
final class SogMeta {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String name;
  private final JsonNode root;

  private SogMeta(String name, JsonNode root) {
    this.name = name;
    this.root = root;
  }

  /**
   * Parses.
   *
   * @param name for messages
   * @param bytes the file
   * @return to be asked
   * @throws IOException when it is no JSON object
   */
  static SogMeta parse(String name, byte[] bytes) throws IOException {
    try {
      JsonNode root = JSON.readTree(bytes);
      if (root == null || !root.isObject()) {
        throw new SceneException("%s is no JSON object".formatted(name));
      }
      return new SogMeta(name, root);
    } catch (JsonProcessingException e) {
      throw new SceneException("%s is no JSON: %s".formatted(name, e.getOriginalMessage()), e);
    }
  }

  /**
   * Whether something is there.
   *
   * @param pointer a JSON pointer, such as "/shN/count"
   * @return false also for null
   */
  boolean has(String pointer) {
    return !root.at(pointer).isMissingNode() && !root.at(pointer).isNull();
  }

  /**
   * A whole number.
   *
   * @param pointer where
   * @param min the least that is right
   * @param max the most
   * @return the number
   * @throws SceneException when it is anything else
   */
  long integer(String pointer, long min, long max) throws SceneException {
    JsonNode node = root.at(pointer);
    boolean whole = node.isNumber() && node.doubleValue() == Math.rint(node.doubleValue());
    if (!whole || node.doubleValue() < min || node.doubleValue() > max) {
      throw wrong(pointer, node, "a whole number from %d to %d".formatted(min, max));
    }
    return node.longValue();
  }

  /**
   * A number.
   *
   * @param pointer where
   * @return finite
   * @throws SceneException when it is anything else
   */
  double number(String pointer) throws SceneException {
    JsonNode node = root.at(pointer);
    if (!node.isNumber() || !Double.isFinite(node.doubleValue())) {
      throw wrong(pointer, node, "a number");
    }
    return node.doubleValue();
  }

  /**
   * An array of numbers.
   *
   * @param pointer where
   * @param min the least length that is right
   * @param max the greatest
   * @return the numbers, finite
   * @throws SceneException when it is anything else
   */
  double[] numbers(String pointer, int min, int max) throws SceneException {
    JsonNode node = root.at(pointer);
    if (!node.isArray() || node.size() < min || node.size() > max) {
      String length = min == max ? "" + min : min + " to " + max;
      throw wrong(pointer, node, "an array of %s numbers".formatted(length));
    }
    double[] values = new double[node.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = number(pointer + "/" + i);
    }
    return values;
  }

  /**
   * The name of an image, which lies beside meta.json.
   *
   * @param group such as "means"
   * @param index within its "files"
   * @return without folders
   * @throws SceneException when it is absent or leads elsewhere
   */
  String file(String group, int index) throws SceneException {
    String pointer = "/" + group + "/files/" + index;
    JsonNode node = root.at(pointer);
    String text = node.asText("");
    if (!node.isTextual()
        || text.isEmpty()
        || text.startsWith(".")
        || !text.matches("[^/\\\\:\0]+")) {
      throw wrong(pointer, node, "the name of a file beside it");
    }
    return text;
  }

  private SceneException wrong(String pointer, JsonNode node, String expected) {
    String found = node.isMissingNode() ? "nothing" : shorten(node.toString());
    return new SceneException(
        "%s has %s at %s, expected %s".formatted(name, found, pointer, expected));
  }

  private static String shorten(String text) {
    return text.length() <= 40 ? text : text.substring(0, 37) + "...";
  }
}
