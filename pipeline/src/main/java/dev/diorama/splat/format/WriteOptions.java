package dev.diorama.splat.format;

/**
 * What may be chosen when a scene is written; formats use what concerns them.
 *
 * @param spzVersion of a .spz: 3 or 4
 */
public record WriteOptions(int spzVersion) {
  /** What today's viewers read. */
  public static final WriteOptions DEFAULT = new WriteOptions(3);
}
