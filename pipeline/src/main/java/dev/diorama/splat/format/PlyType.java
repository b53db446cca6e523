package dev.diorama.splat.format;

import java.nio.ByteBuffer;
import java.util.Map;

/** The types of numbers in a .ply, under their old and their new names. */
enum PlyType {
  INT8("char", 1),
  UINT8("uchar", 1),
  INT16("short", 2),
  UINT16("ushort", 2),
  INT32("int", 4),
  UINT32("uint", 4),
  FLOAT32("float", 4),
  FLOAT64("double", 8);

  private static final Map<String, PlyType> BY_NAME =
      Map.ofEntries(
          Map.entry("char", INT8),
          Map.entry("int8", INT8),
          Map.entry("uchar", UINT8),
          Map.entry("uint8", UINT8),
          Map.entry("short", INT16),
          Map.entry("int16", INT16),
          Map.entry("ushort", UINT16),
          Map.entry("uint16", UINT16),
          Map.entry("int", INT32),
          Map.entry("int32", INT32),
          Map.entry("uint", UINT32),
          Map.entry("uint32", UINT32),
          Map.entry("float", FLOAT32),
          Map.entry("float32", FLOAT32),
          Map.entry("double", FLOAT64),
          Map.entry("float64", FLOAT64));

  private final String word;
  private final int bytes;

  PlyType(String word, int bytes) {
    this.word = word;
    this.bytes = bytes;
  }

  /** The type of that name, or null. */
  static PlyType named(String name) {
    return BY_NAME.get(name);
  }

  int bytes() {
    return bytes;
  }

  /** Its old name, which every reader knows. */
  String word() {
    return word;
  }

  /** The number at an index, rounded to F32. */
  float get(ByteBuffer buffer, int index) {
    return switch (this) {
      case INT8 -> buffer.get(index);
      case UINT8 -> Byte.toUnsignedInt(buffer.get(index));
      case INT16 -> buffer.getShort(index);
      case UINT16 -> Short.toUnsignedInt(buffer.getShort(index));
      case INT32 -> buffer.getInt(index);
      case UINT32 -> Integer.toUnsignedLong(buffer.getInt(index));
      case FLOAT32 -> buffer.getFloat(index);
      case FLOAT64 -> (float) buffer.getDouble(index);
    };
  }
}
