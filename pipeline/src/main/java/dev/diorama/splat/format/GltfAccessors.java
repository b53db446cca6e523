package dev.diorama.splat.format;

import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** The numbers of a .glb: accessors over views of its one binary chunk. */
final class GltfAccessors {
  private static final List<String> TYPES = List.of("SCALAR", "VEC2", "VEC3", "VEC4");
  private static final int MAX_STRIDE = 252;

  private final Path file;
  private final FileChannel channel;
  private final SceneJson json;
  private final long start;
  private final long length;

  /**
   * Makes the view.
   *
   * @param file for messages
   * @param channel of the file
   * @param json the glTF
   * @param start of the binary chunk's data in the file
   * @param length of it; 0 when there is none
   */
  GltfAccessors(Path file, FileChannel channel, SceneJson json, long start, long length) {
    this.file = file;
    this.channel = channel;
    this.json = json;
    this.start = start;
    this.length = length;
  }

  /**
   * How many elements an accessor says it has; they need not be there.
   *
   * @param accessor its index
   * @return at least 1
   * @throws SceneException when there is no such number
   */
  long count(int accessor) throws SceneException {
    return json.integer("/accessors/" + accessor + "/count", 1, Integer.MAX_VALUE);
  }

  /** What is checked about an accessor before anything is read or allocated. */
  private record Layout(
      int componentType,
      boolean normalized,
      int components,
      int elementBytes,
      int stride,
      long at) {}

  /**
   * Checks that an accessor's data is there.
   *
   * @param accessor its index
   * @param count how many elements there must be
   * @param components of an element, 1 to 4
   * @throws SceneException when it is not
   */
  void check(int accessor, long count, int components) throws SceneException {
    layout(accessor, count, components);
  }

  private Layout layout(int accessor, long count, int components) throws SceneException {
    String at = "/accessors/" + accessor;
    if (json.has(at + "/sparse") || !json.has(at + "/bufferView")) {
      throw new SceneException(
          "%s has the sparse accessor %d; only plain ones are read".formatted(file, accessor));
    }
    json.integer(at + "/count", count, count);
    json.text(
        at + "/type",
        Pattern.compile(TYPES.get(components - 1)),
        "\"" + TYPES.get(components - 1) + "\"");
    int type = (int) json.integer(at + "/componentType", Gltf.BYTE, Gltf.FLOAT);
    int size = size(type);
    if (size == 0) {
      throw new SceneException(
          "%s has components of type %d in accessor %d, expected 5120 to 5123 or 5126"
              .formatted(file, type, accessor));
    }
    long view = json.integer(at + "/bufferView", 0, Integer.MAX_VALUE);
    String viewAt = "/bufferViews/" + view;
    json.integer(viewAt + "/buffer", 0, 0);
    if (json.has("/buffers/0/uri")) {
      throw new SceneException(
          "%s keeps its data outside of itself; only a .glb that is whole is read".formatted(file));
    }
    long viewOffset = optional(viewAt + "/byteOffset", 0, length);
    long viewLength = json.integer(viewAt + "/byteLength", 1, Math.max(1, length - viewOffset));
    if (viewOffset + viewLength > length) {
      throw new SceneException(
          "%s has %d bytes of data, buffer view %d wants %d from %d on"
              .formatted(file, length, view, viewLength, viewOffset));
    }
    int element = size * components;
    int stride = (int) optional(viewAt + "/byteStride", element, MAX_STRIDE);
    long offset = optional(at + "/byteOffset", 0, viewLength);
    if (offset + (count - 1) * stride + element > viewLength) {
      throw new SceneException(
          "%s claims %d elements in accessor %d, but its buffer view has %d bytes"
              .formatted(file, count, accessor, viewLength));
    }
    return new Layout(
        type, json.flag(at + "/normalized"), components, element, stride, viewOffset + offset);
  }

  /** A number that has a default, its least value. */
  private long optional(String pointer, long least, long most) throws SceneException {
    return json.has(pointer) ? json.integer(pointer, least, most) : least;
  }

  private static int size(int componentType) {
    return switch (componentType) {
      case Gltf.BYTE, Gltf.UNSIGNED_BYTE -> 1;
      case Gltf.SHORT, Gltf.UNSIGNED_SHORT -> 2;
      case Gltf.FLOAT -> 4;
      default -> 0;
    };
  }

  /**
   * Reads an accessor.
   *
   * @param accessor its index
   * @param count how many elements there must be
   * @param components of an element, 1 to 4
   * @return [count, components]; normalised integers as what they stand for
   * @throws IOException when the data is not there or cannot be read
   */
  float[] read(int accessor, int count, int components) throws IOException {
    Layout layout = layout(accessor, count, components);
    float[] values = new float[count * components];
    long from = start + layout.at;
    // After the last element nothing of its stride need be left.
    Rows.read(
        channel,
        from,
        count - 1,
        layout.stride,
        ByteOrder.LITTLE_ENDIAN,
        (bytes, first, rows) -> convert(layout, bytes, layout.stride, values, first, rows));
    Rows.read(
        channel,
        from + (count - 1L) * layout.stride,
        1,
        layout.elementBytes,
        ByteOrder.LITTLE_ENDIAN,
        (bytes, first, rows) -> convert(layout, bytes, layout.elementBytes, values, count - 1, 1));
    return values;
  }

  private static void convert(
      Layout layout, ByteBuffer bytes, int stride, float[] values, int first, int rows) {
    int size = layout.elementBytes / layout.components;
    for (int i = 0; i < rows; i++) {
      for (int c = 0; c < layout.components; c++) {
        values[(first + i) * layout.components + c] =
            value(bytes, i * stride + c * size, layout.componentType, layout.normalized);
      }
    }
  }

  private static float value(ByteBuffer bytes, int at, int componentType, boolean normalized) {
    return switch (componentType) {
      case Gltf.BYTE -> normalized ? Math.max(bytes.get(at) / 127f, -1) : bytes.get(at);
      case Gltf.UNSIGNED_BYTE -> (bytes.get(at) & 255) / (normalized ? 255f : 1);
      case Gltf.SHORT ->
          normalized ? Math.max(bytes.getShort(at) / 32767f, -1) : bytes.getShort(at);
      case Gltf.UNSIGNED_SHORT -> (bytes.getShort(at) & 65535) / (normalized ? 65535f : 1);
      default -> bytes.getFloat(at);
    };
  }
}
