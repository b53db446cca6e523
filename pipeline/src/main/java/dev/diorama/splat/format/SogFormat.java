package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * .sog, PlayCanvas' Spatially Ordered Gaussians: lossless WebP images and a meta.json, in a zip or
 * in a folder. Reads versions 1 and 2, writes 2; a folder is asked for by the name meta.json.
 *
 * <p>Gaussians come in another order, along Morton's curve. Where an opacity rounds to 0 of 255,
 * the colour of degree 0 is lost: libwebp keeps no colour under full transparency.
 *
 * <p>Layout: the SOG specification at developer.playcanvas.com (user manual, Gaussian splatting,
 * formats); version 1, which has none, as splat-transform reads it.
 */
final class SogFormat implements SceneFormat {
  private static final Pattern FILES =
      Pattern.compile("meta\\.json|(means_[lu]|scales|quats|sh0|shN_(centroids|labels))\\.webp");

  @Override
  public String name() {
    return ".sog";
  }

  @Override
  public boolean reads(Path file, byte[] head) {
    if (Files.isDirectory(file)) {
      return Files.isRegularFile(file.resolve(SogFiles.META));
    }
    boolean zip =
        head.length > 3 && head[0] == 'P' && head[1] == 'K' && head[2] == 3 && head[3] == 4;
    return zip || file.endsWith(SogFiles.META);
  }

  @Override
  public boolean writes(Path file) {
    return SceneFiles.hasSuffix(file, ".sog") || file.endsWith(SogFiles.META);
  }

  @Override
  public Optional<Pattern> filesBeside(Path file) {
    return file.endsWith(SogFiles.META) ? Optional.of(FILES) : Optional.empty();
  }

  @Override
  public Gaussians read(Path file) throws IOException {
    try (SogFiles files = SogFiles.open(file)) {
      return SogReader.read(files);
    }
  }

  @Override
  public void write(Gaussians scene, Path file) throws IOException {
    if (file.endsWith(SogFiles.META)) {
      SogWriter.write(scene, (name, bytes) -> Files.write(file.resolveSibling(name), bytes));
      return;
    }
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      bundle(scene, out);
    }
  }

  /**
   * Writes a scene as one zip.
   *
   * @param scene what to write
   * @param out not closed
   * @throws IOException when it cannot be written
   */
  static void bundle(Gaussians scene, OutputStream out) throws IOException {
    ZipOutputStream zip = new ZipOutputStream(out);
    SogWriter.write(scene, (name, bytes) -> store(zip, name, bytes));
    zip.finish();
    zip.flush();
  }

  /** Images are compressed already. A fixed date makes the same scene the same file. */
  private static void store(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(bytes.length);
    entry.setCrc(crc.getValue());
    entry.setTimeLocal(LocalDateTime.of(1980, 1, 1, 0, 0));
    zip.putNextEntry(entry);
    zip.write(bytes);
    zip.closeEntry();
  }
}
