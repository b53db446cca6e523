package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Reads every primitive of a .glb's scene that has Gaussians, as one scene. */
final class GlbReader {
  private static final int HEADER = 12;
  private static final int CHUNK_HEADER = 8;
  private static final long MAX_JSON = 1 << 26;

  /** What may be required of a reader of Gaussians alone; materials and lights are no matter. */
  private static final Pattern KNOWN =
      Pattern.compile(Gltf.EXTENSION + "|KHR_mesh_quantization|KHR_(materials|texture|lights)_.*");

  private final Path file;
  private final SceneJson json;
  private final GltfAccessors accessors;

  private record Part(String attributes, double[] matrix, int count, int degree) {}

  private GlbReader(Path file, FileChannel channel) throws IOException {
    this.file = file;
    ByteBuffer head = bytes(channel, 0, HEADER + CHUNK_HEADER);
    long end = Integer.toUnsignedLong(head.getInt(8));
    long jsonLength = Integer.toUnsignedLong(head.getInt(12));
    if (head.getInt(4) != 2 || head.getInt(16) != Gltf.JSON_CHUNK) {
      throw new SceneException("%s is no binary glTF of version 2".formatted(file));
    }
    if (end > channel.size() || HEADER + CHUNK_HEADER + jsonLength > end) {
      throw new SceneException(
          "%s is cut short: it has %d bytes and claims more".formatted(file, channel.size()));
    }
    if (jsonLength > MAX_JSON) {
      throw new SceneException(
          "%s has %d bytes of JSON, more than 64 MiB".formatted(file, jsonLength));
    }
    byte[] text = bytes(channel, HEADER + CHUNK_HEADER, (int) jsonLength).array();
    this.json = SceneJson.parse(file.toString(), text);
    long binary = HEADER + CHUNK_HEADER + jsonLength;
    long length = 0;
    if (binary + CHUNK_HEADER <= end) {
      ByteBuffer chunk = bytes(channel, binary, CHUNK_HEADER);
      length = Integer.toUnsignedLong(chunk.getInt(0));
      if (chunk.getInt(4) != Gltf.BINARY_CHUNK || binary + CHUNK_HEADER + length > end) {
        throw new SceneException(
            "%s has a second chunk that is no whole binary one".formatted(file));
      }
    }
    this.accessors = new GltfAccessors(file, channel, json, binary + CHUNK_HEADER, length);
  }

  private ByteBuffer bytes(FileChannel channel, long at, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, at + bytes.position()) < 0) {
        throw new SceneException("%s is cut short".formatted(file), new EOFException());
      }
    }
    return bytes;
  }

  /**
   * Reads a scene.
   *
   * @param file a .glb
   * @return all Gaussians of the file's scene
   * @throws IOException when it holds none, is damaged, or needs what is not known here
   */
  static Gaussians read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      return new GlbReader(file, channel).read();
    }
  }

  private Gaussians read() throws IOException {
    for (int i = 0; i < json.size("/extensionsRequired"); i++) {
      json.text("/extensionsRequired/" + i, KNOWN, "an extension that is known here");
    }
    List<Part> parts = new ArrayList<>();
    long total = 0;
    int degree = 0;
    for (GltfNodes.Placed placed : GltfNodes.of(json)) {
      String primitives = "/meshes/" + placed.mesh() + "/primitives";
      for (int i = 0; i < json.size(primitives); i++) {
        String primitive = primitives + "/" + i;
        if (json.has(primitive + "/extensions/" + Gltf.EXTENSION)) {
          Part part = part(primitive, placed.matrix());
          parts.add(part);
          total += part.count();
          degree = Math.max(degree, part.degree());
        }
      }
    }
    if (parts.isEmpty()) {
      throw new SceneException("%s has no mesh with %s".formatted(file, Gltf.EXTENSION));
    }
    // Several nodes may place one mesh, so the sum is not bounded by the file's size.
    Gaussians scene = SceneFiles.allocate(file, total, degree);
    int first = 0;
    for (Part part : parts) {
      Gaussians placed = GltfNodes.place(file.toString(), read(part), part.matrix());
      copy(placed, scene, first);
      first += part.count();
    }
    GltfAxes.fromGltf(scene);
    return scene;
  }

  /** Checks all that can be checked without reading. */
  private Part part(String primitive, double[] matrix) throws SceneException {
    String extension = primitive + "/extensions/" + Gltf.EXTENSION;
    json.text(extension + "/kernel", Pattern.compile("ellipse"), "\"ellipse\"");
    json.text(extension + "/colorSpace", Pattern.compile(Gltf.SRGB), "\"" + Gltf.SRGB + "\"");
    if (json.size(extension + "/extensions") > 0) {
      throw json.wrongValue(extension + "/extensions", "nothing: compression is not known here");
    }
    String attributes = primitive + "/attributes";
    long count = accessors.count(index(attributes, "POSITION"));
    accessors.check(index(attributes, "POSITION"), count, 3);
    int degree = 0;
    while (degree < Gaussians.MAX_SH_DEGREE
        && json.has(attributes + "/" + Gltf.coefficient(degree + 1, 0))) {
      degree++;
    }
    for (int l = 1; l <= degree; l++) {
      for (int n = 0; n < 2 * l + 1; n++) {
        accessors.check(index(attributes, Gltf.coefficient(l, n)), count, 3);
      }
    }
    return new Part(attributes, matrix, (int) count, degree);
  }

  private int index(String attributes, String name) throws SceneException {
    return (int) json.integer(attributes + "/" + name, 0, json.size("/accessors") - 1L);
  }

  private float[] values(Part part, String name, int components) throws IOException {
    return accessors.read(index(part.attributes(), name), part.count(), components);
  }

  private Gaussians read(Part part) throws IOException {
    Gaussians scene = SceneFiles.allocate(file, part.count(), part.degree());
    System.arraycopy(values(part, "POSITION", 3), 0, scene.means(), 0, 3 * part.count());
    float[] rotations = values(part, Gltf.ROTATION, 4);
    for (int i = 0; i < rotations.length; i++) {
      // From xyzw to wxyz.
      scene.quats()[i / 4 * 4 + (i + 1) % 4] = rotations[i];
    }
    float[] scales = values(part, Gltf.SCALE, 3);
    for (int i = 0; i < scales.length; i++) {
      check(scales[i], i / 3, "scale", Double.POSITIVE_INFINITY, "0 or more");
      scene.logScales()[i] = (float) Math.log(scales[i]);
    }
    float[] opacities = values(part, Gltf.OPACITY, 1);
    for (int i = 0; i < opacities.length; i++) {
      check(opacities[i], i, "opacity", 1, "0 to 1");
      scene.logitOpacities()[i] = (float) Math.log(opacities[i] / (1 - (double) opacities[i]));
    }
    spread(lowest(part), scene, 0);
    for (int l = 1, k = 1; l <= part.degree(); l++) {
      for (int n = 0; n < 2 * l + 1; n++) {
        spread(values(part, Gltf.coefficient(l, n), 3), scene, k++);
      }
    }
    return scene;
  }

  private void check(float value, int gaussian, String what, double most, String expected)
      throws SceneException {
    if (!(value >= 0 && value <= most)) {
      throw new SceneException(
          "%s has %s %s at Gaussian %d, expected %s"
              .formatted(file, what, value, gaussian, expected));
    }
  }

  /** The coefficients of degree 0, or what gives the colour that stands in for them. */
  private float[] lowest(Part part) throws IOException {
    String name = Gltf.coefficient(0, 0);
    if (json.has(part.attributes() + "/" + name) || !json.has(part.attributes() + "/COLOR_0")) {
      return values(part, name, 3);
    }
    int accessor = index(part.attributes(), "COLOR_0");
    int components = json.is("/accessors/" + accessor + "/type", "VEC4") ? 4 : 3;
    float[] colors = values(part, "COLOR_0", components);
    float[] lowest = new float[3 * part.count()];
    for (int i = 0; i < lowest.length; i++) {
      double linear = Math.clamp((double) colors[i / 3 * components + i % 3], 0, 1);
      lowest[i] = Units.coefficient(Gltf.srgb(linear));
    }
    return lowest;
  }

  private static void spread(float[] values, Gaussians scene, int coefficient) {
    int stride = 3 * scene.coefficients();
    for (int i = 0; i < scene.count(); i++) {
      System.arraycopy(values, 3 * i, scene.sh(), i * stride + 3 * coefficient, 3);
    }
  }

  private static void copy(Gaussians from, Gaussians to, int first) {
    int n = from.count();
    System.arraycopy(from.means(), 0, to.means(), 3 * first, 3 * n);
    System.arraycopy(from.quats(), 0, to.quats(), 4 * first, 4 * n);
    System.arraycopy(from.logScales(), 0, to.logScales(), 3 * first, 3 * n);
    System.arraycopy(from.logitOpacities(), 0, to.logitOpacities(), first, n);
    int row = 3 * from.coefficients();
    for (int i = 0; i < n; i++) {
      System.arraycopy(from.sh(), i * row, to.sh(), (first + i) * 3 * to.coefficients(), row);
    }
  }
}
