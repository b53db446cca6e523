package dev.diorama.video;

/** Which parts of a model stay in memory between the stages of a request and between requests. */
public enum Residency {
  /** The encoder, transformer or codec that works, and nothing else. */
  ONE_AT_A_TIME,
  /** Everything once it was used: a service pays for loading once. */
  ALL
}
