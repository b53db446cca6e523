package dev.diorama.splat.format;

import dev.diorama.splat.SceneException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The head of a .ply (Turk 1994): what tables follow, and in which encoding. Nothing is believed
 * yet: counts are checked by {@link PlyTable}.
 *
 * @param order of binary numbers; null when the file is text
 * @param elements in the file's order
 * @param bytes the header's length; the data begin there
 */
record PlyHeader(ByteOrder order, List<PlyElement> elements, int bytes) {
  private static final int MAX_BYTES = 1 << 20;
  private static final int MAX_ELEMENTS = 64;
  private static final int MAX_PROPERTIES = 4096;
  private static final int SHOWN_LENGTH = 60;

  /** Whether a file begins as a .ply does. */
  static boolean isPly(byte[] head) {
    return head.length > 3
        && head[0] == 'p'
        && head[1] == 'l'
        && head[2] == 'y'
        && (head[3] == '\n' || head[3] == '\r');
  }

  static PlyHeader read(Path file) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      return new Parser(file, in).parse();
    }
  }

  /**
   * The element of that name.
   *
   * @throws SceneException when there is none
   */
  PlyElement element(Path file, String name) throws SceneException {
    for (PlyElement element : elements) {
      if (element.name().equals(name)) {
        return element;
      }
    }
    throw new SceneException("%s has no element %s".formatted(file, name));
  }

  boolean has(String name) {
    return elements.stream().anyMatch(e -> e.name().equals(name));
  }

  private static final class Parser {
    private final Path file;
    private final InputStream in;
    private int position;

    Parser(Path file, InputStream in) {
      this.file = file;
      this.in = in;
    }

    PlyHeader parse() throws IOException {
      if (!line().equals("ply")) {
        throw new SceneException("%s does not begin with \"ply\"".formatted(file));
      }
      boolean known = false;
      ByteOrder order = null;
      List<PlyElement> elements = new ArrayList<>();
      for (String line = line(); !line.equals("end_header"); line = line()) {
        String[] words = line.strip().split("\\s+");
        switch (words[0]) {
          case "", "comment", "obj_info" -> {}
          case "format" -> {
            order = order(words, line);
            known = true;
          }
          case "element" -> {
            if (elements.size() == MAX_ELEMENTS) {
              throw wrong(line, "at most " + MAX_ELEMENTS + " elements");
            }
            elements.add(element(words, line));
          }
          case "property" -> {
            if (elements.isEmpty()) {
              throw wrong(line, "an element before it");
            }
            List<PlyElement.Property> properties = elements.getLast().properties();
            if (properties.size() == MAX_PROPERTIES) {
              throw wrong(line, "at most " + MAX_PROPERTIES + " properties");
            }
            properties.add(property(words, line));
          }
          default -> throw wrong(line, "format, comment, element, property or end_header");
        }
      }
      if (!known) {
        throw new SceneException("%s: its header has no line \"format\"".formatted(file));
      }
      return new PlyHeader(order, elements, position);
    }

    private ByteOrder order(String[] words, String line) throws SceneException {
      return switch (words.length < 2 ? "" : words[1]) {
        case "ascii" -> null;
        case "binary_little_endian" -> ByteOrder.LITTLE_ENDIAN;
        case "binary_big_endian" -> ByteOrder.BIG_ENDIAN;
        default ->
            throw wrong(line, "\"format\" with ascii, binary_little_endian or binary_big_endian");
      };
    }

    private PlyElement element(String[] words, String line) throws SceneException {
      long count = -1;
      if (words.length == 3 && words[2].matches("\\d{1,18}")) {
        count = Long.parseLong(words[2]);
      }
      if (count < 0) {
        throw wrong(line, "\"element\" with a name and a count");
      }
      return new PlyElement(words[1], count, new ArrayList<>());
    }

    private PlyElement.Property property(String[] words, String line) throws SceneException {
      boolean list = words.length == 5 && words[1].equals("list");
      if (list && PlyType.named(words[2]) != null && PlyType.named(words[3]) != null) {
        return new PlyElement.Property(words[4], null);
      }
      if (words.length != 3 || PlyType.named(words[1]) == null) {
        throw wrong(line, "\"property\" with a type such as float, and a name");
      }
      return new PlyElement.Property(words[2], PlyType.named(words[1]));
    }

    private SceneException wrong(String line, String right) {
      String shown = line.length() > SHOWN_LENGTH ? line.substring(0, SHOWN_LENGTH) + "..." : line;
      shown = shown.replaceAll("[^ -~]", "?");
      return new SceneException(
          "%s: its header has the line \"%s\", expected %s".formatted(file, shown, right));
    }

    /** A line without its end, which may be LF or CR LF. */
    private String line() throws IOException {
      StringBuilder line = new StringBuilder();
      while (true) {
        int next = in.read();
        if (next < 0 || position == MAX_BYTES) {
          throw new SceneException(
              "%s: its header does not end with \"end_header\" within %d bytes"
                  .formatted(file, position));
        }
        position++;
        if (next == '\n') {
          int length = line.length();
          boolean carriage = length > 0 && line.charAt(length - 1) == '\r';
          return line.substring(0, carriage ? length - 1 : length);
        }
        line.append((char) next);
      }
    }
  }

  /** The header of a new file. */
  static byte[] of(List<PlyElement> elements) {
    StringBuilder text = new StringBuilder("ply\nformat binary_little_endian 1.0\n");
    for (PlyElement element : elements) {
      text.append("element ").append(element.name()).append(' ').append(element.count());
      text.append('\n');
      for (PlyElement.Property property : element.properties()) {
        text.append("property ")
            .append(property.type().word())
            .append(' ')
            .append(property.name())
            .append('\n');
      }
    }
    return text.append("end_header\n").toString().getBytes(StandardCharsets.US_ASCII);
  }
}
