package dev.diorama.model;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reads the small JSON files of a model. Their size and depth are bounded; a key may not stand
 * twice.
 */
final class Json {

  private static final long MAX_BYTES = 64L << 20;
  private static final int MAX_DEPTH = 32;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .build())
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private Json() {}

  /** The object in a file. */
  static JsonNode read(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new ModelException("%s does not exist or is not a file.".formatted(file));
    }
    if (Files.size(file) > MAX_BYTES) {
      throw new ModelException(
          "%s is %d bytes long; at most %d are read.".formatted(file, Files.size(file), MAX_BYTES));
    }
    return parse(file.toString(), Files.readAllBytes(file));
  }

  /** The object in some bytes; {@code file} is for messages. */
  static JsonNode parse(String file, byte[] bytes) throws IOException {
    JsonNode node;
    try {
      node = MAPPER.readTree(bytes);
    } catch (JsonProcessingException e) {
      var place = e.getLocation();
      throw new ModelException(
          "%s is not valid JSON%s."
              .formatted(
                  file,
                  place == null
                      ? ""
                      : " (line %d, column %d)".formatted(place.getLineNr(), place.getColumnNr())),
          e);
    } catch (IOException e) {
      throw new ModelException("%s is not UTF-8 text.".formatted(file), e);
    }
    if (!node.isObject()) {
      throw new ModelException("%s does not hold a JSON object.".formatted(file));
    }
    return node;
  }
}
