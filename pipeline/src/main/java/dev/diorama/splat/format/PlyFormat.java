package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import dev.diorama.splat.format.PlyElement.Property;
import dev.diorama.splat.format.PlyTable.Column;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The .ply of Kerbl et al. 2023 (INRIA's 3D Gaussian Splatting): positions, logarithms of scales,
 * logits of opacities, unnormalised wxyz rotations and spherical harmonics as floats. Our scenes
 * have the same units, so nothing is lost. Reads any order and type of the properties, text and
 * both byte orders, and ignores properties it does not know; writes little-endian.
 *
 * <p>Of the spherical harmonics beyond degree 0 ({@code f_rest_*}) the channel varies slowest: all
 * of red, then green, then blue.
 */
public final class PlyFormat implements SceneFormat {

  @Override
  public String name() {
    return ".ply";
  }

  @Override
  public boolean reads(Path file, byte[] head) {
    return PlyHeader.isPly(head);
  }

  @Override
  public boolean writes(Path file) {
    return SceneFiles.hasSuffix(file, ".ply");
  }

  @Override
  public Gaussians read(Path file) throws IOException {
    PlyHeader header = PlyHeader.read(file);
    PlyElement vertex = header.element(file, "vertex");
    checkKind(file, vertex);
    PlyTable.check(file, header, vertex);
    Map<String, Integer> indices = vertex.indices(file);
    int degree = degree(file, vertex);
    // Every column is looked for before the scene takes memory.
    for (Target target : targets(Gaussians.zeros(0, degree))) {
      if (!indices.containsKey(target.property)) {
        throw new SceneException(
            "%s is no whole scene of Gaussians: its vertices have no property %s"
                .formatted(file, target.property));
      }
    }
    Gaussians scene = SceneFiles.allocate(file, vertex.count(), degree);
    List<Column> columns = new ArrayList<>();
    for (Target target : targets(scene)) {
      int index = indices.get(target.property);
      columns.add(new Column(index, target.array, target.at, target.stride));
    }
    PlyTable.read(file, header, vertex, columns);
    return scene;
  }

  private static void checkKind(Path file, PlyElement vertex) throws SceneException {
    if (vertex.has("packed_position")) {
      throw new SceneException(
          "%s is a compressed .ply without the element chunk that it needs".formatted(file));
    }
    if (vertex.has("x") && !vertex.has("scale_0")) {
      throw new SceneException(
          ("%s is a cloud of points, not a scene of Gaussians: its vertices have no scale_0,"
                  + " rot_0 or opacity")
              .formatted(file));
    }
  }

  private static int degree(Path file, PlyElement vertex) throws SceneException {
    long rest = vertex.properties().stream().filter(p -> p.name().matches("f_rest_\\d+")).count();
    for (int degree = 0; degree <= Gaussians.MAX_SH_DEGREE; degree++) {
      if (rest == 3L * (Gaussians.coefficients(degree) - 1)) {
        return degree;
      }
    }
    throw new SceneException(
        "%s has %d properties f_rest_*, expected 0, 9, 24 or 45: spherical harmonics to degree 3"
            .formatted(file, rest));
  }

  private record Target(String property, float[] array, int at, int stride) {}

  /** What each property is in a scene, in the order in which it is written. */
  private static List<Target> targets(Gaussians scene) {
    List<Target> targets = new ArrayList<>();
    targets.add(new Target("x", scene.means(), 0, 3));
    targets.add(new Target("y", scene.means(), 1, 3));
    targets.add(new Target("z", scene.means(), 2, 3));
    int k = scene.coefficients();
    for (int c = 0; c < 3; c++) {
      targets.add(new Target("f_dc_" + c, scene.sh(), c, 3 * k));
    }
    for (int c = 0; c < 3; c++) {
      for (int i = 1; i < k; i++) {
        String property = "f_rest_" + (c * (k - 1) + i - 1);
        targets.add(new Target(property, scene.sh(), i * 3 + c, 3 * k));
      }
    }
    targets.add(new Target("opacity", scene.logitOpacities(), 0, 1));
    for (int i = 0; i < 3; i++) {
      targets.add(new Target("scale_" + i, scene.logScales(), i, 3));
    }
    for (int i = 0; i < 4; i++) {
      targets.add(new Target("rot_" + i, scene.quats(), i, 4));
    }
    return targets;
  }

  @Override
  public void write(Gaussians scene, Path file) throws IOException {
    List<Target> targets = targets(scene);
    // Normals mean nothing here, but INRIA's own programs write zeros there and some readers count
    // on them.
    for (String normal : List.of("nz", "ny", "nx")) {
      targets.add(3, new Target(normal, null, 0, 0));
    }
    List<Property> properties =
        targets.stream().map(t -> new Property(t.property, PlyType.FLOAT32)).toList();
    PlyElement vertex = new PlyElement("vertex", scene.count(), properties);
    byte[] header = PlyHeader.of(List.of(vertex));
    int rowBytes = vertex.rowBytes();
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(header));
      Rows.write(
          channel,
          header.length,
          scene.count(),
          rowBytes,
          (bytes, first, count) -> {
            for (int p = 0; p < targets.size(); p++) {
              copy(targets.get(p), first, count, bytes, p * Float.BYTES, rowBytes);
            }
          });
    }
  }

  private static void copy(
      Target from, int first, int count, ByteBuffer bytes, int offset, int rowBytes) {
    for (int i = 0; i < count; i++) {
      float value = from.array == null ? 0 : from.array[from.at + (first + i) * from.stride];
      bytes.putFloat(offset + i * rowBytes, value);
    }
  }
}
