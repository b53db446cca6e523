package dev.diorama.media;

import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/** How a camera was held: the orientation in the EXIF data of a JPEG, PNG or WebP file. */
enum Orientation {
  NORMAL,
  MIRRORED,
  UPSIDE_DOWN,
  MIRRORED_UPSIDE_DOWN,
  TRANSPOSED,
  TURNED_LEFT,
  TRANSVERSED,
  TURNED_RIGHT;

  private static final int TAG = 0x0112;
  private static final int MAX_EXIF = 1 << 20;

  /** Reads the orientation; a file without any, or with damaged EXIF data, is upright. */
  static Orientation of(Path file) throws IOException {
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      byte[] exif = find(in);
      return exif == null ? NORMAL : parse(ByteBuffer.wrap(exif));
    } catch (EOFException | IndexOutOfBoundsException e) {
      return NORMAL;
    }
  }

  private static byte[] find(RandomAccessFile in) throws IOException {
    int magic = in.readInt();
    if (magic >>> 16 == 0xffd8) {
      in.seek(2);
      return inJpeg(in);
    } else if (magic == 0x89504e47) {
      in.seek(8);
      return inChunks(in, 0x65584966, false);
    } else if (magic == 0x52494646) {
      in.seek(12);
      return inChunks(in, 0x45584946, true);
    }
    return null;
  }

  /** Walks the segments before the picture's data; EXIF lies in an APP1 segment. */
  private static byte[] inJpeg(RandomAccessFile in) throws IOException {
    while (true) {
      int marker = in.readUnsignedShort();
      if (marker == 0xffff) {
        in.seek(in.getFilePointer() - 1);
        continue;
      }
      if (marker >>> 8 != 0xff || marker == 0xffda || marker == 0xffd9) {
        return null;
      }
      int length = in.readUnsignedShort() - 2;
      if (marker == 0xffe1 && length > 6) {
        byte[] data = new byte[length];
        in.readFully(data);
        if (data[0] == 'E' && data[1] == 'x' && data[2] == 'i' && data[3] == 'f') {
          return java.util.Arrays.copyOfRange(data, 6, length);
        }
      } else {
        in.seek(in.getFilePointer() + Math.max(length, 0));
      }
    }
  }

  /** PNG: length, name, data, checksum. RIFF: name, length in little endian, data, padding. */
  private static byte[] inChunks(RandomAccessFile in, int wanted, boolean riff) throws IOException {
    while (true) {
      int first = in.readInt();
      int second = in.readInt();
      int name = riff ? first : second;
      long length = Integer.toUnsignedLong(riff ? Integer.reverseBytes(second) : first);
      if (name == wanted && length <= MAX_EXIF) {
        byte[] data = new byte[(int) length];
        in.readFully(data);
        boolean prefixed = length > 6 && data[0] == 'E' && data[1] == 'x';
        return prefixed ? java.util.Arrays.copyOfRange(data, 6, data.length) : data;
      }
      in.seek(in.getFilePointer() + length + (riff ? length & 1 : 4));
    }
  }

  private static Orientation parse(ByteBuffer tiff) {
    int order = tiff.getShort(0);
    tiff.order(order == 0x4949 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    int directory = tiff.getInt(4);
    int entries = tiff.getShort(directory) & 0xffff;
    for (int i = 0; i < entries; i++) {
      int entry = directory + 2 + 12 * i;
      if ((tiff.getShort(entry) & 0xffff) == TAG) {
        int value = tiff.getShort(entry + 8);
        return value >= 1 && value <= 8 ? values()[value - 1] : NORMAL;
      }
    }
    return NORMAL;
  }

  /** Turns a picture upright. */
  Picture apply(Picture picture) {
    if (this == NORMAL) {
      return picture;
    }
    int width = picture.width();
    int height = picture.height();
    boolean swapped = ordinal() >= TRANSPOSED.ordinal();
    int newWidth = swapped ? height : width;
    int newHeight = swapped ? width : height;
    byte[] out = new byte[picture.rgb().length];
    for (int y = 0; y < newHeight; y++) {
      for (int x = 0; x < newWidth; x++) {
        int from = source(x, y, width, height) * 3;
        System.arraycopy(picture.rgb(), from, out, (y * newWidth + x) * 3, 3);
      }
    }
    return new Picture(newWidth, newHeight, out);
  }

  /** The index of the stored pixel that is seen at (x, y). */
  private int source(int x, int y, int width, int height) {
    int right = width - 1;
    int bottom = height - 1;
    return switch (this) {
      case NORMAL -> y * width + x;
      case MIRRORED -> y * width + right - x;
      case UPSIDE_DOWN -> (bottom - y) * width + right - x;
      case MIRRORED_UPSIDE_DOWN -> (bottom - y) * width + x;
      case TRANSPOSED -> x * width + y;
      case TURNED_LEFT -> (bottom - x) * width + y;
      case TRANSVERSED -> (bottom - x) * width + right - y;
      case TURNED_RIGHT -> x * width + right - y;
    };
  }
}
