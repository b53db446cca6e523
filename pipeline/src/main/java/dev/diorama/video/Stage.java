package dev.diorama.video;

/** The parts of a request, in the order in which they run. */
public enum Stage {
  /** The prompts through the text encoder. */
  TEXT,
  /** The first frame through the image encoder and the codec. */
  IMAGE,
  /** The denoising steps. */
  DENOISE,
  /** Latents to frames. */
  DECODE
}
