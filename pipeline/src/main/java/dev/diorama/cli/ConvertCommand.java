package dev.diorama.cli;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import dev.diorama.splat.edit.Edit;
import dev.diorama.splat.edit.Selection;
import dev.diorama.splat.format.SceneFormats;
import dev.diorama.splat.format.WriteOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Reads scenes, edits them and writes one in another format. */
@Command(
    name = "convert",
    description = "Converts a scene of Gaussian splats between formats, and edits it on the way.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    footer = {
      "",
      "Edits are done in the order in which they stand. Several inputs become one scene.",
      "The output's name says its format."
    })
final class ConvertCommand implements Callable<Integer> {

  @Parameters(
      arity = "2..*",
      paramLabel = "FILE",
      description = "The scene or scenes to read, then the one to write.")
  private List<Path> files = List.of();

  @Option(
      names = "--spz-version",
      paramLabel = "3|4",
      description =
          "Version of a .spz file: 3 (gzip; the default, read by more viewers) or 4 (zstd).")
  private Integer spzVersion;

  @Mixin private EditOptions options;
  @Mixin private CommonOptions common;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    long start = System.nanoTime();
    Path target = files.getLast();
    SceneFormats.writer(target);
    WriteOptions writeOptions = writeOptions(target);
    List<Gaussians> scenes = new ArrayList<>();
    for (Path file : files.subList(0, files.size() - 1)) {
      scenes.add(SceneFormats.read(file));
    }
    Gaussians scene = Selection.concatenate(scenes);
    int read = scene.count();
    for (Edit edit : options.edits()) {
      scene = edit.apply(scene);
    }
    if (scene.count() == 0) {
      throw new SceneException(
          "no Gaussian of %s is left after the edits; nothing was written"
              .formatted(files.getFirst()));
    }
    SceneFormats.write(scene, target, writeOptions);
    print(target, read, scene, (System.nanoTime() - start) * 1e-9);
    return 0;
  }

  private WriteOptions writeOptions(Path target) {
    if (spzVersion == null) {
      return WriteOptions.DEFAULT;
    }
    if (!target.toString().toLowerCase(Locale.ROOT).endsWith(".spz")) {
      throw new UsageException("--spz-version is for an output that ends in .spz");
    }
    try {
      return new WriteOptions(spzVersion);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  private void print(Path target, int read, Gaussians scene, double seconds) throws IOException {
    if (common.json) {
      Map<String, Object> values = new LinkedHashMap<>();
      values.put("output", target.toAbsolutePath().normalize().toString());
      values.put("format", SceneFormats.writer(target).name());
      values.put("gaussiansRead", read);
      values.put("gaussians", scene.count());
      values.put("shDegree", scene.shDegree());
      values.put("bytes", Files.isRegularFile(target) ? Files.size(target) : null);
      values.put("seconds", seconds);
      spec.commandLine().getOut().println(CommonOptions.json(values));
      return;
    }
    String left = read == scene.count() ? "" : " of " + read;
    spec.commandLine()
        .getOut()
        .println(
            "%s: %d%s Gaussians of degree %d, %s, in %.1f s"
                .formatted(
                    target,
                    scene.count(),
                    left,
                    scene.shDegree(),
                    SceneFormats.writer(target).name(),
                    seconds));
  }
}
