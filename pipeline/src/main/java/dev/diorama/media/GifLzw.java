package dev.diorama.media;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;

/** GIF's compression: LZW with codes of growing length, in blocks of at most 255 bytes. */
final class GifLzw {
  private static final int LONGEST = 12;

  private final OutputStream out;
  private final byte[] block = new byte[255];
  private int used;
  private long bits;
  private int bitCount;

  private GifLzw(OutputStream out) {
    this.out = out;
  }

  /** Writes the code size, the compressed indices and the end mark. */
  static void write(byte[] indices, int depth, OutputStream out) throws IOException {
    int codeSize = Math.max(2, depth);
    out.write(codeSize);
    GifLzw lzw = new GifLzw(out);
    lzw.compress(indices, codeSize);
    lzw.finish();
  }

  private void compress(byte[] indices, int codeSize) throws IOException {
    int clear = 1 << codeSize;
    int next = clear + 2;
    int length = codeSize + 1;
    // children[code * clear + index] is the code for the string of `code` followed by `index`.
    short[] children = new short[(1 << LONGEST) * clear];
    put(clear, length);
    int code = indices[0] & 0xff;
    for (int i = 1; i < indices.length; i++) {
      int index = indices[i] & 0xff;
      int child = children[code * clear + index];
      if (child != 0) {
        code = child;
        continue;
      }
      put(code, length);
      if (next < 1 << LONGEST) {
        if (next == 1 << length) {
          length++;
        }
        children[code * clear + index] = (short) next++;
      } else {
        put(clear, length);
        Arrays.fill(children, (short) 0);
        next = clear + 2;
        length = codeSize + 1;
      }
      code = index;
    }
    put(code, length);
    if (next == 1 << length && length < LONGEST) {
      length++;
    }
    put(clear + 1, length);
  }

  private void put(int code, int length) throws IOException {
    bits |= (long) code << bitCount;
    bitCount += length;
    while (bitCount >= 8) {
      putByte();
    }
  }

  private void putByte() throws IOException {
    block[used++] = (byte) bits;
    bits >>>= 8;
    bitCount -= 8;
    if (used == block.length) {
      flushBlock();
    }
  }

  private void flushBlock() throws IOException {
    out.write(used);
    out.write(block, 0, used);
    used = 0;
  }

  private void finish() throws IOException {
    if (bitCount > 0) {
      putByte();
    }
    if (used > 0) {
      flushBlock();
    }
    out.write(0);
  }
}
