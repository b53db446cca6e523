package dev.diorama;

import dev.diorama.ffi.diorama_h;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Loads libdiorama.so once: from the folder that {@code -Ddiorama.library.path} names, else from
 * the natives' jar through a cache folder.
 */
final class NativeLibrary {
  static final String PATH_PROPERTY = "diorama.library.path";
  private static final String FILE = "libdiorama.so";

  private static volatile boolean loaded;

  private NativeLibrary() {}

  /** Does nothing after the first success. Each failure is one sentence. */
  static void load() {
    if (!loaded) {
      loadOnce();
    }
  }

  private static synchronized void loadOnce() {
    if (loaded) {
      return;
    }
    Path library = find();
    try {
      Barriers.doNotSpinLong();
      System.load(library.toAbsolutePath().toString());
    } catch (UnsatisfiedLinkError e) {
      throw new DioramaException(
          "the native library " + library + " cannot be loaded: " + e.getMessage(), e);
    } catch (IllegalCallerException e) {
      Module module = NativeLibrary.class.getModule();
      throw new DioramaException(
          "this JVM does not let Diorama call native code; add --enable-native-access="
              + (module.isNamed() ? module.getName() : "ALL-UNNAMED"),
          e);
    }
    checkVersion(library, diorama_h.dio_abi_version());
    loaded = true;
  }

  static void checkVersion(Path library, int found) {
    if (found != diorama_h.DIO_ABI_VERSION()) {
      throw new DioramaException(
          "the native library "
              + library
              + " has ABI version "
              + found
              + ", but this version of dev.diorama:diorama needs "
              + diorama_h.DIO_ABI_VERSION()
              + "; use dev.diorama:diorama-native of the same version");
    }
  }

  private static Path find() {
    String folder = System.getProperty(PATH_PROPERTY);
    if (folder != null) {
      return inFolder(Path.of(folder));
    }
    String platform = platform(System.getProperty("os.name"), System.getProperty("os.arch"));
    return new NativeCache(NativeCache.folder(), platform, NativeLibrary.class.getClassLoader())
        .unpack()
        .resolve(FILE);
  }

  static Path inFolder(Path folder) {
    Path library = folder.resolve(FILE);
    if (!Files.isRegularFile(library)) {
      throw new DioramaException(
          "there is no "
              + FILE
              + " in "
              + folder
              + ", which -D"
              + PATH_PROPERTY
              + " names; name the folder that holds it, or leave the property out");
    }
    return library;
  }

  static String platform(String os, String architecture) {
    boolean linux = os.toLowerCase(Locale.ROOT).startsWith("linux");
    boolean x86 = architecture.equals("amd64") || architecture.equals("x86_64");
    if (!linux || !x86) {
      throw new DioramaException(
          "Diorama has natives for Linux on x86_64 only, not for "
              + os
              + " on "
              + architecture
              + "; name the folder of a libdiorama built for it with -D"
              + PATH_PROPERTY);
    }
    return "linux-x86_64";
  }
}
