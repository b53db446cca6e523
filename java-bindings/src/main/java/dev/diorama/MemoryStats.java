package dev.diorama;

/**
 * What a context's memory pool holds.
 *
 * @param allocatedBytes in tensors that are open
 * @param reservedBytes held by the pool, temporary memory of the kernels included
 * @param peakBytes the largest {@code reservedBytes} so far
 */
public record MemoryStats(long allocatedBytes, long reservedBytes, long peakBytes) {}
