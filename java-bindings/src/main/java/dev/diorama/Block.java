package dev.diorama;

import java.lang.foreign.MemorySegment;

/**
 * Native memory that tensors lie in: a pool's block or a mapped file. Operations count themselves
 * in and out of its lifetime, so it is never freed under one.
 */
final class Block {
  final Lifetime lifetime;
  final MemorySegment memory;
  final boolean writable;

  /** The device that the memory belongs to; 0 is the host. */
  final int device;

  Leaks.Ticket ticket;

  Block(String what, MemorySegment memory, boolean writable, int device) {
    this.lifetime = new Lifetime(what);
    this.memory = memory;
    this.writable = writable;
    this.device = device;
  }
}
