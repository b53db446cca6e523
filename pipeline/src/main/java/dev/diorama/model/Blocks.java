package dev.diorama.model;

import dev.diorama.Context;

/**
 * The repeated blocks of a part: all of them there, or each uploaded while the one before it
 * computes.
 *
 * @param <T> a block with its weights
 */
public interface Blocks<T> extends AutoCloseable {

  /** Makes a block of its weights. */
  @FunctionalInterface
  interface Opener<T> {

    /**
     * Makes a block.
     *
     * @param weights where its tensors come from
     * @param index its number, from 0
     * @return the block
     * @throws ModelException when a tensor is missing or something else
     */
    T open(Weights weights, int index) throws ModelException;
  }

  /** Works with one block. */
  @FunctionalInterface
  interface Visitor<T> {

    /**
     * Uses a block; it is there until this returns.
     *
     * @param index its number, from 0
     * @param block the block
     */
    void visit(int index, T block);
  }

  /**
   * How many there are.
   *
   * @return the number of blocks
   */
  int size();

  /**
   * Whether all weights stay where they are, so that work on them can be recorded.
   *
   * @return false when they are streamed
   */
  boolean resident();

  /**
   * Works with every block in turn.
   *
   * @param context where the visitor computes
   * @param visitor the work
   */
  void forEach(Context context, Visitor<T> visitor);

  @Override
  void close();
}
