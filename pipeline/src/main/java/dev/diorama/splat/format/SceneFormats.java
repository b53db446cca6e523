package dev.diorama.splat.format;

import dev.diorama.media.Partial;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Every format that is known, asked in order. */
public final class SceneFormats {
  private static final int HEAD_BYTES = 4096;

  private static final List<SceneFormat> ALL =
      List.of(
          new CompressedPlyFormat(),
          new PlyFormat(),
          new SpzFormat(WriteOptions.DEFAULT.spzVersion()),
          new SplatFormat(),
          new KsplatFormat(),
          new SogFormat(),
          new GlbFormat(),
          new HtmlFormat());

  private SceneFormats() {}

  /**
   * Reads a scene of any format.
   *
   * @param file a file, or a folder of a format that has folders
   * @return the scene
   * @throws IOException when it does not exist, is of no known format, or is damaged
   */
  public static Gaussians read(Path file) throws IOException {
    byte[] head = head(file);
    for (SceneFormat format : ALL) {
      if (format.reads(file, head)) {
        return format.read(file);
      }
    }
    throw new SceneException(
        "%s is not a scene in a known format; there are %s".formatted(file, names()));
  }

  /**
   * Writes a scene in the format that the file's name asks for. Nothing half-written remains.
   *
   * @param scene what to write
   * @param file replaced when it exists
   * @throws IOException when the name asks for no format, or it can't be written
   */
  public static void write(Gaussians scene, Path file) throws IOException {
    write(scene, file, WriteOptions.DEFAULT);
  }

  /**
   * Writes a scene in the format that the file's name asks for. Nothing half-written remains.
   *
   * @param scene what to write
   * @param file replaced when it exists
   * @param options what may be chosen
   * @throws IOException when the name asks for no format, or it can't be written
   */
  public static void write(Gaussians scene, Path file, WriteOptions options) throws IOException {
    SceneFormat format = writer(file).with(options);
    Optional<Pattern> files = format.filesBeside(file);
    if (files.isPresent()) {
      Path folder = file.toAbsolutePath().normalize().getParent();
      try (Partial partial = Partial.folder(folder, files.get())) {
        format.write(scene, partial.path().resolve(file.getFileName()));
        partial.commit();
      }
      return;
    }
    try (Partial partial = Partial.file(file)) {
      format.write(scene, partial.path());
      partial.commit();
    }
  }

  /**
   * The format that a name asks for.
   *
   * @param file where a scene shall be written
   * @return the format
   * @throws SceneException when there is none
   */
  public static SceneFormat writer(Path file) throws SceneException {
    for (SceneFormat format : ALL) {
      if (format.writes(file)) {
        return format;
      }
    }
    throw new SceneException(
        "cannot write %s: no format goes by that name; there are %s".formatted(file, names()));
  }

  private static String names() {
    return String.join(", ", ALL.stream().map(SceneFormat::name).toList());
  }

  private static byte[] head(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString());
    }
    if (Files.isDirectory(file)) {
      return new byte[0];
    }
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(HEAD_BYTES);
    }
  }
}
