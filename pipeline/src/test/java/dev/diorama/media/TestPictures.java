package dev.diorama.media;

/** Pictures that the tests make up. */
final class TestPictures {

  private TestPictures() {}

  /** Bytes of a linear congruential generator, the same ones in a line of Python. */
  static byte[] noise(int size) {
    byte[] out = new byte[size];
    int state = 12345;
    for (int i = 0; i < size; i++) {
      state = (state * 1103515245 + 12345) & 0x7fffffff;
      out[i] = (byte) (state >> 16);
    }
    return out;
  }
}
