package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import dev.diorama.splat.format.PlyTable.Column;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Reads PlayCanvas's compressed .ply. */
final class CompressedPlyReader {
  private final Path file;
  private final PlyHeader header;

  /** The chunks' ranges: as many columns as there are names, one row a chunk. */
  private float[] ranges;

  private int columns;

  CompressedPlyReader(Path file) throws IOException {
    this.file = file;
    this.header = PlyHeader.read(file);
  }

  Gaussians read() throws IOException {
    if (header.order() == null) {
      throw new SceneException("%s is a compressed .ply as text, expected binary".formatted(file));
    }
    PlyElement chunk = header.element(file, "chunk");
    PlyElement vertex = header.element(file, "vertex");
    PlyElement sh = header.has("sh") ? header.element(file, "sh") : null;
    PlyTable.check(file, header, header.elements().getLast());
    if (chunk.count() != Math.ceilDiv(vertex.count(), (long) CompressedChunk.SIZE)) {
      throw new SceneException(
          "%s has %d chunks for %d Gaussians, expected one for each %d of them"
              .formatted(file, chunk.count(), vertex.count(), CompressedChunk.SIZE));
    }
    int degree = degree(sh, vertex.count());
    int[] packed = offsets(vertex, CompressedChunk.VERTEX, PlyType.UINT32);
    String[] rest = new String[3 * (Gaussians.coefficients(degree) - 1)];
    Arrays.setAll(rest, i -> "f_rest_" + i);
    int[] coefficients = sh == null ? null : offsets(sh, rest, PlyType.UINT8);
    Gaussians scene = SceneFiles.allocate(file, vertex.count(), degree);
    readRanges(chunk);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      read(channel, vertex, (bytes, first, n) -> vertices(bytes, vertex, packed, scene, first, n));
      if (sh != null) {
        read(channel, sh, (bytes, first, n) -> rest(bytes, sh, coefficients, scene, first, n));
      }
    }
    return scene;
  }

  private void read(FileChannel channel, PlyElement element, Rows.Block block) throws IOException {
    long offset = PlyTable.offset(header, element);
    Rows.read(channel, offset, (int) element.count(), element.rowBytes(), header.order(), block);
  }

  private int degree(PlyElement sh, long count) throws SceneException {
    if (sh == null) {
      return 0;
    }
    for (int degree = 1; degree <= Gaussians.MAX_SH_DEGREE; degree++) {
      if (sh.properties().size() == 3 * (Gaussians.coefficients(degree) - 1)
          && sh.count() == count) {
        return degree;
      }
    }
    throw new SceneException(
        "%s has %d x %d spherical harmonics for %d Gaussians, expected 9, 24 or 45 for each"
            .formatted(file, sh.count(), sh.properties().size(), count));
  }

  private void readRanges(PlyElement chunk) throws IOException {
    List<String> names = new ArrayList<>(List.of(CompressedChunk.POSITION_AND_SCALE));
    if (chunk.has("min_r")) {
      names.addAll(List.of(CompressedChunk.COLOUR));
    }
    columns = names.size();
    offsets(chunk, names.toArray(String[]::new), PlyType.FLOAT32);
    ranges = new float[(int) chunk.count() * columns];
    Map<String, Integer> indices = chunk.indices(file);
    List<Column> targets = new ArrayList<>();
    for (int i = 0; i < columns; i++) {
      targets.add(new Column(indices.get(names.get(i)), ranges, i, columns));
    }
    PlyTable.read(file, header, chunk, targets);
  }

  private int[] offsets(PlyElement element, String[] names, PlyType type) throws SceneException {
    Map<String, Integer> indices = element.indices(file);
    int[] all = element.offsets();
    int[] offsets = new int[names.length];
    for (int i = 0; i < names.length; i++) {
      Integer index = indices.get(names[i]);
      if (index == null || element.properties().get(index).type() != type) {
        throw new SceneException(
            "%s is no compressed .ply: its element %s has no property %s of type %s"
                .formatted(file, element.name(), names[i], type.word()));
      }
      offsets[i] = all[index];
    }
    return offsets;
  }

  private void vertices(
      ByteBuffer bytes, PlyElement vertex, int[] packed, Gaussians scene, int first, int count) {
    int rowBytes = vertex.rowBytes();
    int k = 3 * scene.coefficients();
    boolean colours = columns > CompressedChunk.POSITION_AND_SCALE.length;
    for (int r = 0; r < count; r++) {
      int i = first + r;
      int range = i / CompressedChunk.SIZE * columns;
      int position = bytes.getInt(r * rowBytes + packed[0]);
      int scale = bytes.getInt(r * rowBytes + packed[2]);
      int colour = bytes.getInt(r * rowBytes + packed[3]);
      CompressedChunk.unpackRotation(bytes.getInt(r * rowBytes + packed[1]), scene.quats(), 4 * i);
      for (int axis = 0; axis < 3; axis++) {
        scene.means()[3 * i + axis] =
            (float) within(range + axis, CompressedChunk.unpack111011(position, axis));
        scene.logScales()[3 * i + axis] =
            (float) within(range + 6 + axis, CompressedChunk.unpack111011(scale, axis));
        double fraction = CompressedChunk.unpack8888(colour, axis);
        scene.sh()[k * i + axis] =
            Units.coefficient(colours ? within(range + 12 + axis, fraction) : fraction);
      }
      scene.logitOpacities()[i] = Units.logit((byte) colour);
    }
  }

  private double within(int low, double fraction) {
    return ranges[low] * (1 - fraction) + ranges[low + 3] * fraction;
  }

  private static void rest(
      ByteBuffer bytes, PlyElement sh, int[] offsets, Gaussians scene, int first, int count) {
    int perChannel = scene.coefficients() - 1;
    int rowBytes = sh.rowBytes();
    for (int r = 0; r < count; r++) {
      int to = (first + r) * 3 * scene.coefficients();
      for (int p = 0; p < offsets.length; p++) {
        scene.sh()[to + 3 * (1 + p % perChannel) + p / perChannel] =
            CompressedChunk.unpackCoefficient(bytes.get(r * rowBytes + offsets[p]));
      }
    }
  }
}
