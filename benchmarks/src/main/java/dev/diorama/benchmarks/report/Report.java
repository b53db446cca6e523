package dev.diorama.benchmarks.report;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.diorama.benchmarks.Machine;
import dev.diorama.benchmarks.Measurement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * One run of {@code diorama bench}.
 *
 * @param version Diorama's version
 * @param backend the backend measured
 * @param machine the machine and its measured rates
 * @param results every case
 * @param growth cases that only grow in size
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Report(
    String version,
    String backend,
    Machine machine,
    List<Measurement> results,
    List<Measurement> growth) {

  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  /** The report as JSON. */
  public String json() throws IOException {
    return JSON.writeValueAsString(this);
  }

  /** Reads what {@link #json} wrote. */
  public static Report read(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException("there is no report " + file);
    }
    try {
      return JSON.readValue(file.toFile(), Report.class);
    } catch (com.fasterxml.jackson.core.JacksonException e) {
      throw new IOException(
          file + " is not a report of `diorama bench`: " + e.getOriginalMessage(), e);
    }
  }
}
