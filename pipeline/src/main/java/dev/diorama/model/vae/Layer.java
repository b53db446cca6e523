package dev.diorama.model.vae;

import dev.diorama.Tensor;

/** A part of a network: [1, frames, height, width, channels] in and out. */
@FunctionalInterface
interface Layer {

  /** Takes x over and closes it; the caller closes what it gets. */
  Tensor apply(Pass pass, Tensor x);
}
