package dev.diorama.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * A configuration file: a JSON object whose values are asked for by name and type. {@code null}
 * counts as absent; {@code Infinity} and {@code NaN} are numbers. A value that is missing or of
 * another type is one sentence that names the file and the key.
 */
public final class Config {

  private final String file;
  private final JsonNode values;

  private Config(String file, JsonNode values) {
    this.file = file;
    this.values = values;
  }

  /**
   * Reads a file.
   *
   * @param file the file
   * @return its values
   * @throws ModelException when it is missing or not a JSON object
   * @throws IOException when it cannot be read
   */
  public static Config read(Path file) throws IOException {
    return new Config(file.toString(), Json.read(file));
  }

  /**
   * Reads bytes, as of a file that lies elsewhere.
   *
   * @param name what messages call it
   * @param bytes JSON in UTF-8
   * @return its values
   * @throws ModelException when the bytes are not a JSON object
   * @throws IOException never otherwise
   */
  public static Config parse(String name, byte[] bytes) throws IOException {
    return new Config(name, Json.parse(name, bytes));
  }

  /**
   * What messages call the file.
   *
   * @return its path
   */
  public String file() {
    return file;
  }

  /**
   * Whether there is a value that is not null.
   *
   * @param key its name
   * @return true when there is
   */
  public boolean has(String key) {
    return values.hasNonNull(key);
  }

  /**
   * A whole number from 1 to 2^31 - 1.
   *
   * @param key its name
   * @return the number
   * @throws ModelException when it is missing or something else
   */
  public int size(String key) throws ModelException {
    return size(key, require(key));
  }

  /**
   * A whole number from 1 to 2^31 - 1 that may be absent.
   *
   * @param key its name
   * @return the number, if there is one
   * @throws ModelException when it is something else
   */
  public OptionalInt optionalSize(String key) throws ModelException {
    return has(key) ? OptionalInt.of(size(key, values.get(key))) : OptionalInt.empty();
  }

  /**
   * Whole numbers from 1 to 2^31 - 1.
   *
   * @param key their name
   * @param count how many there must be; 0 means any number
   * @return the numbers
   * @throws ModelException when they are missing or something else
   */
  public int[] sizes(String key, int count) throws ModelException {
    JsonNode list = list(key, count);
    int[] sizes = new int[list.size()];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = size(key, list.get(i));
    }
    return sizes;
  }

  /**
   * A number.
   *
   * @param key its name
   * @return the number
   * @throws ModelException when it is missing or something else
   */
  public double number(String key) throws ModelException {
    return number(key, require(key));
  }

  /**
   * A number that may be absent.
   *
   * @param key its name
   * @return the number, if there is one
   * @throws ModelException when it is something else
   */
  public OptionalDouble optionalNumber(String key) throws ModelException {
    return has(key) ? OptionalDouble.of(number(key, values.get(key))) : OptionalDouble.empty();
  }

  /**
   * Numbers.
   *
   * @param key their name
   * @param count how many there must be; 0 means any number
   * @return the numbers
   * @throws ModelException when they are missing or something else
   */
  public double[] numbers(String key, int count) throws ModelException {
    JsonNode list = list(key, count);
    double[] numbers = new double[list.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = number(key, list.get(i));
    }
    return numbers;
  }

  /**
   * True or false.
   *
   * @param key its name
   * @param absent what counts when it is absent
   * @return the value
   * @throws ModelException when it is something else
   */
  public boolean flag(String key, boolean absent) throws ModelException {
    if (!has(key)) {
      return absent;
    }
    JsonNode value = values.get(key);
    if (!value.isBoolean()) {
      throw wrong(key, value, "true or false");
    }
    return value.booleanValue();
  }

  /**
   * Flags.
   *
   * @param key their name
   * @return the flags
   * @throws ModelException when they are missing or something else
   */
  public boolean[] flags(String key) throws ModelException {
    JsonNode list = list(key, 0);
    boolean[] flags = new boolean[list.size()];
    for (int i = 0; i < flags.length; i++) {
      if (!list.get(i).isBoolean()) {
        throw wrong(key, list.get(i), "a list of true and false");
      }
      flags[i] = list.get(i).booleanValue();
    }
    return flags;
  }

  /**
   * Text.
   *
   * @param key its name
   * @return the text
   * @throws ModelException when it is missing or something else
   */
  public String text(String key) throws ModelException {
    return text(key, require(key));
  }

  /**
   * Text that may be absent.
   *
   * @param key its name
   * @return the text, if there is one
   * @throws ModelException when it is something else
   */
  public Optional<String> optionalText(String key) throws ModelException {
    return has(key) ? Optional.of(text(key, values.get(key))) : Optional.empty();
  }

  /**
   * Refuses every value but one.
   *
   * @param key its name
   * @param only the one that is implemented; absent counts as this
   * @throws ModelException when it is another
   */
  public void expect(String key, String only) throws ModelException {
    String found = optionalText(key).orElse(only);
    if (!found.equals(only)) {
      throw new ModelException(
          "%s: '%s' is '%s'; only '%s' is known.".formatted(file, key, found, only));
    }
  }

  /**
   * A nested object.
   *
   * @param key its name
   * @return its values
   * @throws ModelException when it is missing or something else
   */
  public Config object(String key) throws ModelException {
    JsonNode value = require(key);
    if (!value.isObject()) {
      throw wrong(key, value, "an object");
    }
    return new Config(file + ", '" + key + "'", value);
  }

  /** The names of all values. */
  Iterable<String> keys() {
    return values::fieldNames;
  }

  /** The raw value, or null. */
  JsonNode node(String key) {
    return values.get(key);
  }

  private JsonNode list(String key, int count) throws ModelException {
    JsonNode value = require(key);
    if (!value.isArray() || (count > 0 && value.size() != count)) {
      throw wrong(key, value, count > 0 ? "a list of " + count : "a list");
    }
    return value;
  }

  private int size(String key, JsonNode value) throws ModelException {
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
      throw wrong(key, value, "a whole number from 1 on");
    }
    return value.intValue();
  }

  private double number(String key, JsonNode value) throws ModelException {
    if (!value.isNumber()) {
      throw wrong(key, value, "a number");
    }
    return value.doubleValue();
  }

  private String text(String key, JsonNode value) throws ModelException {
    if (!value.isTextual()) {
      throw wrong(key, value, "text");
    }
    return value.textValue();
  }

  private JsonNode require(String key) throws ModelException {
    if (!has(key)) {
      throw new ModelException("%s: '%s' is missing.".formatted(file, key));
    }
    return values.get(key);
  }

  private ModelException wrong(String key, JsonNode value, String wanted) {
    String text = value.toString();
    String shown = text.length() > 60 ? text.substring(0, 60) + "..." : text;
    return new ModelException("%s: '%s' is %s; it must be %s.".formatted(file, key, shown, wanted));
  }
}
