package dev.diorama.splat.data;

import dev.diorama.splat.SceneException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Arrays of NumPy's .npz: a zip of .npy files (NEP 1), stored or deflated. Little-endian numbers in
 * row-major order; nothing pickled is ever read. An array is read when it is asked for, and only
 * when the archive can really hold as much as its header says.
 */
final class Npz implements AutoCloseable {
  /** What deflate can make of a byte at most. */
  private static final int DEFLATE_LIMIT = 1032;

  private static final int MAX_HEADER = 1 << 16;
  private static final int MAX_RANK = 8;
  private static final long MAX_ELEMENTS = Integer.MAX_VALUE - 8;
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

  private static final Pattern KIND = Pattern.compile("'descr'\\s*:\\s*'([^']{1,16})'");
  private static final Pattern ORDER = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
  private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([0-9, ]*)\\)");

  private static final Map<String, Integer> BYTES =
      Map.of(
          "<f4", 4, "<f8", 8, "|u1", 1, "<u2", 2, "<i4", 4, "<i8", 8, "<u4", 4, "<u8", 8, "|b1", 1);

  private final Path file;
  private final ZipFile zip;

  private Npz(Path file, ZipFile zip) {
    this.file = file;
    this.zip = zip;
  }

  /**
   * An array.
   *
   * @param kind NumPy's name of the type, such as {@code <f4}
   * @param shape its sizes; none for a single number
   * @param data little-endian, row-major
   */
  record Values(String kind, long[] shape, ByteBuffer data) {

    /** Any element as a number. */
    double get(int index) {
      int at = index * BYTES.get(kind);
      return switch (kind) {
        case "<f4" -> data.getFloat(at);
        case "<f8" -> data.getDouble(at);
        case "<i4" -> data.getInt(at);
        case "<u4" -> Integer.toUnsignedLong(data.getInt(at));
        case "<u2" -> Short.toUnsignedInt(data.getShort(at));
        case "<i8", "<u8" -> data.getLong(at);
        default -> data.get(at) & 0xff;
      };
    }

    int size() {
      return data.capacity() / BYTES.get(kind);
    }

    /** Whether integers hold it, so that colours go to 255. */
    boolean isInteger() {
      return !kind.startsWith("<f");
    }
  }

  /** Whether a file's first bytes are those of a zip. */
  static boolean isZip(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      return Arrays.equals(in.readNBytes(4), new byte[] {'P', 'K', 3, 4});
    }
  }

  static Npz open(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString());
    }
    try {
      return new Npz(file, new ZipFile(file.toFile()));
    } catch (ZipException | EOFException | IllegalArgumentException e) {
      throw new SceneException("%s is no .npz: its zip is damaged".formatted(file), e);
    }
  }

  boolean has(String name) {
    return zip.getEntry(name + ".npy") != null;
  }

  /**
   * Reads an array.
   *
   * @param name without .npy
   * @param rank how many sizes it must have
   */
  Values values(String name, int rank) throws IOException {
    ZipEntry entry = zip.getEntry(name + ".npy");
    if (entry == null) {
      throw new SceneException("%s has no array %s".formatted(file, name));
    }
    try (InputStream in = zip.getInputStream(entry)) {
      return read(name, rank, entry, in);
    } catch (ZipException | EOFException e) {
      throw wrong(name, "its data are damaged");
    }
  }

  private Values read(String name, int rank, ZipEntry entry, InputStream in) throws IOException {
    String header = header(name, in);
    Matcher kind = KIND.matcher(header);
    Matcher order = ORDER.matcher(header);
    Matcher sizes = SHAPE.matcher(header);
    if (!kind.find() || !order.find() || !sizes.find()) {
      throw wrong(name, "its header is not that of a .npy");
    }
    Integer width = BYTES.get(kind.group(1));
    if (width == null || order.group(1).equals("True")) {
      throw wrong(
          name,
          "it holds %s in %s order; floats and integers in row-major order are read"
              .formatted(
                  kind.group(1), order.group(1).equals("True") ? "column-major" : "row-major"));
    }
    long[] shape = shape(name, sizes.group(1));
    if (shape.length != rank) {
      throw wrong(name, "it has the shape %s, expected %d sizes".formatted(sizes.group(), rank));
    }
    long elements = 1;
    for (long size : shape) {
      elements = size > MAX_ELEMENTS ? Long.MAX_VALUE : elements * size;
      if (elements > MAX_ELEMENTS / width) {
        throw wrong(name, "it claims more numbers than can be read: " + sizes.group());
      }
    }
    int bytes = (int) elements * width;
    if (bytes > entry.getCompressedSize() * DEFLATE_LIMIT) {
      throw wrong(
          name,
          "it claims %d bytes, but only %d stand in the file"
              .formatted(bytes, entry.getCompressedSize()));
    }
    byte[] data = in.readNBytes(bytes);
    if (data.length < bytes) {
      throw wrong(name, "it ends after %d of %d bytes".formatted(data.length, bytes));
    }
    return new Values(kind.group(1), shape, ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN));
  }

  private String header(String name, InputStream in) throws IOException {
    byte[] start = in.readNBytes(MAGIC.length + 2);
    if (start.length < MAGIC.length + 2
        || !Arrays.equals(start, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      throw wrong(name, "it is no .npy");
    }
    int lengthBytes = start[MAGIC.length] == 1 ? 2 : 4;
    byte[] length = Arrays.copyOf(in.readNBytes(lengthBytes), 4);
    int count = ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getInt();
    if (count < 0 || count > MAX_HEADER) {
      throw wrong(name, "its header claims %d bytes".formatted(Integer.toUnsignedLong(count)));
    }
    return new String(in.readNBytes(count), StandardCharsets.ISO_8859_1);
  }

  private long[] shape(String name, String text) throws SceneException {
    String[] words =
        Arrays.stream(text.split(","))
            .map(String::strip)
            .filter(w -> !w.isEmpty())
            .toArray(String[]::new);
    if (words.length > MAX_RANK || Arrays.stream(words).anyMatch(w -> w.length() > 18)) {
      throw wrong(name, "its shape (%s) is not possible".formatted(text.strip()));
    }
    long[] shape = new long[words.length];
    for (int i = 0; i < shape.length; i++) {
      try {
        shape[i] = Long.parseLong(words[i]);
      } catch (NumberFormatException e) {
        throw wrong(name, "its shape (%s) is not possible".formatted(text.strip()));
      }
    }
    return shape;
  }

  SceneException wrong(String name, String reason) {
    return new SceneException("%s: the array %s cannot be used: %s".formatted(file, name, reason));
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }
}
