package dev.diorama.splat.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Little-endian bytes as COLMAP writes them. */
final class ColmapFiles {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  ColmapFiles i32(int... values) {
    for (int value : values) {
      out.writeBytes(ordered(4).putInt(value).array());
    }
    return this;
  }

  ColmapFiles i64(long... values) {
    for (long value : values) {
      out.writeBytes(ordered(8).putLong(value).array());
    }
    return this;
  }

  ColmapFiles f64(double... values) {
    for (double value : values) {
      out.writeBytes(ordered(8).putDouble(value).array());
    }
    return this;
  }

  ColmapFiles bytes(int... values) {
    for (int value : values) {
      out.write(value);
    }
    return this;
  }

  ColmapFiles text(String text) {
    out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
    out.write(0);
    return this;
  }

  private static ByteBuffer ordered(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  byte[] toBytes() {
    return out.toByteArray();
  }

  void write(Path file) throws IOException {
    Files.createDirectories(file.getParent());
    Files.write(file, out.toByteArray());
  }

  /** Two cameras, two images and three points, one of them without a place. */
  static void writeModel(Path model) throws IOException {
    cameras().write(model.resolve("cameras.bin"));
    images().write(model.resolve("images.bin"));
    points().write(model.resolve("points3D.bin"));
  }

  static ColmapFiles cameras() {
    return new ColmapFiles()
        .i64(2)
        .i32(7, 1)
        .i64(8, 6)
        .f64(5, 5.5, 4, 3)
        .i32(3, 5)
        .i64(10, 4)
        .f64(6, 6.5, 5, 2, 0, 0, 0, 0);
  }

  static ColmapFiles images() {
    return new ColmapFiles()
        .i64(2)
        .i32(11)
        .f64(0.5, 0.5, 0.5, 0.5, 1, 2, 3)
        .i32(3)
        .text("sub/z.png")
        .i64(2)
        .f64(1, 2)
        .i64(-1)
        .f64(3, 4)
        .i64(5)
        .i32(12)
        .f64(2, 0, 0, 0, 0, 0, 4)
        .i32(7)
        .text("a.png")
        .i64(0);
  }

  static ColmapFiles points() {
    return new ColmapFiles()
        .i64(3)
        .i64(5)
        .f64(1, 2, 3)
        .bytes(10, 200, 30)
        .f64(0.1)
        .i64(2)
        .i32(11, 0, 12, 1)
        .i64(6)
        .f64(Double.NaN, 0, 0)
        .bytes(1, 2, 3)
        .f64(0.1)
        .i64(0)
        .i64(9)
        .f64(-4, 5, -6)
        .bytes(255, 0, 1)
        .f64(0.1)
        .i64(1)
        .i32(11, 1);
  }
}
