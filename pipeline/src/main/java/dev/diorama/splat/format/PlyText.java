package dev.diorama.splat.format;

import dev.diorama.splat.SceneException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Reads the numbers of a .ply that is text. */
final class PlyText {
  private static final int MAX_NUMBER_LENGTH = 64;
  private static final int BUFFER_BYTES = 1 << 16;

  private final Path file;
  private final InputStream in;
  private final StringBuilder word = new StringBuilder();

  private PlyText(Path file, InputStream in) {
    this.file = file;
    this.in = in;
  }

  static void read(Path file, PlyHeader header, PlyElement element, List<PlyTable.Column> columns)
      throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES)) {
      in.skipNBytes(header.bytes());
      PlyText text = new PlyText(file, in);
      for (PlyElement e : header.elements()) {
        if (e == element) {
          text.rows(element, columns);
          return;
        }
        for (long i = 0; i < e.count() * e.properties().size(); i++) {
          text.next();
        }
      }
    }
  }

  private void rows(PlyElement element, List<PlyTable.Column> columns) throws IOException {
    float[] row = new float[element.properties().size()];
    for (int r = 0; r < element.count(); r++) {
      for (int p = 0; p < row.length; p++) {
        row[p] = number(next());
      }
      for (PlyTable.Column column : columns) {
        column.set(r, row[column.property()]);
      }
    }
  }

  private String next() throws IOException {
    word.setLength(0);
    int c = in.read();
    while (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      c = in.read();
    }
    while (c >= 0 && c != ' ' && c != '\t' && c != '\r' && c != '\n') {
      if (word.length() == MAX_NUMBER_LENGTH) {
        throw notNumber(word + "...", null);
      }
      word.append((char) c);
      c = in.read();
    }
    if (word.isEmpty()) {
      throw new SceneException("%s ends before the last of its numbers".formatted(file));
    }
    return word.toString();
  }

  private float number(String text) throws SceneException {
    try {
      return Float.parseFloat(text);
    } catch (NumberFormatException e) {
      return switch (text.toLowerCase(Locale.ROOT)) {
        case "nan", "-nan", "+nan" -> Float.NaN;
        case "inf", "+inf", "infinity" -> Float.POSITIVE_INFINITY;
        case "-inf", "-infinity" -> Float.NEGATIVE_INFINITY;
        default -> throw notNumber(text, e);
      };
    }
  }

  private SceneException notNumber(String text, Throwable cause) {
    return new SceneException(
        "%s has \"%s\" among its numbers".formatted(file, text.replaceAll("[^ -~]", "?")), cause);
  }
}
