package dev.diorama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diorama.ffi.diorama_h;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeCacheTest {
  private static final String PLATFORM = "linux-x86_64";

  @TempDir Path cache;

  private final Map<String, byte[]> jar = new HashMap<>();
  private final Map<String, byte[]> cudaJar = new HashMap<>();

  @BeforeEach
  void fillJar() {
    byte[] one = "the library".getBytes(StandardCharsets.UTF_8);
    byte[] two = new byte[3_000_000];
    jar.put("libone.so", one);
    jar.put("libtwo.so.1", two);
    jar.put(
        "SHA256SUMS",
        (Sha256.of(one) + "  libone.so\n" + Sha256.of(two) + "  libtwo.so.1\n")
            .getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void shouldUnpackOnce() throws Exception {
    Path folder = natives().unpack();
    assertThat(folder.resolve("libone.so")).hasContent("the library");
    var written = Files.getLastModifiedTime(folder.resolve("libtwo.so.1"));
    assertThat(natives().unpack()).isEqualTo(folder);
    assertThat(Files.getLastModifiedTime(folder.resolve("libtwo.so.1"))).isEqualTo(written);
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("lock", "libone.so", "libtwo.so.1");
    }
  }

  @Test
  void shouldUnpackTheCudaLibraryIntoTheSameFolder() throws Exception {
    Path without = natives().unpack();
    byte[] library = "for cuda".getBytes(StandardCharsets.UTF_8);
    cudaJar.put("libdiorama_cuda.so", library);
    cudaJar.put(
        "SHA256SUMS",
        (Sha256.of(library) + "  libdiorama_cuda.so\n").getBytes(StandardCharsets.UTF_8));
    Path folder = natives().unpack();
    assertThat(folder).isNotEqualTo(without);
    assertThat(folder.resolve("libdiorama_cuda.so")).hasContent("for cuda");
    assertThat(folder.resolve("libone.so")).hasContent("the library");
  }

  @Test
  void shouldReplaceWhatIsDamaged() throws Exception {
    Path library = natives().unpack().resolve("libone.so");
    Files.writeString(library, "something else");
    natives().unpack();
    assertThat(library).hasContent("the library");
  }

  @Test
  void shouldRefuseAJarWhoseSumsDiffer() throws Exception {
    jar.put("libone.so", "changed".getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> natives().unpack())
        .isInstanceOf(DioramaException.class)
        .hasMessageMatching(
            "the natives' jar is damaged: libone.so has SHA-256 [0-9a-f]{64}, expected"
                + " [0-9a-f]{64}; fetch it again");
    try (Stream<Path> files = Files.walk(cache)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .noneMatch(name -> name.startsWith("lib"));
    }
  }

  @Test
  void shouldRefuseAJarThatLacksAFile() {
    jar.remove("libtwo.so.1");
    assertThatThrownBy(() -> natives().unpack())
        .hasMessage("the natives' jar is damaged: it lacks libtwo.so.1; fetch it again");
  }

  @Test
  void shouldRefuseNamesThatLeaveTheFolder() {
    jar.put("SHA256SUMS", "00  ../evil".getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> natives().unpack())
        .hasMessage(
            "the natives' jar is damaged: SHA256SUMS has the line \"00  ../evil\"; fetch it again");
  }

  @Test
  void shouldNameTheJarThatIsMissing() {
    jar.clear();
    assertThatThrownBy(() -> natives().unpack())
        .isInstanceOf(DioramaException.class)
        .hasMessage(
            "the natives are not on the class path; add the dependency"
                + " dev.diorama:diorama-native:linux-x86_64 (classifier linux-x86_64), or name"
                + " their folder with -Ddiorama.library.path");
  }

  @Test
  void shouldNameTheFolderThatCannotBeWritten() throws Exception {
    Path file = Files.writeString(cache.resolve("file"), "");
    assertThatThrownBy(() -> new NativeCache(file.resolve("cache"), PLATFORM, loader()).unpack())
        .isInstanceOf(DioramaException.class)
        .hasMessageContaining("the natives cannot be unpacked into " + file.resolve("cache"))
        .hasMessageContaining("set XDG_CACHE_HOME to a folder that can be written");
  }

  @Test
  void shouldServeThreadsOfManyClassLoadersAtOnce() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<Path>> folders = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        folders.add(threads.submit(() -> natives().unpack()));
      }
      for (Future<Path> folder : folders) {
        assertThat(folder.get(30, TimeUnit.SECONDS).resolve("libtwo.so.1")).hasSize(3_000_000);
      }
    }
  }

  @Test
  void shouldNameWhatThisPlatformLacks() {
    assertThat(NativeLibrary.platform("Linux", "amd64")).isEqualTo(PLATFORM);
    assertThatThrownBy(() -> NativeLibrary.platform("Mac OS X", "aarch64"))
        .hasMessage(
            "Diorama has natives for Linux on x86_64 only, not for Mac OS X on aarch64; name the"
                + " folder of a libdiorama built for it with -Ddiorama.library.path");
    assertThatThrownBy(() -> NativeLibrary.inFolder(cache))
        .hasMessage(
            "there is no libdiorama.so in "
                + cache
                + ", which -Ddiorama.library.path names; name the folder that holds it, or leave"
                + " the property out");
    assertThatThrownBy(() -> NativeLibrary.checkVersion(Path.of("libdiorama.so"), 99))
        .hasMessage(
            "the native library libdiorama.so has ABI version 99, but this version of"
                + " dev.diorama:diorama needs "
                + diorama_h.DIO_ABI_VERSION()
                + "; use dev.diorama:diorama-native of the same"
                + " version");
  }

  private NativeCache natives() {
    return new NativeCache(cache, PLATFORM, loader());
  }

  private ClassLoader loader() {
    return new ClassLoader(null) {
      @Override
      public InputStream getResourceAsStream(String name) {
        String prefix = "dev/diorama/natives/" + PLATFORM;
        boolean cuda = name.startsWith(prefix + "-cuda/");
        byte[] bytes = (cuda ? cudaJar : jar).get(name.substring(name.lastIndexOf('/') + 1));
        return bytes == null ? null : new ByteArrayInputStream(bytes);
      }
    };
  }
}
