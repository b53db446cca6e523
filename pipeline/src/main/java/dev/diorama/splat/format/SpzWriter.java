package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import io.airlift.compress.v3.zstd.ZstdOutputStream;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Writes a .spz of version 3 or 4, an attribute at a time. */
final class SpzWriter {
  private static final int HEADER_4_BYTES = 32;
  private static final int TOC_OFFSET = 16;
  private static final int TOC_ENTRY_BYTES = 16;
  private static final int BUFFER_BYTES = 1 << 16;
  private static final int PART_BYTES = 1 << 20;

  /** A quarter of a millimetre where the unit is a metre, as in Niantic's packer. */
  private static final int FRACTIONAL_BITS = 12;

  private static final int MAX_POSITION = (1 << 23) - 1;
  // Niantic's 12 takes six times as long for 5%.
  private static final int ZSTD_LEVEL = 3;

  private final Gaussians scene;
  private final int version;

  SpzWriter(Gaussians scene, int version) {
    this.scene = scene;
    this.version = version;
  }

  void write(Path file) throws IOException {
    SpzHeader header =
        new SpzHeader(version, scene.count(), scene.shDegree(), fractionalBits(), 0, 0);
    if (version == 4) {
      writeStreams(file, header);
      return;
    }
    List<Part> parts = parts(header);
    try (OutputStream out = Files.newOutputStream(file)) {
      ParallelGzip.write(
          out, 1 + parts.size(), i -> i == 0 ? header.toBytes() : rows(header, parts.get(i - 1)));
    }
  }

  private record Part(SpzAttribute attribute, int first, int count) {}

  private List<Part> parts(SpzHeader header) {
    List<Part> parts = new ArrayList<>();
    for (SpzAttribute attribute : attributes(header)) {
      int most = PART_BYTES / attribute.rowBytes(header);
      for (int first = 0; first < scene.count(); first += most) {
        parts.add(new Part(attribute, first, Math.min(most, scene.count() - first)));
      }
    }
    return parts;
  }

  private byte[] rows(SpzHeader header, Part part) {
    byte[] rows = new byte[part.count * part.attribute.rowBytes(header)];
    part.attribute.encode(header, scene, part.first, part.count, rows);
    return rows;
  }

  private static List<SpzAttribute> attributes(SpzHeader header) {
    return Arrays.stream(SpzAttribute.values()).filter(a -> a.rowBytes(header) > 0).toList();
  }

  /** As many as leave room for the farthest position in 24 bits. */
  private int fractionalBits() throws SceneException {
    float farthest = 0;
    for (float mean : scene.means()) {
      farthest = Math.max(farthest, Math.abs(mean));
    }
    int bits = FRACTIONAL_BITS;
    while (bits > 0 && Math.scalb((double) farthest, bits) > MAX_POSITION) {
      bits--;
    }
    if (farthest > MAX_POSITION) {
      throw new SceneException(
          "the scene reaches out to %g, but .spz holds positions up to %d"
              .formatted(farthest, MAX_POSITION));
    }
    return bits;
  }

  private void writeStreams(Path file, SpzHeader header) throws IOException {
    List<SpzAttribute> attributes = attributes(header);
    int start = HEADER_4_BYTES + TOC_ENTRY_BYTES * attributes.size();
    ByteBuffer head = ByteBuffer.allocate(start).order(ByteOrder.LITTLE_ENDIAN);
    head.put(header.withStreams(attributes.size()).toBytes());
    head.putInt(TOC_OFFSET, HEADER_4_BYTES).position(HEADER_4_BYTES);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.position(start);
      for (SpzAttribute attribute : attributes) {
        long from = channel.position();
        OutputStream kept = new KeptOpen(Channels.newOutputStream(channel));
        try (OutputStream out = ZstdOutputStream.create(kept, ZSTD_LEVEL)) {
          writeRows(out, attribute, header);
        }
        head.putLong(channel.position() - from);
        head.putLong(header.count() * attribute.rowBytes(header));
      }
      // The sizes are known only now.
      head.flip();
      while (head.hasRemaining()) {
        channel.write(head, head.position());
      }
    }
  }

  private void writeRows(OutputStream out, SpzAttribute attribute, SpzHeader header)
      throws IOException {
    int rowBytes = attribute.rowBytes(header);
    byte[] rows = new byte[BUFFER_BYTES / rowBytes * rowBytes];
    for (int first = 0; first < scene.count(); first += rows.length / rowBytes) {
      int count = Math.min(rows.length / rowBytes, scene.count() - first);
      attribute.encode(header, scene, first, count, rows);
      out.write(rows, 0, count * rowBytes);
    }
  }

  /** Leaves the file open when a stream in it ends. */
  private static final class KeptOpen extends FilterOutputStream {

    KeptOpen(OutputStream out) {
      super(new BufferedOutputStream(out, BUFFER_BYTES));
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }
}
