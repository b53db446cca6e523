package dev.diorama;

import java.lang.foreign.MemorySegment;

/**
 * Native memory that tensors lie in: a pool's block, a mapped file, or memory of somebody else's on
 * a device. Operations count themselves in and out of its lifetime, so it is never freed under one.
 */
final class Block {
  final Lifetime lifetime;

  /** On a device its address and size say where it lies; it is never read through. */
  final MemorySegment memory;

  final boolean writable;

  /** Copies between a device and the host; null on the host. */
  final Context device;

  /** Whether the context's pool gets it back. */
  final boolean pooled;

  Leaks.Ticket ticket;

  private Block(
      String what, MemorySegment memory, boolean writable, Context device, boolean pooled) {
    this.lifetime = new Lifetime(what);
    this.memory = memory;
    this.writable = writable;
    this.device = device;
    this.pooled = pooled;
  }

  /** From a context's pool. */
  static Block pooled(MemorySegment memory, Context owner) {
    return new Block("the tensor", memory, true, owner.backend().onDevice() ? owner : null, true);
  }

  /** Of a mapped file. */
  static Block mapped(String what, MemorySegment memory) {
    return new Block(what, memory, false, null, false);
  }

  /** Memory of somebody else's on the context's device. */
  static Block foreign(MemorySegment memory, Context owner) {
    return new Block("the tensor", memory, true, owner, false);
  }

  /** Where it lies: {@link Backend#HOST} or a device's number. */
  int place() {
    return device == null ? Backend.HOST : device.backend().place();
  }
}
