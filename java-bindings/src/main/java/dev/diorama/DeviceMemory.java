package dev.diorama;

/**
 * Memory of a device, in bytes.
 *
 * @param freeBytes what nobody holds at this moment
 * @param totalBytes what there is
 */
public record DeviceMemory(long freeBytes, long totalBytes) {}
