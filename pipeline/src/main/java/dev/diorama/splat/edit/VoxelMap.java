package dev.diorama.splat.edit;

import java.util.Arrays;

/** Sums by voxel: a hash table of open addressing that grows. Keys are not negative. */
final class VoxelMap {
  private static final int FIRST = 1 << 16;

  private final int limit;
  private long[] keys = new long[FIRST];
  private float[] sums = new float[FIRST];
  private int count;

  /**
   * An empty map.
   *
   * @param limit the most slots it may have, a power of two
   */
  VoxelMap(int limit) {
    this.limit = limit;
    Arrays.fill(keys, -1);
  }

  /** False when the map is full. */
  boolean add(long key, float value) {
    if (2L * count >= keys.length) {
      if (keys.length >= limit) {
        return false;
      }
      grow();
    }
    int slot = slot(key);
    if (keys[slot] < 0) {
      keys[slot] = key;
      count++;
    }
    sums[slot] += value;
    return true;
  }

  /** The sum, 0 where nothing was added. */
  float get(long key) {
    return sums[slot(key)];
  }

  private int slot(long key) {
    int mask = keys.length - 1;
    int slot = (int) (key * 0x9E3779B97F4A7C15L >>> 32) & mask;
    while (keys[slot] >= 0 && keys[slot] != key) {
      slot = slot + 1 & mask;
    }
    return slot;
  }

  private void grow() {
    long[] oldKeys = keys;
    float[] oldSums = sums;
    keys = new long[2 * oldKeys.length];
    sums = new float[keys.length];
    Arrays.fill(keys, -1);
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] >= 0) {
        int slot = slot(oldKeys[i]);
        keys[slot] = oldKeys[i];
        sums[slot] = oldSums[i];
      }
    }
  }
}
