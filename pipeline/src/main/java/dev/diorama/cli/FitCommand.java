package dev.diorama.cli;

import dev.diorama.Backend;
import dev.diorama.media.Partial;
import dev.diorama.media.Picture;
import dev.diorama.splat.Fitter;
import dev.diorama.splat.data.Dataset;
import dev.diorama.splat.data.Datasets;
import dev.diorama.splat.data.ProceduralScene;
import dev.diorama.splat.data.View;
import dev.diorama.splat.fit.Evaluation;
import dev.diorama.splat.fit.FitOptions;
import dev.diorama.splat.fit.FitOptionsBuilder;
import dev.diorama.splat.format.SceneFormats;
import dev.diorama.video.CancellationToken;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Fits Gaussians to posed pictures. Everything is checked before the long work starts. */
@Command(
    name = "fit",
    description = "Fits a scene of Gaussian splats to posed pictures.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    customSynopsis = {
      "Usage: diorama fit DATASET -o SCENE [OPTIONS]",
      "   or: diorama fit POSES.json --video FILE -o SCENE [OPTIONS]",
      "   or: diorama fit --scene known|solids -o SCENE [OPTIONS]"
    },
    footer = {
      "",
      "DATASET is a folder with transforms.json (nerfstudio) or sparse/0 (COLMAP).",
      "Ctrl-C writes the scene so far and a checkpoint to go on from."
    })
final class FitCommand implements Callable<Integer> {
  private static final int MEASUREMENTS = 20;

  @Parameters(arity = "0..1", paramLabel = "DATASET", description = "Posed pictures.")
  private Path folder;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "SCENE",
      description = "Its name says the format, as with convert.")
  private Path output;

  @Option(
      names = "--video",
      paramLabel = "FILE",
      description = "The pictures are this video's frames; DATASET is a transforms.json of poses.")
  private Path video;

  @Option(
      names = "--scene",
      paramLabel = "known|solids",
      description = "A scene that is made instead of a dataset, to see how well fitting works.")
  private String scene;

  @Option(
      names = "--size",
      paramLabel = "N",
      description = "Width and height of the pictures of --scene. Default: 256.")
  private Integer size;

  @Mixin private FitSettings settings;

  @Option(
      names = "--eval-every",
      paramLabel = "N",
      description = "Iterations between measurements. Default: a twentieth of all.")
  private Integer evalEvery;

  @Option(
      names = "--checkpoint",
      paramLabel = "FILE",
      description = "Keep what is needed to go on in a .safetensors file, now and then.")
  private Path checkpoint;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Iterations between checkpoints. Default: 1000.")
  private int checkpointEvery;

  @Option(
      names = "--resume",
      paramLabel = "FILE",
      description = "Go on from a checkpoint, with its options.")
  private Path resume;

  @Option(
      names = "--preview",
      paramLabel = "PNG",
      description = "Draw the first held-out view now and then, beside its picture.")
  private Path preview;

  @Option(
      names = "--preview-every",
      paramLabel = "N",
      defaultValue = "500",
      description = "Iterations between previews. Default: 500.")
  private int previewEvery;

  @Option(names = "--plot", paramLabel = "PNG", description = "Draw PSNR and SSIM over time.")
  private Path plot;

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
    checkUsage();
    checkOutputs();
    CancellationToken token = Interruption.token();
    try (Backend opened = SplatBackend.open(backend, threads)) {
      Dataset dataset = dataset(opened);
      try (Fitter fitter = fitter(opened, dataset)) {
        finish(fitter, fit(fitter, dataset, token));
      }
    }
    return 0;
  }

  private void checkUsage() {
    if (folder == null == (scene == null)) {
      throw new UsageException("name a dataset or a --scene, and not both");
    }
    if (video != null && folder == null) {
      throw new UsageException("--video needs the poses of its frames: name a transforms.json");
    }
    if (size != null && (scene == null || size < 16 || size > 4096)) {
      throw new UsageException("--size is for --scene, and from 16 to 4096");
    }
    if (resume != null && settings.firstGiven() != null) {
      throw new UsageException(
          "%s has no meaning with --resume: the checkpoint holds the options"
              .formatted(settings.firstGiven()));
    }
    if (threads < 0) {
      throw new UsageException("--threads must be at least 1, got %d".formatted(threads));
    }
    if ((evalEvery != null && evalEvery < 1) || checkpointEvery < 1 || previewEvery < 1) {
      throw new UsageException("something cannot be done every 0 iterations; expected at least 1");
    }
    for (Path picture : new Path[] {preview, plot}) {
      if (picture != null && !picture.toString().toLowerCase(Locale.ROOT).endsWith(".png")) {
        throw new UsageException("%s is drawn as PNG: name it .png".formatted(picture));
      }
    }
  }

  /** A missing folder shall not be found after half an hour. */
  private void checkOutputs() throws IOException {
    SceneFormats.writer(output);
    for (Path file : new Path[] {output, checkpoint(), preview, plot}) {
      if (file != null && !Files.isDirectory(file)) {
        Partial.file(file).close();
      }
    }
  }

  private Path checkpoint() {
    return checkpoint != null
        ? checkpoint
        : output.resolveSibling(output.getFileName() + ".fit.safetensors");
  }

  private Dataset dataset(Backend opened) throws IOException {
    if (scene == null) {
      return video == null ? Datasets.read(folder) : Datasets.read(folder, video);
    }
    try {
      return ProceduralScene.named(scene).dataset(opened, size != null ? size : 256);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  private Fitter fitter(Backend opened, Dataset dataset) throws IOException {
    if (resume != null) {
      return Fitter.resume(opened, dataset, resume);
    }
    FitOptionsBuilder builder = FitOptions.builder();
    if (scene != null) {
      builder.cap(25_000).testEvery(ProceduralScene.TEST_EVERY);
    }
    try {
      return Fitter.begin(opened, dataset, settings.over(builder));
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  /** Whether all iterations were done. */
  private boolean fit(Fitter fitter, Dataset dataset, CancellationToken token) throws IOException {
    try (FitProgress progress = new FitProgress()) {
      return fit(fitter, dataset, progress, token);
    }
  }

  private boolean fit(Fitter fitter, Dataset dataset, FitProgress progress, CancellationToken token)
      throws IOException {
    int iterations = fitter.options().iterations();
    int measure = evalEvery != null ? evalEvery : Math.max(1, iterations / MEASUREMENTS);
    View shown = dataset.views().getFirst();
    if (fitter.iteration() == 0) {
      progress.measured(fitter.evaluate());
    }
    while (!token.isCancelled()) {
      // Runs until the next measurement, preview or checkpoint.
      int next = nextStop(fitter.iteration(), measure, iterations);
      if (!fitter.run(progress, () -> token.isCancelled() || fitter.iteration() == next)
          && fitter.iteration() != next) {
        break;
      }
      int now = fitter.iteration();
      if (now % measure == 0 || now == iterations) {
        progress.measured(fitter.evaluate());
        if (plot != null) {
          FitPlot.write(fitter.history(), title(), plot);
        }
      }
      if (preview != null && (now % previewEvery == 0 || now == iterations)) {
        FitPlot.write(beside(shown.picture(), fitter.picture(shown.camera())), preview);
      }
      if (checkpoint != null && (now % checkpointEvery == 0 || now == iterations)) {
        fitter.save(checkpoint);
      }
      if (now == iterations) {
        return true;
      }
    }
    return false;
  }

  private int nextStop(int iteration, int measure, int iterations) {
    int next = Math.min(iterations, (iteration / measure + 1) * measure);
    next = Math.min(next, preview == null ? next : (iteration / previewEvery + 1) * previewEvery);
    return checkpoint == null
        ? next
        : Math.min(next, (iteration / checkpointEvery + 1) * checkpointEvery);
  }

  private String title() {
    return scene != null ? scene : folder.toAbsolutePath().normalize().getFileName().toString();
  }

  private static BufferedImage beside(Picture left, Picture right) {
    int width = left.width() + right.width();
    BufferedImage both = new BufferedImage(width, left.height(), BufferedImage.TYPE_INT_RGB);
    both.getGraphics().drawImage(left.toImage(), 0, 0, null);
    both.getGraphics().drawImage(right.toImage(), left.width(), 0, null);
    return both;
  }

  private void finish(Fitter fitter, boolean whole) throws IOException {
    SceneFormats.write(fitter.scene(), output);
    if (!whole) {
      fitter.save(checkpoint());
      System.err.println(
          "diorama: %s holds the scene after %d of %d iterations; go on with --resume %s"
              .formatted(output, fitter.iteration(), fitter.options().iterations(), checkpoint()));
      throw new CancellationException();
    }
    Evaluation last = fitter.evaluate();
    spec.commandLine()
        .getOut()
        .println(common.json ? CommonOptions.json(values(fitter, last)) : line(last));
  }

  private String line(Evaluation last) {
    return String.format(
        Locale.ROOT,
        "%s: %d Gaussians, PSNR %.2f dB and SSIM %.4f on %d %s views, fitted in %.1f s",
        output,
        last.gaussians(),
        last.psnr(),
        last.ssim(),
        last.views(),
        last.heldOut() ? "held-out" : "training",
        last.seconds());
  }

  private Map<String, Object> values(Fitter fitter, Evaluation last) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("output", output.toAbsolutePath().normalize().toString());
    values.put("checkpoint", checkpoint == null ? null : checkpoint.toString());
    values.put("iterations", fitter.iteration());
    values.put("gaussians", last.gaussians());
    values.put("psnr", last.psnr());
    values.put("ssim", last.ssim());
    values.put("views", last.views());
    values.put("heldOut", last.heldOut());
    values.put("seconds", last.seconds());
    values.put("options", fitter.options());
    values.put("history", fitter.history());
    return values;
  }
}
