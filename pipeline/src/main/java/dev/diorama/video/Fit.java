package dev.diorama.video;

/** How a first frame of another shape is brought to the video's size. */
public enum Fit {
  /** The middle of the picture, as large as its shape allows. */
  CROP,
  /** The whole picture, width and height scaled apart: what diffusers does. */
  STRETCH
}
