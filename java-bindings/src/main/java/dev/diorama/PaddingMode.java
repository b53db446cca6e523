package dev.diorama;

/** What a convolution sees beyond the border of a picture. */
public enum PaddingMode {
  /** Zeros. */
  ZERO,
  /** The nearest pixel of the border. */
  REPLICATE
}
