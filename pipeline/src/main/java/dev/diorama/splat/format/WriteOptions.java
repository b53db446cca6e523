package dev.diorama.splat.format;

/**
 * What may be chosen when a scene is written; formats use what concerns them.
 *
 * @param spzVersion of a .spz: 3 or 4
 */
public record WriteOptions(int spzVersion) {
  /** What today's viewers read. */
  public static final WriteOptions DEFAULT = new WriteOptions(3);

  /**
   * Checks the version.
   *
   * @throws IllegalArgumentException when it is neither 3 nor 4
   */
  public WriteOptions {
    if (spzVersion != 3 && spzVersion != 4) {
      throw new IllegalArgumentException(
          "the version of a .spz to write is " + spzVersion + ", expected 3 or 4");
    }
  }
}
