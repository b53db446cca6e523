package dev.diorama.cli;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/** Where things lie: the clone, the cache, the models. */
final class Folders {
  private static final String INDEX = "model_index.json";
  private static final String NANO = "dev/diorama/models/nano/";

  private Folders() {}

  /** {@code $XDG_CACHE_HOME/diorama} or {@code ~/.cache/diorama}. */
  static Path cache() {
    String base = System.getenv("XDG_CACHE_HOME");
    Path folder =
        base != null && base.startsWith("/")
            ? Path.of(base)
            : Path.of(System.getProperty("user.home"), ".cache");
    return folder.resolve("diorama");
  }

  /** The models of the clone and those that were unpacked. */
  static List<Path> models() throws IOException {
    List<Path> found = new ArrayList<>();
    String home = System.getProperty("diorama.home");
    if (home != null) {
      addModels(Path.of(home, "models"), found);
    }
    addModels(cache().resolve("models"), found);
    return found;
  }

  private static void addModels(Path folder, List<Path> found) throws IOException {
    if (Files.isDirectory(folder)) {
      try (Stream<Path> entries = Files.walk(folder, 2)) {
        entries.filter(Folders::isModel).sorted().forEach(found::add);
      }
    }
  }

  private static boolean isModel(Path folder) {
    return Files.isRegularFile(folder.resolve(INDEX))
        && !folder.getFileName().toString().startsWith(".");
  }

  /** The embedded model: in the clone, else unpacked from the class path into the cache. */
  static Path defaultModel() throws IOException {
    String home = System.getProperty("diorama.home");
    if (home != null && isModel(Path.of(home, "models", "nano"))) {
      return Path.of(home, "models", "nano");
    }
    URL index = Folders.class.getClassLoader().getResource(NANO + INDEX);
    if (index == null) {
      throw new UsageException(
          "there is no model: name one with --model, or put dev.diorama:diorama-model-nano on the"
              + " class path");
    }
    URLConnection connection = index.openConnection();
    return connection instanceof JarURLConnection jar
        ? unpack(jar.getJarFile())
        : Path.of(URI.create(index.toString())).getParent();
  }

  private static Path unpack(JarFile jar) throws IOException {
    List<JarEntry> files =
        jar.stream()
            .filter(entry -> entry.getName().startsWith(NANO) && !entry.isDirectory())
            .sorted(Comparator.comparing(JarEntry::getName))
            .toList();
    Path target = cache().resolve("models").resolve(contents(files)).resolve("nano");
    if (isModel(target)) {
      return target;
    }
    Files.createDirectories(cache().resolve("models"));
    Path temporary = Files.createTempDirectory(cache().resolve("models"), ".nano");
    for (JarEntry entry : files) {
      Path file = temporary.resolve("nano").resolve(entry.getName().substring(NANO.length()));
      Files.createDirectories(file.getParent());
      try (InputStream in = jar.getInputStream(entry)) {
        Files.copy(in, file);
      }
    }
    moveUnlessThere(temporary, target.getParent());
    return target;
  }

  /** A name that changes when any of the files does. */
  private static String contents(List<JarEntry> files) {
    CRC32 sum = new CRC32();
    for (JarEntry entry : files) {
      sum.update((entry.getName() + ' ' + entry.getCrc() + '\n').getBytes());
    }
    return "nano-%08x".formatted(sum.getValue());
  }

  /** Another process may have been faster; then its folder is as good as ours. */
  private static void moveUnlessThere(Path temporary, Path target) throws IOException {
    try {
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      try (Stream<Path> tree = Files.walk(temporary)) {
        for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
      if (!isModel(target.resolve("nano"))) {
        throw e;
      }
    }
  }
}
