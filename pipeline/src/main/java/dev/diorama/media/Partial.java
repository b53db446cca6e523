package dev.diorama.media;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A file or folder that is written under a hidden name beside its target and moved there when
 * whole.
 */
public final class Partial implements AutoCloseable {
  private static final Pattern FRAME = Pattern.compile("frame_\\d{4,}\\.png");

  private final Path target;
  private final Path temporary;
  private boolean committed;

  private Partial(Path target) {
    this.target = target;
    String random = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());
    this.temporary = target.resolveSibling("." + target.getFileName() + "." + random + ".part");
  }

  /**
   * Makes an empty file beside the target; a target that is there is replaced at the end.
   *
   * @param target what it becomes
   * @return to be closed
   * @throws MediaException when the folder is absent or cannot be written
   */
  public static Partial file(Path target) throws MediaException {
    Partial partial = in(target);
    if (Files.isDirectory(target)) {
      throw new MediaException("cannot write %s: it is a folder".formatted(target));
    }
    try {
      Files.createFile(partial.temporary);
    } catch (IOException e) {
      throw MediaException.writing(target, e);
    }
    return partial;
  }

  /**
   * Makes an empty folder beside the target; the target may be a folder that holds frames only.
   *
   * @param target what it becomes
   * @return to be closed
   * @throws MediaException when the target holds something else, or cannot be written
   */
  public static Partial folder(Path target) throws MediaException {
    return folder(target, FRAME);
  }

  /**
   * Makes an empty folder beside the target; the target may be a folder that holds certain files
   * only.
   *
   * @param target what it becomes
   * @param replaceable the names of files that may go with the folder
   * @return to be closed
   * @throws MediaException when the target holds something else, or cannot be written
   */
  public static Partial folder(Path target, Pattern replaceable) throws MediaException {
    Partial partial = in(target);
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      checkHolds(target, replaceable);
    }
    try {
      Files.createDirectory(partial.temporary);
    } catch (IOException e) {
      throw MediaException.writing(target, e);
    }
    return partial;
  }

  private static Partial in(Path target) throws MediaException {
    Path absolute = target.toAbsolutePath().normalize();
    Path folder = absolute.getParent();
    if (folder == null) {
      throw new MediaException("cannot write %s: it is the root folder".formatted(target));
    }
    if (!Files.isDirectory(folder)) {
      String wrong = Files.exists(folder) ? "is a file" : "does not exist";
      throw new MediaException(
          "cannot write %s: the folder %s %s".formatted(target, folder, wrong));
    }
    if (!Files.isWritable(folder)) {
      throw new MediaException(
          "cannot write %s: the folder %s is not writable".formatted(target, folder));
    }
    return new Partial(absolute);
  }

  private static void checkHolds(Path folder, Pattern replaceable) throws MediaException {
    String what = replaceable == FRAME ? "frames" : "a scene";
    if (!Files.isDirectory(folder)) {
      throw new MediaException("cannot write %s into %s: it is a file".formatted(what, folder));
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        if (!replaceable.matcher(entry.getFileName().toString()).matches()) {
          throw new MediaException(
              "cannot write %s into %s: it holds other files, such as %s"
                  .formatted(what, folder, entry.getFileName()));
        }
      }
    } catch (IOException e) {
      throw e instanceof MediaException m ? m : MediaException.writing(folder, e);
    }
  }

  /**
   * Where to write.
   *
   * @return the hidden name
   */
  public Path path() {
    return temporary;
  }

  /**
   * What it becomes.
   *
   * @return absolute
   */
  public Path target() {
    return target;
  }

  /**
   * Puts the whole thing in its place.
   *
   * @throws MediaException when that fails
   */
  public void commit() throws MediaException {
    try {
      if (Files.isDirectory(temporary) && Files.isDirectory(target)) {
        replaceFolder();
      } else {
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      }
      committed = true;
    } catch (IOException | UncheckedIOException e) {
      throw MediaException.writing(target, e);
    }
  }

  private void replaceFolder() throws IOException {
    Path old = temporary.resolveSibling(temporary.getFileName() + ".old");
    Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
    try {
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
      throw e;
    }
    deleteAll(old);
  }

  @Override
  public void close() {
    if (committed) {
      return;
    }
    committed = true;
    try {
      deleteAll(temporary);
    } catch (IOException | UncheckedIOException e) {
      // What cannot be removed stays under its hidden name; the error that led here matters more.
      return;
    }
  }

  private static void deleteAll(Path root) throws IOException {
    if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> tree = Files.walk(root)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
