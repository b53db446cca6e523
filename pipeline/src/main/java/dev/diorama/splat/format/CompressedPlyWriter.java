package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SpatialOrder;
import dev.diorama.splat.format.PlyElement.Property;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Writes PlayCanvas's compressed .ply. */
final class CompressedPlyWriter {
  private static final int COLUMNS =
      CompressedChunk.POSITION_AND_SCALE.length + CompressedChunk.COLOUR.length;

  private final Gaussians scene;
  private final int[] order;
  private final float[] ranges;

  CompressedPlyWriter(Gaussians scene) {
    this.scene = scene;
    this.order = SpatialOrder.of(scene.means());
    int chunks = Math.ceilDiv(scene.count(), CompressedChunk.SIZE);
    this.ranges = new float[chunks * COLUMNS];
    IntStream.range(0, chunks).parallel().forEach(this::measure);
  }

  void write(Path file) throws IOException {
    int chunks = ranges.length / COLUMNS;
    int rest = 3 * (scene.coefficients() - 1);
    List<Property> columns = new ArrayList<>();
    for (String name : CompressedChunk.POSITION_AND_SCALE) {
      columns.add(new Property(name, PlyType.FLOAT32));
    }
    for (String name : CompressedChunk.COLOUR) {
      columns.add(new Property(name, PlyType.FLOAT32));
    }
    List<Property> packed = new ArrayList<>();
    for (String name : CompressedChunk.VERTEX) {
      packed.add(new Property(name, PlyType.UINT32));
    }
    PlyElement chunk = new PlyElement("chunk", chunks, columns);
    PlyElement vertex = new PlyElement("vertex", scene.count(), packed);
    List<PlyElement> elements = new ArrayList<>(List.of(chunk, vertex));
    if (rest > 0) {
      List<Property> properties =
          IntStream.range(0, rest)
              .mapToObj(i -> new Property("f_rest_" + i, PlyType.UINT8))
              .toList();
      elements.add(new PlyElement("sh", scene.count(), properties));
    }
    byte[] header = PlyHeader.of(elements);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(header));
      long offset = header.length;
      Rows.write(channel, offset, chunks, chunk.rowBytes(), this::chunks);
      offset += (long) chunks * chunk.rowBytes();
      Rows.write(channel, offset, scene.count(), vertex.rowBytes(), this::vertices);
      if (rest > 0) {
        offset += (long) scene.count() * vertex.rowBytes();
        Rows.write(channel, offset, scene.count(), rest, this::rest);
      }
    }
  }

  private void chunks(ByteBuffer bytes, int first, int count) {
    bytes.asFloatBuffer().put(0, ranges, first * COLUMNS, count * COLUMNS);
  }

  /** Finds the ranges of one chunk: three minima, three maxima, of each kind. */
  private void measure(int chunk) {
    int from = chunk * CompressedChunk.SIZE;
    int to = Math.min(from + CompressedChunk.SIZE, scene.count());
    for (int kind = 0; kind < 3; kind++) {
      for (int axis = 0; axis < 3; axis++) {
        float min = Float.POSITIVE_INFINITY;
        float max = Float.NEGATIVE_INFINITY;
        for (int at = from; at < to; at++) {
          float value = value(kind, order[at], axis);
          min = Math.min(min, value);
          max = Math.max(max, value);
        }
        ranges[chunk * COLUMNS + kind * 6 + axis] = min;
        ranges[chunk * COLUMNS + kind * 6 + 3 + axis] = max;
      }
    }
  }

  /** A position, a clamped logarithm of a scale or a colour. */
  private float value(int kind, int i, int axis) {
    return switch (kind) {
      case 0 -> scene.means()[3 * i + axis];
      case 1 ->
          Math.clamp(
              scene.logScales()[3 * i + axis],
              -CompressedChunk.MAX_LOG_SCALE,
              CompressedChunk.MAX_LOG_SCALE);
      default -> (float) Units.colour(scene.sh()[3 * scene.coefficients() * i + axis]);
    };
  }

  private double fraction(int kind, int chunk, int i, int axis) {
    double min = ranges[chunk * COLUMNS + kind * 6 + axis];
    double max = ranges[chunk * COLUMNS + kind * 6 + 3 + axis];
    return max > min ? (value(kind, i, axis) - min) / (max - min) : 0;
  }

  private void vertices(ByteBuffer bytes, int first, int count) {
    double[] q = new double[4];
    for (int r = 0; r < count; r++) {
      int i = order[first + r];
      int chunk = (first + r) / CompressedChunk.SIZE;
      Quaternions.normalised(scene.quats(), i, q);
      int row = r * Integer.BYTES * CompressedChunk.VERTEX.length;
      bytes.putInt(row, packed(0, chunk, i));
      bytes.putInt(row + 4, CompressedChunk.packRotation(q));
      bytes.putInt(row + 8, packed(1, chunk, i));
      bytes.putInt(
          row + 12,
          CompressedChunk.pack8888(
              fraction(2, chunk, i, 0),
              fraction(2, chunk, i, 1),
              fraction(2, chunk, i, 2),
              Units.opacity(scene.logitOpacities()[i])));
    }
  }

  private int packed(int kind, int chunk, int i) {
    return CompressedChunk.pack111011(
        fraction(kind, chunk, i, 0), fraction(kind, chunk, i, 1), fraction(kind, chunk, i, 2));
  }

  private void rest(ByteBuffer bytes, int first, int count) {
    int perChannel = scene.coefficients() - 1;
    for (int r = 0; r < count; r++) {
      int from = order[first + r] * 3 * scene.coefficients();
      for (int c = 0; c < 3; c++) {
        for (int j = 0; j < perChannel; j++) {
          float value = scene.sh()[from + 3 * (1 + j) + c];
          bytes.put((r * 3 + c) * perChannel + j, CompressedChunk.packCoefficient(value));
        }
      }
    }
  }
}
