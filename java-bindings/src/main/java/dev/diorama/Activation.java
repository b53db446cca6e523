package dev.diorama;

/** What {@link Kernels} apply to each element behind a product or a norm. */
public enum Activation {
  /** x. */
  NONE,
  /** 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). */
  GELU_TANH,
  /** 0.5 x (1 + erf(x / sqrt(2))). */
  GELU_ERF,
  /** x / (1 + exp(-x)). */
  SILU,
  /** x / (1 + exp(-1.702 x)). */
  QUICK_GELU
}
