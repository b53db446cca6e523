package dev.diorama.benchmarks.splat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.diorama.splat.Camera;
import dev.diorama.splat.format.SceneFormats;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The viewer of a .html page in headless Chromium, on the processor: {@code
 * benchmarks/viewer/page.mjs}, installed by npm at first use.
 */
public final class ViewerPeer {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int FRAMES = 7;

  private final Path folder;
  private final int cores;

  private ViewerPeer(Path folder, int cores) {
    this.folder = folder;
    this.cores = cores;
  }

  /**
   * Finds Node and npm.
   *
   * @param home the clone
   * @param cores that the browser may use
   * @return the viewer, or empty with the reason printed to standard error
   */
  public static Optional<ViewerPeer> find(Path home, int cores) {
    Path folder = home.resolve("benchmarks/viewer");
    if (!Files.isRegularFile(folder.resolve("page.mjs"))) {
      System.err.println("The viewer is not measured: " + folder + " is not there.");
      return Optional.empty();
    }
    try {
      if (!Files.isDirectory(folder.resolve("node_modules"))) {
        run(folder, List.of("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"));
      }
      return Optional.of(new ViewerPeer(folder, cores));
    } catch (IOException e) {
      System.err.println("The viewer is not measured: " + e.getMessage());
      return Optional.empty();
    }
  }

  /** The viewer's median for a frame, or empty with the reason printed to standard error. */
  Optional<SplatRivals.Answer> measure(SplatScene scene) {
    Camera c = scene.camera();
    double[] eye = c.position();
    double[] ahead = c.forward();
    double fov =
        Math.toDegrees(2 * Math.atan(Math.max(c.width() / c.fx(), c.height() / c.fy()) / 2));
    String camera =
        String.format(
            Locale.ROOT,
            "--camera=%f,%f,%f,%f,%f,%f,%f",
            eye[0],
            eye[1],
            eye[2],
            eye[0] + ahead[0],
            eye[1] + ahead[1],
            eye[2] + ahead[2],
            fov);
    List<String> command = new ArrayList<>();
    if (cores < Runtime.getRuntime().availableProcessors()) {
      command.addAll(List.of("taskset", "-c", "0-" + (cores - 1)));
    }
    Path page = null;
    try {
      page = Files.createTempFile("scene", ".html");
      SceneFormats.write(scene.gaussians(), page);
      command.addAll(List.of("node", "page.mjs", page.toString(), camera));
      command.addAll(List.of("--width", String.valueOf(c.width())));
      command.addAll(List.of("--height", String.valueOf(c.height())));
      command.addAll(List.of("--frames", String.valueOf(FRAMES)));
      JsonNode answer = JSON.readTree(run(folder, command));
      String name = "SuperSplat viewer in Chromium " + answer.path("browser").asText();
      return Optional.of(
          new SplatRivals.Answer(name, answer.path("ms_per_frame").path("median").asDouble()));
    } catch (IOException e) {
      System.err.println("The viewer is not measured: " + e.getMessage());
      return Optional.empty();
    } finally {
      delete(page);
    }
  }

  private static void delete(Path page) {
    try {
      if (page != null) {
        Files.deleteIfExists(page);
      }
    } catch (IOException e) {
      System.err.println("The temporary page " + page + " stays: " + e.getMessage());
    }
  }

  /** What a program prints; its last line of complaint is the exception's message. */
  private static String run(Path folder, List<String> command) throws IOException {
    Path errors = Files.createTempFile("viewer", ".txt");
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectError(errors.toFile())
              .start();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        String why =
            Files.readString(errors).lines().filter(l -> l.contains("rror")).findFirst().orElse("");
        throw new IOException(String.join(" ", command.subList(0, 2)) + " failed: " + why);
      }
      return out;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      Files.deleteIfExists(errors);
    }
  }
}
