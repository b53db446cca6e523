package dev.diorama.benchmarks;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * One case, measured. Times in milliseconds.
 *
 * @param operation the operation
 * @param name the shape
 * @param medianMs median of the counted runs
 * @param minMs fastest run
 * @param maxMs slowest run
 * @param flops floating-point operations that cannot be avoided
 * @param bytes bytes that cannot be avoided
 * @param floorMs the larger of both over the machine's measured rates; 0 where there is no floor
 * @param rival who was measured beside it, or null
 * @param rivalMedianMs the rival's median in the same run, or null
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Measurement(
    String operation,
    String name,
    double medianMs,
    double minMs,
    double maxMs,
    double flops,
    double bytes,
    double floorMs,
    String rival,
    Double rivalMedianMs) {

  /** The share of the floor reached: 1 is the machine's limit. */
  @JsonProperty(access = JsonProperty.Access.READ_ONLY)
  public double share() {
    return floorMs / medianMs;
  }

  /** How many times as fast as the rival, or null. */
  @JsonProperty(access = JsonProperty.Access.READ_ONLY)
  public Double speedup() {
    return rivalMedianMs == null ? null : rivalMedianMs / medianMs;
  }

  /** The key under which two reports are compared. */
  public String key() {
    return operation + " " + name;
  }
}
