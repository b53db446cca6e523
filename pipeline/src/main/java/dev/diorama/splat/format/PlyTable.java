package dev.diorama.splat.format;

import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** Copies columns of a .ply's element into arrays, in whatever order and type they are stored. */
final class PlyTable {

  /**
   * Where a column goes.
   *
   * @param property its index in the element
   * @param to the array that gets it
   * @param at the index of the first row's value
   * @param stride the step to the next row's value
   */
  record Column(int property, float[] to, int at, int stride) {

    void set(int row, float value) {
      to[at + row * stride] = value;
    }
  }

  private PlyTable() {}

  /**
   * Checks that an element can be read and that the file is long enough for it.
   *
   * @throws SceneException when not
   */
  static void check(Path file, PlyHeader header, PlyElement element) throws IOException {
    long available = Files.size(file) - header.bytes();
    for (PlyElement e : header.elements()) {
      if (!e.isTable()) {
        throw new SceneException(
            "%s: its element %s has a list, which no scene has before or among its Gaussians"
                .formatted(file, e.name()));
      }
      long rowBytes = minimumRowBytes(header, e);
      if (rowBytes > 0) {
        // The last number of a text needs no separator.
        long last = header.order() == null ? 1 : 0;
        SceneFiles.checkRows(file, "rows of " + e.name(), e.count(), rowBytes, available + last);
        available -= e.count() * rowBytes;
      }
      if (e == element) {
        return;
      }
    }
  }

  private static long minimumRowBytes(PlyHeader header, PlyElement element) {
    // In text a number takes a digit and a separator.
    return header.order() == null ? 2L * element.properties().size() : element.rowBytes();
  }

  /** Reads columns of an element that {@link #check} found right. */
  static void read(Path file, PlyHeader header, PlyElement element, List<Column> columns)
      throws IOException {
    if (header.order() == null) {
      PlyText.read(file, header, element, columns);
      return;
    }
    long offset = offset(header, element);
    int rowBytes = element.rowBytes();
    int[] offsets = element.offsets();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      Rows.read(
          channel,
          offset,
          (int) element.count(),
          rowBytes,
          header.order(),
          (bytes, first, count) -> {
            for (Column column : columns) {
              PlyType type = element.properties().get(column.property).type();
              copy(bytes, offsets[column.property], rowBytes, type, column, first, count);
            }
          });
    }
  }

  /** Where the rows of an element begin in a binary file. */
  static long offset(PlyHeader header, PlyElement element) {
    long offset = header.bytes();
    for (PlyElement e : header.elements()) {
      if (e == element) {
        break;
      }
      offset += e.count() * e.rowBytes();
    }
    return offset;
  }

  private static void copy(
      ByteBuffer bytes, int offset, int rowBytes, PlyType type, Column column, int first, int n) {
    float[] to = column.to;
    int at = column.at + first * column.stride;
    if (type == PlyType.FLOAT32) {
      for (int i = 0; i < n; i++) {
        to[at + i * column.stride] = bytes.getFloat(offset + i * rowBytes);
      }
      return;
    }
    for (int i = 0; i < n; i++) {
      to[at + i * column.stride] = type.get(bytes, offset + i * rowBytes);
    }
  }
}
