package dev.diorama.model;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * What a safetensors header says about one tensor.
 *
 * @param name the tensor's name
 * @param type the type of its elements
 * @param shape its sizes, outermost first; empty for a single number
 * @param begin where its bytes begin, counted from the end of the header
 * @param end where they end
 */
public record TensorEntry(String name, ElementType type, long[] shape, long begin, long end) {

  /** Copies the shape, so that the entry cannot change. */
  public TensorEntry {
    shape = shape.clone();
  }

  /**
   * The tensor's sizes.
   *
   * @return a copy
   */
  @Override
  public long[] shape() {
    return shape.clone();
  }

  /**
   * How many elements the tensor has.
   *
   * @return the product of its sizes
   */
  public long elements() {
    return (end - begin) / type.bytes();
  }

  /** {@code F32 [48, 32]}. */
  String describe() {
    return type + " " + describe(shape);
  }

  /** {@code [48, 32]}. */
  static String describe(long... shape) {
    return Arrays.stream(shape)
        .mapToObj(Long::toString)
        .collect(Collectors.joining(", ", "[", "]"));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TensorEntry that
        && name.equals(that.name)
        && type == that.type
        && Arrays.equals(shape, that.shape)
        && begin == that.begin
        && end == that.end;
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  @Override
  public String toString() {
    return name + " " + describe() + " at " + begin;
  }
}
