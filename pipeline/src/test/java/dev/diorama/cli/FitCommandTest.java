package dev.diorama.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.diorama.media.Picture;
import dev.diorama.media.Pictures;
import dev.diorama.splat.Camera;
import dev.diorama.splat.Poses;
import dev.diorama.splat.data.Dataset;
import dev.diorama.splat.data.ProceduralScene;
import dev.diorama.splat.data.View;
import dev.diorama.splat.format.SceneFormats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fitting from the command line: files, measurements, Ctrl-C. */
class FitCommandTest {
  private static final List<String> SMALL =
      List.of("fit", "--scene", "known", "--size", "24", "--backend", "cpu");

  @TempDir private Path folder;

  private CommandRun fit(String... more) throws IOException, InterruptedException {
    return CommandRun.of(
        folder, Stream.concat(SMALL.stream(), Stream.of(more)).toArray(String[]::new));
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void shouldFitMeasureAndDraw() throws Exception {
    CommandRun run =
        fit(
            "-o",
            "a.ply",
            "--iterations",
            "20",
            "--eval-every",
            "7",
            "--plot",
            "plot.png",
            "--preview",
            "preview.png",
            "--checkpoint",
            "a.safetensors",
            "--json");
    assertThat(run.code()).as(run.err()).isZero();
    JsonNode json = new ObjectMapper().readTree(run.out());
    assertThat(json.path("iterations").asInt()).isEqualTo(20);
    assertThat(json.path("views").asInt()).isEqualTo(8);
    assertThat(json.path("heldOut").asBoolean()).isTrue();
    JsonNode history = json.path("history");
    assertThat(history).hasSize(4);
    assertThat(history.get(3).path("iteration").asInt()).isEqualTo(20);
    assertThat(json.path("psnr").asDouble()).isGreaterThan(history.get(0).path("psnr").asDouble());
    assertThat(names()).containsExactly("a.ply", "a.safetensors", "plot.png", "preview.png");
    assertThat(SceneFormats.read(folder.resolve("a.ply")).count()).isEqualTo(6_666);
    Picture preview = Pictures.read(folder.resolve("preview.png"));
    assertThat(preview.width()).isEqualTo(2 * preview.height()).isEqualTo(48);
    assertThat(Pictures.read(folder.resolve("plot.png")).width()).isEqualTo(760);
    assertThat(run.err()).contains("fitting 20/20");
  }

  /** Cameras went through a file: they are rounded, and small differences grow. */
  @Test
  void shouldFitAFolderAsItFitsTheSceneThatTheFolderHolds() throws Exception {
    Path pictures = folder.resolve("data");
    write(ProceduralScene.SOLIDS.dataset(null, 24), pictures);
    String[] both = {"--iterations", "300", "--cap", "500", "--initial-points", "500", "--json"};
    double made = psnr(both, "fit", "--scene", "solids", "--size", "24", "-o", "a.ply");
    double read = psnr(both, "fit", "data", "--test-every", "6", "-o", "b.ply");
    assertThat(made).isGreaterThan(12);
    assertThat(read).isCloseTo(made, within(1.0));
    assertThat(SceneFormats.read(folder.resolve("b.ply")).count()).isEqualTo(500);
  }

  private double psnr(String[] more, String... command) throws Exception {
    String[] all = Stream.concat(Stream.of(command), Stream.of(more)).toArray(String[]::new);
    CommandRun run = CommandRun.of(folder, all);
    assertThat(run.code()).as(run.err()).isZero();
    JsonNode json = new ObjectMapper().readTree(run.out());
    assertThat(json.path("views").asInt()).isEqualTo(8);
    return json.path("psnr").asDouble();
  }

  /** In nerfstudio's layout. */
  private static void write(Dataset dataset, Path to) throws IOException {
    Files.createDirectories(to);
    ObjectNode root = new ObjectMapper().createObjectNode();
    Camera lens = dataset.views().getFirst().camera();
    root.put("camera_model", "OPENCV").put("w", lens.width()).put("h", lens.height());
    root.put("fl_x", lens.fx()).put("fl_y", lens.fy()).put("cx", lens.cx()).put("cy", lens.cy());
    ArrayNode frames = root.putArray("frames");
    for (View view : dataset.views()) {
      ImageIO.write(view.picture().toImage(), "png", to.resolve(view.name() + ".png").toFile());
      ObjectNode frame = frames.addObject().put("file_path", view.name() + ".png");
      ArrayNode matrix = frame.putArray("transform_matrix");
      double[] pose = Poses.toOpenGl(view.camera().worldToCamera());
      for (int row = 0; row < 4; row++) {
        ArrayNode values = matrix.addArray();
        for (int column = 0; column < 4; column++) {
          values.add(pose[4 * row + column]);
        }
      }
    }
    Files.writeString(to.resolve("transforms.json"), root.toString());
  }

  @Test
  void shouldKeepSceneAndCheckpointWhenInterruptedAndGoOn() throws Exception {
    Path out = folder.resolve("out.txt");
    Path err = folder.resolve("err.txt");
    String[] command =
        Stream.concat(SMALL.stream(), Stream.of("-o", "b.ply", "--iterations", "100000"))
            .toArray(String[]::new);
    Process process = CommandRun.start(folder, out, err, command);
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
    while (!Files.readString(err).contains("fitting ") && System.nanoTime() < end) {
      Thread.sleep(100);
    }
    process.destroy();
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(err)).isIn(130, 143);
    assertThat(Files.readString(err))
        .contains("go on with --resume b.ply.fit.safetensors")
        .contains("stopped");
    assertThat(SceneFormats.read(folder.resolve("b.ply")).count()).isBetween(6_666, 25_000);
    CommandRun refused = fit("-o", "c.ply", "--resume", "b.ply.fit.safetensors", "--cap", "9");
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).contains("--cap has no meaning with --resume");
    assertThat(names()).containsExactly("b.ply", "b.ply.fit.safetensors", "err.txt", "out.txt");
  }

  @Test
  void shouldRefuseBeforeTheLongWork() throws Exception {
    String[][] wrong = {
      {"2", "name a dataset or a --scene", "fit", "-o", "x.ply"},
      {"2", "name a dataset or a --scene", "fit", "here", "--scene", "known", "-o", "x.ply"},
      {"2", "name a transforms.json", "fit", "--scene", "known", "--video", "v.mp4", "-o", "x.ply"},
      {"1", "poses.json does not exist", "fit", "poses.json", "--video", "v.mp4", "-o", "x.ply"},
      {"2", "no procedural scene 'x'", "fit", "--scene", "x", "-o", "x.ply"},
      {"1", "no format goes by that name", "fit", "--scene", "known", "-o", "x.txt"},
      {"1", "does not exist", "fit", "--scene", "known", "-o", "no/x.ply"},
      {"1", "does not exist", "fit", "--scene", "known", "-o", "x.ply", "--plot", "no/p.png"},
      {"2", "name it .png", "fit", "--scene", "known", "-o", "x.ply", "--plot", "p.jpg"},
      {"2", "is no strategy", "fit", "--scene", "known", "-o", "x.ply", "--strategy", "y"},
      {"2", "is no colour", "fit", "--scene", "known", "-o", "x.ply", "--background", "1,0"},
      {"2", "--size is for --scene", "fit", "here", "-o", "x.ply", "--size", "64"},
    };
    for (String[] line : wrong) {
      CommandRun run = CommandRun.of(folder, java.util.Arrays.copyOfRange(line, 2, line.length));
      assertThat(run.code()).as(run.err()).isEqualTo(Integer.parseInt(line[0]));
      assertThat(run.err()).contains(line[1]).doesNotContain("fault of ours");
    }
    assertThat(names()).isEmpty();
  }
}
