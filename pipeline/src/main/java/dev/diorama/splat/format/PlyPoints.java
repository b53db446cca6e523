package dev.diorama.splat.format;

import dev.diorama.splat.SceneException;
import dev.diorama.splat.format.PlyTable.Column;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The points of a .ply that holds no Gaussians: x, y, z and, where they are, red, green, blue. Any
 * order and type of properties, text and both byte orders.
 *
 * @param positions [N, 3]
 * @param colours [N, 3] red, green, blue, 0 to 255 as unsigned bytes; grey where the file has none
 */
public record PlyPoints(float[] positions, byte[] colours) {
  private static final List<String> COORDINATES = List.of("x", "y", "z");
  private static final List<String> COLOURS = List.of("red", "green", "blue");
  private static final int LARGEST_COUNT = (Integer.MAX_VALUE - 8) / 3;
  private static final float GREY = 128;

  /**
   * Reads a file.
   *
   * @param file a .ply
   * @return its points
   * @throws IOException when it is none, is damaged or has no positions
   */
  public static PlyPoints read(Path file) throws IOException {
    PlyHeader header = PlyHeader.read(file);
    PlyElement vertex = header.element(file, "vertex");
    PlyTable.check(file, header, vertex);
    if (vertex.count() > LARGEST_COUNT) {
      throw new SceneException(
          "%s has %d points, at most %d are read".formatted(file, vertex.count(), LARGEST_COUNT));
    }
    int n = (int) vertex.count();
    Map<String, Integer> indices = vertex.indices(file);
    float[] positions = new float[3 * n];
    float[] values = new float[3 * n];
    java.util.Arrays.fill(values, GREY);
    List<Column> columns = new ArrayList<>();
    boolean coloured = indices.keySet().containsAll(COLOURS);
    for (int i = 0; i < 3; i++) {
      Integer at = indices.get(COORDINATES.get(i));
      if (at == null) {
        throw new SceneException(
            "%s has no positions: its vertices have no property %s"
                .formatted(file, COORDINATES.get(i)));
      }
      columns.add(new Column(at, positions, i, 3));
      if (coloured) {
        columns.add(new Column(indices.get(COLOURS.get(i)), values, i, 3));
      }
    }
    PlyTable.read(file, header, vertex, columns);
    float scale = coloured && isUnitRange(vertex, indices) ? 255 : 1;
    byte[] colours = new byte[values.length];
    for (int i = 0; i < colours.length; i++) {
      colours[i] = (byte) Math.round(Math.clamp(values[i] * scale, 0, 255));
    }
    return new PlyPoints(positions, colours);
  }

  /** Colours of a floating-point type go from 0 to 1, those of integers to 255. */
  private static boolean isUnitRange(PlyElement vertex, Map<String, Integer> indices) {
    PlyType type = vertex.properties().get(indices.get(COLOURS.getFirst())).type();
    return type == PlyType.FLOAT32 || type == PlyType.FLOAT64;
  }
}
