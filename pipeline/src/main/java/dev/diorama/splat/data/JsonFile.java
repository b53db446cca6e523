package dev.diorama.splat.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * An object of a JSON file whose values are asked for by name and kind; what is wrong is one
 * sentence that names the file, the place in it and the key. {@code null} counts as absent. Size
 * and depth of a file are bounded.
 *
 * @param where for messages: the file and the place in it
 * @param node the object
 */
record JsonFile(String where, JsonNode node) {
  private static final long MAX_BYTES = 256L << 20;
  private static final int MAX_DEPTH = 32;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** The object in a file. */
  static JsonFile read(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString());
    }
    if (!Files.isRegularFile(file) || Files.size(file) > MAX_BYTES) {
      throw new SceneException("%s is no file of at most %d MB".formatted(file, MAX_BYTES >> 20));
    }
    return parse(file.toString(), Files.readAllBytes(file));
  }

  /** The object in some bytes. */
  static JsonFile parse(String name, byte[] bytes) throws SceneException {
    JsonNode node;
    try {
      node = MAPPER.readTree(bytes);
    } catch (JsonProcessingException e) {
      var place = e.getLocation();
      String at =
          place == null
              ? ""
              : " (line %d, column %d)".formatted(place.getLineNr(), place.getColumnNr());
      throw new SceneException("%s is not valid JSON%s".formatted(name, at), e);
    } catch (IOException e) {
      throw new SceneException("%s is not UTF-8 text".formatted(name), e);
    }
    if (node == null || !node.isObject()) {
      throw new SceneException("%s does not hold a JSON object".formatted(name));
    }
    return new JsonFile(name, node);
  }

  boolean has(String key) {
    return node.hasNonNull(key);
  }

  /** The objects of a list. */
  List<JsonFile> objects(String key) throws SceneException {
    JsonNode list = require(key);
    if (!list.isArray()) {
      throw wrong(key, list, "a list of objects");
    }
    List<JsonFile> objects = new ArrayList<>(list.size());
    for (JsonNode entry : list) {
      if (!entry.isObject()) {
        throw wrong(key, entry, "a list of objects");
      }
      objects.add(new JsonFile("%s, %s[%d]".formatted(where, key, objects.size()), entry));
    }
    return objects;
  }

  /** A finite number. */
  double number(String key) throws SceneException {
    JsonNode value = require(key);
    if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
      throw wrong(key, value, "a number");
    }
    return value.doubleValue();
  }

  double number(String key, double absent) throws SceneException {
    return has(key) ? number(key) : absent;
  }

  /** A whole number from low to high; 640.0 is one too. */
  int integer(String key, int low, int high) throws SceneException {
    double value = number(key);
    if (value != Math.rint(value) || value < low || value > high) {
      throw wrong(key, node.get(key), "a whole number from %d to %d".formatted(low, high));
    }
    return (int) value;
  }

  String text(String key) throws SceneException {
    JsonNode value = require(key);
    if (!value.isTextual() || value.textValue().indexOf('\0') >= 0) {
      throw wrong(key, value, "text");
    }
    return value.textValue();
  }

  String text(String key, String absent) throws SceneException {
    return has(key) ? text(key) : absent;
  }

  boolean flag(String key) throws SceneException {
    if (has(key) && !node.get(key).isBoolean()) {
      throw wrong(key, node.get(key), "true or false");
    }
    return has(key) && node.get(key).booleanValue();
  }

  /** So many finite numbers, in lists of lists or one after the other. */
  double[] numbers(String key, int count) throws SceneException {
    List<JsonNode> flat = new ArrayList<>();
    flatten(require(key), flat, count);
    double[] numbers = new double[flat.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = flat.get(i).isNumber() ? flat.get(i).doubleValue() : Double.NaN;
      if (!Double.isFinite(numbers[i])) {
        throw wrong(key, node.get(key), "%d numbers".formatted(count));
      }
    }
    if (numbers.length != count) {
      throw wrong(key, node.get(key), "%d numbers".formatted(count));
    }
    return numbers;
  }

  private static void flatten(JsonNode value, List<JsonNode> flat, int most) {
    if (!value.isArray()) {
      flat.add(value);
      return;
    }
    for (JsonNode entry : value) {
      if (flat.size() <= most) {
        flatten(entry, flat, most);
      }
    }
  }

  private JsonNode require(String key) throws SceneException {
    if (!has(key)) {
      throw new SceneException("%s: %s is missing".formatted(where, key));
    }
    return node.get(key);
  }

  private SceneException wrong(String key, JsonNode value, String wanted) {
    String text = value.toString();
    String shown = text.length() > 60 ? text.substring(0, 60) + "..." : text;
    return new SceneException("%s: %s is %s, expected %s".formatted(where, key, shown, wanted));
  }
}
