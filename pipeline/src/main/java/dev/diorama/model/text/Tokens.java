package dev.diorama.model.text;

import java.util.Arrays;

/**
 * A prompt as numbers, padded to the length that the model was trained with.
 *
 * @param ids the tokens, {@code length} of the prompt and then padding
 * @param length how many belong to the prompt, its end mark included
 * @param dropped how many did not fit
 */
public record Tokens(int[] ids, int length, int dropped) {

  /** Checks the length and copies the numbers. */
  public Tokens {
    if (length < 1 || length > ids.length) {
      throw new IllegalArgumentException(
          "tokens: a length of %d is not in 1 to %d.".formatted(length, ids.length));
    }
    ids = ids.clone();
  }

  /**
   * The tokens.
   *
   * @return a copy, with the padding
   */
  @Override
  public int[] ids() {
    return ids.clone();
  }

  /** The tokens without the padding. */
  int[] prompt() {
    return Arrays.copyOf(ids, length);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Tokens that
        && Arrays.equals(ids, that.ids)
        && length == that.length
        && dropped == that.dropped;
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(ids);
  }

  @Override
  public String toString() {
    return "%d of %d tokens, %d dropped".formatted(length, ids.length, dropped);
  }
}
