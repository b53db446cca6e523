package dev.diorama;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Unpacks the natives of a jar once into a folder of their own, named after their sums, under a
 * lock that other processes respect. Every file is compared with its SHA-256 sum in the jar; a file
 * that is wrong is replaced. The CUDA library, where its jar is there, comes into the same folder:
 * libdiorama.so looks for it beside itself.
 */
final class NativeCache {
  private static final String SUMS = "SHA256SUMS";
  private static final String CUDA = "-cuda";
  private static final int NAME_LENGTH = 16;
  private static final long LOCK_PAUSE_MILLIS = 10;

  private final Path cache;
  private final String platform;
  private final ClassLoader resources;

  NativeCache(Path cache, String platform, ClassLoader resources) {
    this.cache = cache;
    this.platform = platform;
    this.resources = resources;
  }

  /** XDG_CACHE_HOME/diorama or ~/.cache/diorama. */
  static Path folder() {
    String base = System.getenv("XDG_CACHE_HOME");
    return base != null && !base.isBlank() && Path.of(base).isAbsolute()
        ? Path.of(base, "diorama")
        : Path.of(System.getProperty("user.home"), ".cache", "diorama");
  }

  /** The folder in which all files of the platform lie, each with the right sum. */
  Path unpack() {
    try {
      byte[] sums = read(platform);
      if (sums == null) {
        throw new DioramaException(
            "the natives are not on the class path; add the dependency dev.diorama:diorama-native:"
                + platform
                + " (classifier "
                + platform
                + "), or name their folder with -D"
                + NativeLibrary.PATH_PROPERTY);
      }
      byte[] cuda = read(platform + CUDA);
      Path folder = cache.resolve(name(sums, cuda));
      Files.createDirectories(folder);
      try (FileChannel channel =
              FileChannel.open(
                  folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = lock(channel)) {
        assert lock.isValid();
        provideAll(folder, platform, sums);
        if (cuda != null) {
          provideAll(folder, platform + CUDA, cuda);
        }
      }
      return folder;
    } catch (IOException e) {
      throw new DioramaException(
          "the natives cannot be unpacked into "
              + cache
              + " ("
              + e
              + "); set XDG_CACHE_HOME to a folder that can be written",
          e);
    }
  }

  /** The sums of a jar; null without it. */
  private byte[] read(String classifier) throws IOException {
    try (InputStream stream = resource(classifier, SUMS)) {
      return stream == null ? null : stream.readAllBytes();
    }
  }

  private static String name(byte[] sums, byte[] cuda) {
    byte[] all = Arrays.copyOf(sums, sums.length + (cuda == null ? 0 : cuda.length));
    if (cuda != null) {
      System.arraycopy(cuda, 0, all, sums.length, cuda.length);
    }
    return Sha256.of(all).substring(0, NAME_LENGTH);
  }

  private void provideAll(Path folder, String classifier, byte[] sums) throws IOException {
    for (Map.Entry<String, String> file : parse(sums).entrySet()) {
      provide(folder.resolve(file.getKey()), classifier, file.getKey(), file.getValue());
    }
  }

  static Map<String, String> parse(byte[] sums) {
    Map<String, String> files = new LinkedHashMap<>();
    for (String line : new String(sums, StandardCharsets.UTF_8).lines().toList()) {
      String[] parts = line.strip().split("\\s+", 2);
      if (parts.length != 2 || parts[1].contains("/") || parts[1].startsWith(".")) {
        throw new DioramaException(
            "the natives' jar is damaged: "
                + SUMS
                + " has the line \""
                + line
                + "\"; fetch it again");
      }
      files.put(parts[1], parts[0]);
    }
    return files;
  }

  private void provide(Path file, String classifier, String name, String sum) throws IOException {
    if (Files.isRegularFile(file) && sum(file).equals(sum)) {
      return;
    }
    Path part = Files.createTempFile(file.getParent(), name, ".part");
    try {
      String found;
      try (InputStream from = resource(classifier, name);
          OutputStream to = Files.newOutputStream(part)) {
        if (from == null) {
          throw new DioramaException(
              "the natives' jar is damaged: it lacks " + name + "; fetch it again");
        }
        found = Sha256.copy(from, to);
      }
      if (!found.equals(sum)) {
        throw new DioramaException(
            "the natives' jar is damaged: "
                + name
                + " has SHA-256 "
                + found
                + ", expected "
                + sum
                + "; fetch it again");
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private InputStream resource(String classifier, String name) {
    return resources.getResourceAsStream("dev/diorama/natives/" + classifier + "/" + name);
  }

  private static String sum(Path file) throws IOException {
    try (InputStream from = Files.newInputStream(file)) {
      return Sha256.copy(from, OutputStream.nullOutputStream());
    }
  }

  /** Waits also for another class loader of this JVM, which the system's lock does not see. */
  private static FileLock lock(FileChannel channel) throws IOException {
    while (true) {
      try {
        return channel.lock();
      } catch (OverlappingFileLockException e) {
        try {
          Thread.sleep(LOCK_PAUSE_MILLIS);
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
          throw new IOException("interrupted while waiting for " + channel, interrupted);
        }
      }
    }
  }
}
