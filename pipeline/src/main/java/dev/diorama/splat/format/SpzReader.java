package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import io.airlift.compress.v3.MalformedInputException;
import io.airlift.compress.v3.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** Reads a .spz as a stream: besides the scene it needs a buffer for each attribute. */
final class SpzReader {
  private static final int HEADER_4_BYTES = 32;
  private static final int TOC_OFFSET = 16;
  private static final int TOC_ENTRY_BYTES = 16;
  private static final int BUFFER_BYTES = 1 << 16;

  /** DEFLATE packs at most 258 bytes into 2 bits. */
  private static final long MAX_GZIP_RATIO = 1032;

  /** Niantic's own limit, on positions alone. */
  private static final long MAX_ZSTD_RATIO = 1024;

  private static final int MAX_EXTENSION_BYTES = 1 << 16;
  private static final int COORDINATE_SYSTEM = 0xadbe0003;

  private final Path file;
  private final long size;

  SpzReader(Path file) throws IOException {
    this.file = file;
    this.size = Files.size(file);
  }

  static boolean isVersion4(byte[] head) {
    return head.length >= Integer.BYTES
        && ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getInt(0) == SpzHeader.MAGIC;
  }

  Gaussians read() throws IOException {
    byte[] head;
    try (InputStream in = Files.newInputStream(file)) {
      head = in.readNBytes(HEADER_4_BYTES);
    }
    try {
      return isVersion4(head) ? readStreams(head) : readGzip();
    } catch (ZipException | EOFException e) {
      throw new SceneException(
          "%s is no whole .spz: %s".formatted(file, String.valueOf(e.getMessage())), e);
    }
  }

  private Gaussians readGzip() throws IOException {
    try (InputStream raw = Files.newInputStream(file);
        InputStream in = new BufferedInputStream(new GZIPInputStream(raw, BUFFER_BYTES))) {
      SpzHeader header = SpzHeader.of(file, in.readNBytes(SpzHeader.BYTES));
      if (header.version() < 1 || header.version() > 3) {
        throw new SceneException(
            "%s is a gzip stream of .spz version %d, expected 1 to 3"
                .formatted(file, header.version()));
      }
      long most = size * MAX_GZIP_RATIO;
      SceneFiles.checkRows(file, "Gaussians", header.count(), header.rowBytes(), most);
      Gaussians scene = SceneFiles.allocate(file, header.count(), header.sceneDegree());
      for (SpzAttribute attribute : SpzAttribute.values()) {
        readRows(in, attribute, header, scene);
      }
      byte[] extensions = header.hasExtensions() ? in.readNBytes(MAX_EXTENSION_BYTES) : new byte[0];
      axes(extensions).turn(scene);
      return scene;
    }
  }

  private record Stream(SpzAttribute attribute, long at, long bytes) {}

  private Gaussians readStreams(byte[] head) throws IOException {
    SpzHeader header = SpzHeader.of(file, head);
    if (header.version() != 4 || head.length < HEADER_4_BYTES) {
      throw new SceneException(
          "%s is of .spz version %d, expected 1 to 4".formatted(file, header.version()));
    }
    int positions = SpzAttribute.POSITIONS.rowBytes(header);
    SceneFiles.checkRows(file, "Gaussians", header.count(), positions, size * MAX_ZSTD_RATIO);
    long toc =
        Integer.toUnsignedLong(
            ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getInt(TOC_OFFSET));
    if (toc < HEADER_4_BYTES || toc + (long) TOC_ENTRY_BYTES * header.streams() > size) {
      throw new SceneException(
          "%s has its table of streams at byte %d of %d".formatted(file, toc, size));
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      List<Stream> streams = streams(channel, header, toc);
      Gaussians scene = SceneFiles.allocate(file, header.count(), header.sceneDegree());
      try {
        streams.parallelStream().forEach(stream -> readStream(channel, stream, header, scene));
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
      int extensionBytes = (int) Math.min(toc - HEADER_4_BYTES, MAX_EXTENSION_BYTES);
      byte[] extensions = new byte[header.hasExtensions() ? extensionBytes : 0];
      try (InputStream in = new FileSlice(channel, HEADER_4_BYTES, extensions.length)) {
        in.readNBytes(extensions, 0, extensions.length);
      }
      axes(extensions).turn(scene);
      return scene;
    }
  }

  /** Where each attribute's stream is. Attributes without bytes have none. */
  private List<Stream> streams(FileChannel channel, SpzHeader header, long toc) throws IOException {
    int tocBytes = TOC_ENTRY_BYTES * header.streams();
    ByteBuffer table;
    try (InputStream in = new FileSlice(channel, toc, tocBytes)) {
      table = ByteBuffer.wrap(in.readNBytes(tocBytes)).order(ByteOrder.LITTLE_ENDIAN);
    }
    List<Stream> streams = new ArrayList<>();
    long at = toc + tocBytes;
    for (SpzAttribute attribute : SpzAttribute.values()) {
      long expected = header.count() * attribute.rowBytes(header);
      if (expected == 0) {
        continue;
      }
      if (table.remaining() < TOC_ENTRY_BYTES) {
        throw new SceneException(
            "%s has %d streams, too few for its attributes".formatted(file, header.streams()));
      }
      long compressed = table.getLong();
      long bytes = table.getLong();
      if (compressed < 0 || compressed > size - at || bytes != expected) {
        throw new SceneException(
            "%s has a stream of %d bytes that unpacks to %d, but %d are left and should unpack to %d"
                .formatted(file, compressed, bytes, size - at, expected));
      }
      streams.add(new Stream(attribute, at, compressed));
      at += compressed;
    }
    return streams;
  }

  private void readStream(FileChannel channel, Stream stream, SpzHeader header, Gaussians scene) {
    try (InputStream slice = new FileSlice(channel, stream.at, stream.bytes);
        InputStream in = ZstdInputStream.create(slice)) {
      readRows(in, stream.attribute, header, scene);
      if (in.read() >= 0) {
        throw new SceneException(
            "%s has more than %d %s".formatted(file, header.count(), stream.attribute));
      }
    } catch (SceneException e) {
      throw new UncheckedIOException(e);
    } catch (IOException | MalformedInputException e) {
      throw new UncheckedIOException(
          new SceneException(
              "%s is damaged: its %s do not unpack (%s)"
                  .formatted(file, stream.attribute, e.getMessage()),
              e));
    }
  }

  private void readRows(InputStream in, SpzAttribute attribute, SpzHeader header, Gaussians scene)
      throws IOException {
    int rowBytes = attribute.rowBytes(header);
    if (rowBytes == 0) {
      return;
    }
    byte[] rows = new byte[Math.max(1, BUFFER_BYTES / rowBytes) * rowBytes];
    for (int first = 0; first < scene.count(); first += rows.length / rowBytes) {
      int count = Math.min(rows.length / rowBytes, scene.count() - first);
      if (in.readNBytes(rows, 0, count * rowBytes) < count * rowBytes) {
        throw new SceneException(
            "%s ends before the last of its %d %s".formatted(file, header.count(), attribute));
      }
      attribute.decode(header, rows, first, count, scene);
    }
  }

  /** Looks through records of a type, a length and so many bytes. */
  private SpzAxes axes(byte[] extensions) throws SceneException {
    ByteBuffer records = ByteBuffer.wrap(extensions).order(ByteOrder.LITTLE_ENDIAN);
    while (records.remaining() >= 2 * Integer.BYTES) {
      int type = records.getInt();
      long length = Integer.toUnsignedLong(records.getInt());
      if (length > records.remaining()) {
        break;
      }
      if (type == COORDINATE_SYSTEM && length >= Integer.BYTES) {
        int number = records.getInt(records.position());
        return SpzAxes.numbered(file, Integer.toUnsignedLong(number));
      }
      records.position(records.position() + (int) length);
    }
    return SpzAxes.RUB;
  }
}
