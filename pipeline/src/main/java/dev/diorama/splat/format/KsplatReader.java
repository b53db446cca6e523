package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a .ksplat: a header of 4096 bytes, as many section headers of 1024 as it says, and for each
 * section the lengths of its partial buckets, the buckets' centres and its Gaussians.
 */
final class KsplatReader {
  private static final int HEADER_BYTES = 4096;
  private static final int SECTION_HEADER_BYTES = 1024;
  private static final int CENTRE_BYTES = 12;
  private static final int MAX_LEVEL = 2;
  private static final int MAX_DEGREE = 2;
  private static final int MAX_ROWS = (Integer.MAX_VALUE - 8) / Integer.BYTES;
  private static final int DEFAULT_RANGE = 32767;
  private static final float DEFAULT_SH = 1.5f;

  private final Path file;
  private final long size;

  KsplatReader(Path file) throws IOException {
    this.file = file;
    this.size = Files.size(file);
  }

  Gaussians read() throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      SceneFiles.checkRows(file, "headers", 1, HEADER_BYTES, size);
      ByteBuffer header = bytes(channel, 0, HEADER_BYTES);
      if (header.get(0) != 0 || header.get(1) < 1) {
        throw new SceneException(
            "%s is of .ksplat version %d.%d, expected 0.1"
                .formatted(file, header.get(0), header.get(1)));
      }
      long sectionCount = Integer.toUnsignedLong(header.getInt(4));
      int level = Short.toUnsignedInt(header.getShort(20));
      if (level > MAX_LEVEL) {
        throw new SceneException(
            "%s has compression level %d, expected 0, 1 or 2".formatted(file, level));
      }
      long left = size - HEADER_BYTES;
      SceneFiles.checkRows(file, "sections", sectionCount, SECTION_HEADER_BYTES, left);
      List<KsplatSection> sections = sections(channel, (int) sectionCount, level);
      KsplatDecoder decoder =
          new KsplatDecoder(
              level,
              header.getFloat(36) == 0 ? -DEFAULT_SH : header.getFloat(36),
              header.getFloat(40) == 0 ? DEFAULT_SH : header.getFloat(40));
      return read(channel, sections, decoder);
    }
  }

  private Gaussians read(FileChannel channel, List<KsplatSection> sections, KsplatDecoder decoder)
      throws IOException {
    long count = sections.stream().mapToLong(KsplatSection::count).sum();
    int degree = sections.stream().mapToInt(KsplatSection::degree).max().orElse(0);
    Gaussians scene = SceneFiles.allocate(file, count, degree);
    int start = 0;
    for (KsplatSection section : sections) {
      int first = start;
      float[] centres = decoder.level() == 0 ? null : centres(channel, section);
      Rows.read(
          channel,
          section.data(),
          section.count(),
          section.rowBytes(),
          ByteOrder.LITTLE_ENDIAN,
          (bytes, row, n) -> decoder.decode(bytes, section, centres, row, n, scene, first));
      start += section.count();
    }
    return scene;
  }

  private List<KsplatSection> sections(FileChannel channel, int count, int level)
      throws IOException {
    List<KsplatSection> sections = new ArrayList<>();
    long base = HEADER_BYTES + (long) count * SECTION_HEADER_BYTES;
    for (int s = 0; s < count; s++) {
      ByteBuffer h = bytes(channel, HEADER_BYTES + (long) s * SECTION_HEADER_BYTES, 64);
      long gaussians = Integer.toUnsignedLong(h.getInt(0));
      long room = Integer.toUnsignedLong(h.getInt(4));
      long bucketSize = Integer.toUnsignedLong(h.getInt(8));
      long buckets = Integer.toUnsignedLong(h.getInt(12));
      int bucketBytes = Short.toUnsignedInt(h.getShort(20));
      int range = h.getInt(24) == 0 ? DEFAULT_RANGE : h.getInt(24);
      long full = Integer.toUnsignedLong(h.getInt(32));
      long partial = Integer.toUnsignedLong(h.getInt(36));
      int degree = Short.toUnsignedInt(h.getShort(40));
      if (degree > MAX_DEGREE) {
        throw new SceneException(
            "%s has spherical harmonics of degree %d, expected at most 2 in a .ksplat"
                .formatted(file, degree));
      }
      if (buckets > 0 && bucketBytes != CENTRE_BYTES) {
        throw new SceneException(
            "%s has buckets of %d bytes, expected 12".formatted(file, bucketBytes));
      }
      if (gaussians > room) {
        throw new SceneException(
            "%s has a section of %d Gaussians with room for %d".formatted(file, gaussians, room));
      }
      int rowBytes = KsplatDecoder.rowBytes(level, degree);
      SceneFiles.checkRows(file, "partial buckets", partial, Integer.BYTES, size - base);
      long centres = base + partial * Integer.BYTES;
      SceneFiles.checkRows(file, "buckets", buckets, CENTRE_BYTES, size - centres);
      long data = centres + buckets * CENTRE_BYTES;
      SceneFiles.checkRows(file, "Gaussians", room, rowBytes, size - data);
      if (Math.max(gaussians, Math.max(partial, buckets * 3)) > MAX_ROWS) {
        throw new SceneException("%s has a section too large for one scene".formatted(file));
      }
      if (level > 0 && (full > gaussians || full + partial > buckets)) {
        throw new SceneException(
            "%s has a section of %d Gaussians in %d full and %d other buckets, but %d centres"
                .formatted(file, gaussians, full, partial, buckets));
      }
      int[] starts = new int[0];
      if (level > 0) {
        starts = starts(channel, base, (int) partial, full * bucketSize, gaussians);
      }
      double step = h.getFloat(16) / 2.0 / range;
      sections.add(
          new KsplatSection(
              (int) gaussians,
              degree,
              rowBytes,
              centres,
              data,
              bucketSize,
              full,
              starts,
              (int) buckets,
              step,
              range));
      base = data + room * rowBytes;
    }
    return sections;
  }

  /** The first Gaussian of each bucket that is not full, from the buckets' lengths. */
  private int[] starts(FileChannel channel, long at, int partial, long first, long gaussians)
      throws IOException {
    IntBuffer lengths = bytes(channel, at, partial * Integer.BYTES).asIntBuffer();
    int[] starts = new int[partial];
    long start = first;
    for (int b = 0; b < partial; b++) {
      starts[b] = (int) Math.min(start, Integer.MAX_VALUE);
      start += Integer.toUnsignedLong(lengths.get(b));
    }
    if (start < gaussians) {
      throw new SceneException(
          "%s has buckets for %d of the %d Gaussians of a section"
              .formatted(file, start, gaussians));
    }
    return starts;
  }

  private static float[] centres(FileChannel channel, KsplatSection section) throws IOException {
    float[] centres = new float[3 * section.buckets()];
    bytes(channel, section.centres(), centres.length * Float.BYTES).asFloatBuffer().get(centres);
    return centres;
  }

  private static ByteBuffer bytes(FileChannel channel, long at, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, at + bytes.position()) < 0) {
        throw new EOFException("the file was cut short while it was being read");
      }
    }
    return bytes.flip();
  }
}
