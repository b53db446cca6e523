package dev.diorama.model;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The header of a safetensors file: 8 bytes of length, then JSON that maps names to type, shape and
 * byte range.
 *
 * <p>Nothing in it is believed. Every range must fit its shape, lie in the file, and all of them
 * together must cover the data exactly once.
 *
 * @param tensors what the header says about each tensor, in the header's order
 * @param metadata free text of the file's writer
 * @param dataStart where the data begins in the file
 */
record SafetensorsHeader(
    Map<String, TensorEntry> tensors, Map<String, String> metadata, long dataStart) {

  static final int LENGTH_BYTES = 8;
  static final int MAX_BYTES = 100_000_000;
  static final int MAX_TENSORS = 500_000;
  private static final int MAX_RANK = 64;
  private static final String METADATA = "__metadata__";

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(8).build())
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  /**
   * Checks the header's length before anything is read or allocated.
   *
   * @param file the file's name, for messages
   * @param length what the first 8 bytes say
   * @param fileSize the file's size
   * @return the length
   */
  static int checkLength(String file, long length, long fileSize) throws ModelException {
    if (length < 0 || length > MAX_BYTES) {
      throw new ModelException(
          "%s: the header says it is %s bytes long; at most %d are allowed."
              .formatted(file, Long.toUnsignedString(length), MAX_BYTES));
    }
    if (length > fileSize - LENGTH_BYTES) {
      throw new ModelException(
          ("%s: the header says it is %d bytes long, but only %d follow; the file is cut off or not"
                  + " a safetensors file.")
              .formatted(file, length, fileSize - LENGTH_BYTES));
    }
    return (int) length;
  }

  /**
   * Reads and checks a header.
   *
   * @param file the file's name, for messages
   * @param json the header without its length
   * @param fileSize the file's size
   * @return the header
   */
  static SafetensorsHeader parse(String file, byte[] json, long fileSize) throws ModelException {
    long dataStart = (long) LENGTH_BYTES + json.length;
    Map<String, TensorEntry> tensors = new LinkedHashMap<>();
    Map<String, String> metadata = new HashMap<>();
    var utf8 =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    try (JsonParser parser =
        FACTORY.createParser(new InputStreamReader(new ByteArrayInputStream(json), utf8))) {
      new Reader(file, parser, tensors, metadata).read();
    } catch (ModelException e) {
      throw e;
    } catch (JsonProcessingException e) {
      throw new ModelException(
          "%s: the header is not valid JSON: %s.".formatted(file, oneLine(e.getOriginalMessage())),
          e);
    } catch (IOException e) {
      throw new ModelException("%s: the header is not UTF-8 text.".formatted(file), e);
    }
    checkLayout(file, tensors, fileSize - dataStart);
    return new SafetensorsHeader(tensors, Map.copyOf(metadata), dataStart);
  }

  /**
   * The ranges, sorted, must follow each other without a gap or an overlap and end with the file.
   */
  private static void checkLayout(String file, Map<String, TensorEntry> tensors, long dataBytes)
      throws ModelException {
    List<TensorEntry> sorted = new ArrayList<>(tensors.values());
    sorted.sort(Comparator.comparingLong(TensorEntry::begin).thenComparingLong(TensorEntry::end));
    long position = 0;
    TensorEntry previous = null;
    for (TensorEntry entry : sorted) {
      if (entry.end() > dataBytes) {
        throw new ModelException(
            "%s: tensor '%s' ends at byte %d of the data, but the file holds %d; it is cut off."
                .formatted(file, entry.name(), entry.end(), dataBytes));
      }
      if (entry.begin() < position) {
        throw new ModelException(
            "%s: tensors '%s' and '%s' overlap."
                .formatted(file, previous == null ? "" : previous.name(), entry.name()));
      }
      if (entry.begin() > position) {
        throw new ModelException(
            "%s: the %d bytes before tensor '%s' belong to no tensor."
                .formatted(file, entry.begin() - position, entry.name()));
      }
      position = entry.end();
      previous = entry;
    }
    if (position != dataBytes) {
      throw new ModelException(
          "%s: the last %d bytes belong to no tensor.".formatted(file, dataBytes - position));
    }
  }

  private static String oneLine(String message) {
    String line = message == null ? "" : message.lines().findFirst().orElse("");
    return line.endsWith(".") ? line.substring(0, line.length() - 1) : line;
  }

  /** Walks the JSON token by token; nothing is kept but the entries. */
  private record Reader(
      String file,
      JsonParser parser,
      Map<String, TensorEntry> tensors,
      Map<String, String> metadata) {

    void read() throws IOException {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new ModelException("%s: the header is not a JSON object.".formatted(file));
      }
      boolean metadataSeen = false;
      for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
        parser.nextToken();
        if (name.equals(METADATA)) {
          if (metadataSeen) {
            throw new ModelException("%s: '%s' stands in the header twice.".formatted(file, name));
          }
          metadataSeen = true;
          readMetadata();
          continue;
        }
        TensorEntry entry = readEntry(name);
        if (tensors.put(name, entry) != null) {
          throw new ModelException(
              "%s: tensor '%s' stands in the header twice.".formatted(file, name));
        }
        if (tensors.size() > MAX_TENSORS) {
          throw new ModelException("%s: more than %d tensors.".formatted(file, MAX_TENSORS));
        }
      }
      if (parser.currentToken() != JsonToken.END_OBJECT || parser.nextToken() != null) {
        throw new JsonParseException(parser, "text follows the header's object");
      }
    }

    private void readMetadata() throws IOException {
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        throw new ModelException("%s: '%s' is not an object.".formatted(file, METADATA));
      }
      for (String key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
        if (parser.nextToken() != JsonToken.VALUE_STRING) {
          throw new ModelException("%s: '%s' in '%s' is not text.".formatted(file, key, METADATA));
        }
        if (metadata.put(key, parser.getText()) != null) {
          throw new ModelException("%s: '%s' stands in '%s' twice.".formatted(file, key, METADATA));
        }
      }
    }

    private TensorEntry readEntry(String name) throws IOException {
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        throw new ModelException(
            "%s: tensor '%s' is not described by an object.".formatted(file, name));
      }
      ElementType type = null;
      long[] shape = null;
      long[] offsets = null;
      for (String key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
        parser.nextToken();
        boolean twice;
        switch (key) {
          case "dtype" -> {
            twice = type != null;
            type = readType(name);
          }
          case "shape" -> {
            twice = shape != null;
            shape = readNumbers(name, key);
          }
          case "data_offsets" -> {
            twice = offsets != null;
            offsets = readNumbers(name, key);
          }
          default ->
              throw new ModelException(
                  "%s: tensor '%s' has the unknown key '%s'.".formatted(file, name, key));
        }
        if (twice) {
          throw new ModelException(
              "%s: tensor '%s' has the key '%s' twice.".formatted(file, name, key));
        }
      }
      if (type == null || shape == null || offsets == null) {
        throw new ModelException(
            "%s: tensor '%s' lacks '%s'."
                .formatted(
                    file, name, type == null ? "dtype" : shape == null ? "shape" : "data_offsets"));
      }
      return entry(name, type, shape, offsets);
    }

    private TensorEntry entry(String name, ElementType type, long[] shape, long[] offsets)
        throws ModelException {
      if (offsets.length != 2 || offsets[0] > offsets[1]) {
        throw new ModelException(
            "%s: tensor '%s' has the data_offsets %s; two ascending numbers are needed."
                .formatted(file, name, TensorEntry.describe(offsets)));
      }
      long bytes = bytes(shape, type);
      if (bytes != offsets[1] - offsets[0]) {
        throw new ModelException(
            "%s: tensor '%s' is %s %s, which takes %s bytes, but its data_offsets span %d."
                .formatted(
                    file,
                    name,
                    type,
                    TensorEntry.describe(shape),
                    bytes < 0 ? "more than 2^63" : Long.toString(bytes),
                    offsets[1] - offsets[0]));
      }
      return new TensorEntry(name, type, shape, offsets[0], offsets[1]);
    }

    /** The bytes of a tensor, or -1 when a long cannot hold them. */
    private static long bytes(long[] shape, ElementType type) {
      if (Arrays.stream(shape).anyMatch(size -> size == 0)) {
        return 0;
      }
      long bytes = type.bytes();
      for (long size : shape) {
        if (Math.multiplyHigh(bytes, size) != 0 || bytes * size < 0) {
          return -1;
        }
        bytes *= size;
      }
      return bytes;
    }

    private ElementType readType(String name) throws IOException {
      String text = parser.currentToken() == JsonToken.VALUE_STRING ? parser.getText() : null;
      ElementType type = text == null ? null : ElementType.named(text);
      if (type == null) {
        throw new ModelException(
            "%s: tensor '%s' has the unknown dtype %s."
                .formatted(file, name, text == null ? parser.currentToken() : "'" + text + "'"));
      }
      return type;
    }

    private long[] readNumbers(String name, String key) throws IOException {
      if (parser.currentToken() != JsonToken.START_ARRAY) {
        throw new ModelException(
            "%s: '%s' of tensor '%s' is not a list.".formatted(file, key, name));
      }
      long[] numbers = new long[MAX_RANK];
      int count = 0;
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
            || parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
            || parser.getLongValue() < 0
            || count == MAX_RANK) {
          throw new ModelException(
              ("%s: '%s' of tensor '%s' must be a list of at most %d whole numbers from 0 to"
                      + " 2^63 - 1.")
                  .formatted(file, key, name, MAX_RANK));
        }
        numbers[count++] = parser.getLongValue();
      }
      return Arrays.copyOf(numbers, count);
    }
  }
}
