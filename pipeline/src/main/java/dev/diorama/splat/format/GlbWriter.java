package dev.diorama.splat.format;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Writes a .glb: its JSON, then one attribute after the other, in blocks on all threads. */
final class GlbWriter {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int HEADER = 12;
  private static final int CHUNK_HEADER = 8;
  private static final long MAX_BYTES = 0xffff_fffcL;

  /** Converts one Gaussian's values to its place in a block. */
  private interface Encoder {
    void encode(ByteBuffer out, int gaussian);
  }

  private record Attribute(
      String name, String type, int componentType, int rowBytes, Encoder encoder) {}

  private final Gaussians scene;
  private final List<Attribute> attributes = new ArrayList<>();

  private GlbWriter(Gaussians scene) {
    this.scene = scene;
    floats(
        "POSITION",
        3,
        (out, i) -> {
          for (int axis = 0; axis < 3; axis++) {
            out.putFloat(GltfAxes.position(scene.means(), 3 * i + axis));
          }
        });
    attributes.add(new Attribute("COLOR_0", "VEC4", Gltf.UNSIGNED_SHORT, 8, this::color));
    floats(
        Gltf.ROTATION,
        4,
        (out, i) -> {
          double[] q = GltfAxes.toGltf(scene.quats(), i);
          out.putFloat((float) q[1]).putFloat((float) q[2]).putFloat((float) q[3]);
          out.putFloat((float) q[0]);
        });
    floats(
        Gltf.SCALE,
        3,
        (out, i) -> {
          for (int axis = 0; axis < 3; axis++) {
            float logScale = scene.logScales()[3 * i + axis];
            out.putFloat((float) Math.exp(SceneChecks.finiteLogScale(logScale)));
          }
        });
    floats(Gltf.OPACITY, 1, (out, i) -> out.putFloat((float) opacity(i)));
    int k = 0;
    for (int degree = 0; degree <= scene.shDegree(); degree++) {
      for (int n = 0; n < 2 * degree + 1; n++) {
        int index = k++;
        floats(
            Gltf.coefficient(degree, n),
            3,
            (out, i) -> {
              int from = 3 * (i * scene.coefficients() + index);
              for (int c = 0; c < 3; c++) {
                out.putFloat(GltfAxes.coefficient(scene.sh()[from + c], index));
              }
            });
      }
    }
  }

  private void floats(String name, int components, Encoder encoder) {
    String type = components == 1 ? "SCALAR" : "VEC" + components;
    attributes.add(new Attribute(name, type, Gltf.FLOAT, 4 * components, encoder));
  }

  private double opacity(int gaussian) {
    return 1 / (1 + Math.exp(-scene.logitOpacities()[gaussian]));
  }

  /** For programs that know points only; the specification asks for linear values. */
  private void color(ByteBuffer out, int gaussian) {
    for (int c = 0; c < 3; c++) {
      double value = Units.colour(scene.sh()[3 * gaussian * scene.coefficients() + c]);
      out.putShort((short) Math.round(65535 * Gltf.linear(Math.clamp(value, 0, 1))));
    }
    out.putShort((short) Math.round(65535 * opacity(gaussian)));
  }

  /**
   * Writes a scene.
   *
   * @param scene at least one Gaussian; positions, rotations and colours finite
   * @param file exists and is empty, or does not exist
   * @throws IOException when the scene cannot be written in this format, or the file not at all
   */
  static void write(Gaussians scene, Path file) throws IOException {
    SceneChecks.finite(scene, ".glb");
    GlbWriter writer = new GlbWriter(scene);
    byte[] json = writer.json();
    long binary =
        writer.attributes.stream().mapToLong(a -> (long) a.rowBytes * scene.count()).sum();
    long total = HEADER + 2 * CHUNK_HEADER + json.length + binary;
    if (total > MAX_BYTES) {
      throw new SceneException(
          "the scene would be a .glb of %d bytes, which has at most 4 GiB".formatted(total));
    }
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      ByteBuffer head =
          ByteBuffer.allocate(HEADER + 2 * CHUNK_HEADER + json.length)
              .order(ByteOrder.LITTLE_ENDIAN);
      head.putInt(Gltf.MAGIC).putInt(2).putInt((int) total);
      head.putInt(json.length).putInt(Gltf.JSON_CHUNK).put(json);
      head.putInt((int) binary).putInt(Gltf.BINARY_CHUNK).flip();
      while (head.hasRemaining()) {
        out.write(head);
      }
      long offset = head.limit();
      for (Attribute a : writer.attributes) {
        Rows.write(
            out,
            offset,
            scene.count(),
            a.rowBytes,
            (bytes, first, count) -> {
              for (int i = 0; i < count; i++) {
                a.encoder.encode(bytes.position(i * a.rowBytes), first + i);
              }
            });
        offset += (long) a.rowBytes * scene.count();
      }
    }
  }

  /** The whole JSON, filled up with blanks to a multiple of four. */
  private byte[] json() throws IOException {
    ObjectNode root = JSON.createObjectNode();
    root.putObject("asset").put("version", "2.0").put("generator", "Diorama");
    root.putArray("extensionsUsed").add(Gltf.EXTENSION);
    root.put("scene", 0);
    root.putArray("scenes").addObject().putArray("nodes").add(0);
    root.putArray("nodes").addObject().put("mesh", 0);
    ObjectNode primitive =
        root.putArray("meshes").addObject().putArray("primitives").addObject().put("mode", 0);
    ObjectNode names = primitive.putObject("attributes");
    primitive
        .putObject("extensions")
        .putObject(Gltf.EXTENSION)
        .put("kernel", "ellipse")
        .put("colorSpace", Gltf.SRGB)
        .put("projection", "perspective")
        .put("sortingMethod", "cameraDistance");
    ArrayNode accessors = root.putArray("accessors");
    ArrayNode views = root.putArray("bufferViews");
    long offset = 0;
    for (Attribute a : attributes) {
      long length = (long) a.rowBytes * scene.count();
      names.put(a.name, accessors.size());
      ObjectNode accessor =
          accessors
              .addObject()
              .put("bufferView", views.size())
              .put("componentType", a.componentType)
              .put("count", scene.count())
              .put("type", a.type);
      if (a.componentType != Gltf.FLOAT) {
        accessor.put("normalized", true);
      }
      if (a.name.equals("POSITION")) {
        bounds(accessor);
      }
      views
          .addObject()
          .put("buffer", 0)
          .put("byteOffset", offset)
          .put("byteLength", length)
          .put("target", Gltf.ARRAY_BUFFER);
      offset += length;
    }
    root.putArray("buffers").addObject().put("byteLength", offset);
    byte[] text = JSON.writeValueAsBytes(root);
    byte[] padded = Arrays.copyOf(text, Math.ceilDiv(text.length, 4) * 4);
    Arrays.fill(padded, text.length, padded.length, (byte) ' ');
    return padded;
  }

  private void bounds(ObjectNode accessor) {
    double[] min = new double[3];
    double[] max = new double[3];
    Arrays.fill(min, Double.POSITIVE_INFINITY);
    Arrays.fill(max, Double.NEGATIVE_INFINITY);
    for (int i = 0; i < 3 * scene.count(); i++) {
      float at = GltfAxes.position(scene.means(), i);
      min[i % 3] = Math.min(min[i % 3], at);
      max[i % 3] = Math.max(max[i % 3], at);
    }
    accessor.set("min", JSON.valueToTree(min));
    accessor.set("max", JSON.valueToTree(max));
  }
}
