package dev.diorama;

/**
 * A row of {@link Backend#list()}.
 *
 * @param name "reference", "plain", "cpu", "simt" or "cuda"
 * @param available whether it can be opened on this machine
 * @param deviceCount how many devices it has; 0 when not available
 * @param description the processor and its instruction set, or the card
 * @param reason empty when available, else one sentence: what is missing and how to get it
 */
public record BackendInfo(
    String name, boolean available, int deviceCount, String description, String reason) {

  /**
   * Whether it is there for tests: true to the letter, and slow.
   *
   * @return true for all but cpu and cuda
   */
  public boolean forTests() {
    return !name.equals("cpu") && !name.equals("cuda");
  }
}
