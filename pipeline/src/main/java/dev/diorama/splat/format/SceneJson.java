package dev.diorama.splat.format;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** The JSON of a scene's file: every access checks what it finds and says what it expected. */
final class SceneJson {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String name;
  private final JsonNode root;

  private SceneJson(String name, JsonNode root) {
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
  static SceneJson parse(String name, byte[] bytes) throws IOException {
    try {
      // As text: from bytes Jackson would guess at other encodings than UTF-8, and fail
      // differently.
      JsonNode root = JSON.readTree(new String(bytes, StandardCharsets.UTF_8));
      if (root == null || !root.isObject()) {
        throw new SceneException("%s is no JSON object".formatted(name));
      }
      return new SceneJson(name, root);
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
   * A text.
   *
   * @param pointer where
   * @param pattern what it must match
   * @param expected the same in words
   * @return the text
   * @throws SceneException when it is anything else
   */
  String text(String pointer, Pattern pattern, String expected) throws SceneException {
    JsonNode node = root.at(pointer);
    if (!node.isTextual() || !pattern.matcher(node.textValue()).matches()) {
      throw wrong(pointer, node, expected);
    }
    return node.textValue();
  }

  /**
   * Whether a text says something.
   *
   * @param pointer where
   * @param text what it should say
   * @return false when it is anything else
   */
  boolean is(String pointer, String text) {
    return text.equals(root.at(pointer).textValue());
  }

  /**
   * How many entries an array or an object has.
   *
   * @param pointer where
   * @return 0 when there is neither
   */
  int size(String pointer) {
    return root.at(pointer).size();
  }

  /**
   * Whether a switch is on.
   *
   * @param pointer where
   * @return false when it is absent
   */
  boolean flag(String pointer) {
    return root.at(pointer).asBoolean(false);
  }

  /**
   * What to throw where a value fits its kind and yet is wrong.
   *
   * @param pointer where
   * @param expected what would be right
   * @return the exception
   */
  SceneException wrongValue(String pointer, String expected) {
    return wrong(pointer, root.at(pointer), expected);
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
