package dev.diorama.cli;

import dev.diorama.Backend;
import dev.diorama.media.Clip;
import dev.diorama.media.Output;
import dev.diorama.splat.Camera;
import dev.diorama.splat.CameraPath;
import dev.diorama.splat.Framing;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.RenderQueue;
import dev.diorama.splat.Renderer;
import dev.diorama.splat.data.SceneSource;
import dev.diorama.video.CancellationToken;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Draws a scene of Gaussians along a path of cameras. */
@Command(
    name = "render",
    description = "Draws a scene of Gaussian splats.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    customSynopsis = "diorama render SCENE -o FILE [OPTIONS]",
    footer = {
      "",
      "A .safetensors holds rgb [F,H,W,3], depth (accumulated) and alpha [F,H,W,1].",
      "Cameras are OpenCV's, in the scene's own units; nothing is centred or scaled."
    })
final class RenderCommand implements Callable<Integer> {

  @Parameters(
      paramLabel = "SCENE",
      description = "A scene in any known format, or points in a .npz (means3d, colors).")
  private Path scene;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FILE",
      description =
          "A .mp4, .webm, .gif, .png (one frame) or .safetensors file, or FOLDER/ for PNG frames.")
  private String output;

  @Mixin private CameraOptions camera;
  @Mixin private RenderOptions options;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description = "auto, cpu, reference, cuda or cuda:1. Default: auto.")
  private String backend;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Threads of the kernels. Default: one for each core.")
  private int threads;

  @Mixin private CommonOptions common;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    CancellationToken token = Interruption.token();
    Output target = checkUsage();
    boolean onePicture = target.format() == Output.Format.PICTURE;
    CameraMove move = new CameraMove(camera, options.width, options.height, onePicture);
    move.check();
    try (Backend opened = SplatBackend.open(backend, threads);
        Job job = load(opened, move);
        RenderWriter writer = open(target, job.path);
        Progress progress = new Progress()) {
      RenderReport report = new RenderReport(target, job.path, job.gaussians);
      run(job, writer, report, progress, token);
      progress.finish();
      writer.commit();
      PrintWriter out = spec.commandLine().getOut();
      out.println(
          common.json
              ? CommonOptions.json(report.values(progress.times()))
              : report.line(progress.times()));
    }
    return 0;
  }

  private Output checkUsage() throws IOException {
    Arguments.check("the scene's name", scene.toString());
    Arguments.check("the output's name", output);
    if (threads < 0) {
      throw new UsageException("--threads must be at least 1, got %d".formatted(threads));
    }
    options.check();
    try {
      Output parsed = Output.parse(output);
      parsed.check();
      return parsed;
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  /** The scene on its backend, and where it is seen from. The scene on the heap has gone. */
  private record Job(Renderer renderer, CameraPath path, int gaussians) implements AutoCloseable {
    @Override
    public void close() {
      renderer.close();
    }
  }

  private Job load(Backend opened, CameraMove move) throws IOException {
    SceneSource source = SceneSource.read(scene);
    Gaussians gaussians = source.scene();
    CameraPath path = move.path(Framing.of(gaussians), source.cameras());
    int degree = Math.min(options.shDegree, gaussians.shDegree());
    Renderer renderer = Renderer.open(opened, gaussians, degree, options.harmonics());
    return new Job(renderer, path, gaussians.count());
  }

  private RenderWriter open(Output target, CameraPath path) throws IOException {
    Map<String, String> tags = new LinkedHashMap<>();
    tags.put("scene", String.valueOf(scene.getFileName()));
    tags.put("version", "diorama " + Version.text());
    Camera first = path.cameras().getFirst();
    try {
      Clip clip = new Clip(first.width(), first.height(), path.fps(), tags);
      return new RenderWriter(target, clip, path.cameras().size(), options);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  private void run(
      Job job, RenderWriter writer, RenderReport report, Progress progress, CancellationToken token)
      throws IOException {
    List<Camera> cameras = job.path.cameras();
    progress.step("rendering", 0, cameras.size());
    token.throwIfCancelled();
    try (RenderQueue queue = RenderQueue.of(job.renderer)) {
      queue.draw(
          cameras,
          writer::draw,
          (index, drawn) -> {
            writer.add(drawn);
            report.add(drawn.stats());
            progress.step("rendering", index + 1, cameras.size());
            token.throwIfCancelled();
          });
    }
  }
}
