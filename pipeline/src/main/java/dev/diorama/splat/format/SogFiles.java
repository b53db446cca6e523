package dev.diorama.splat.format;

import dev.diorama.splat.SceneException;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** The files of one .sog, in a zip or in a folder; none is read further than its limit. */
interface SogFiles extends AutoCloseable {

  /** Holds the scene's numbers and the names of its images. */
  String META = "meta.json";

  /**
   * Reads one file.
   *
   * @param name without folders
   * @param limit bytes; a longer one is refused
   * @return all of it
   * @throws IOException when it is missing or too long
   */
  byte[] bytes(String name, long limit) throws IOException;

  /**
   * What a message calls a file.
   *
   * @param name without folders
   * @return with the path of what holds it
   */
  String name(String name);

  /**
   * How large the whole is.
   *
   * @return bytes, as stored
   */
  long size();

  @Override
  void close() throws IOException;

  /**
   * Opens a scene.
   *
   * @param path a zip, a folder, or the folder's meta.json
   * @return to be closed
   * @throws IOException when it cannot be opened
   */
  static SogFiles open(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      return new Folder(path);
    }
    if (path.endsWith(META)) {
      return new Folder(path.toAbsolutePath().getParent());
    }
    try {
      return new Zip(path, new ZipFile(path.toFile()));
    } catch (ZipException | EOFException e) {
      String reason = e instanceof ZipException ? e.getMessage() : "it ends too early";
      throw new SceneException("%s is no whole zip: %s".formatted(path, reason), e);
    }
  }

  private static byte[] upTo(InputStream in, long limit, String name) throws IOException {
    byte[] bytes = in.readNBytes((int) Math.min(limit + 1, Integer.MAX_VALUE - 8));
    if (bytes.length > limit) {
      throw new SceneException(
          "%s is larger than %d bytes, more than it can need".formatted(name, limit));
    }
    return bytes;
  }

  /** Files beside each other. */
  record Folder(Path folder) implements SogFiles {
    @Override
    public byte[] bytes(String name, long limit) throws IOException {
      Path file = folder.resolve(name);
      if (!Files.isRegularFile(file)) {
        throw new SceneException("%s lacks the file %s".formatted(folder, name));
      }
      try (InputStream in = Files.newInputStream(file)) {
        return upTo(in, limit, name(name));
      }
    }

    @Override
    public String name(String name) {
      return folder.resolve(name).toString();
    }

    @Override
    public long size() {
      File[] files = folder.toFile().listFiles(File::isFile);
      long size = 0;
      for (File file : files == null ? new File[0] : files) {
        size += file.length();
      }
      return size;
    }

    @Override
    public void close() {
      // Nothing stays open.
    }
  }

  /** Files in a zip. */
  record Zip(Path path, ZipFile zip) implements SogFiles {
    @Override
    public byte[] bytes(String name, long limit) throws IOException {
      ZipEntry entry = zip.getEntry(name);
      if (entry == null) {
        throw new SceneException("%s lacks the file %s".formatted(path, name));
      }
      try (InputStream in = zip.getInputStream(entry)) {
        return upTo(in, limit, name(name));
      } catch (ZipException | EOFException e) {
        throw new SceneException("%s is damaged: %s".formatted(name(name), e.getMessage()), e);
      }
    }

    @Override
    public String name(String name) {
      return path + "!" + name;
    }

    @Override
    public long size() {
      return path.toFile().length();
    }

    @Override
    public void close() throws IOException {
      zip.close();
    }
  }
}
