package dev.diorama.cli;

import dev.diorama.Backend;
import dev.diorama.media.Output;
import dev.diorama.media.Pictures;
import dev.diorama.video.CancellationToken;
import dev.diorama.video.Fit;
import dev.diorama.video.VideoGenerator;
import dev.diorama.video.VideoModel;
import dev.diorama.video.VideoRequest;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Makes a video of a prompt. Everything is checked before the long work starts. */
@Command(
    name = "video",
    description = "Makes a video of a prompt.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    customSynopsis = {
      "diorama video PROMPT -o FILE [OPTIONS]",
      "   or: diorama video --decode LATENTS -o FILE [OPTIONS]"
    },
    footer = {"", "Values that are not given are the model's own (its generation_config.json)."})
final class VideoCommand implements Callable<Integer> {

  @Parameters(
      arity = "0..*",
      paramLabel = "PROMPT",
      description = "What the video shows, in quotes.")
  private List<String> prompt = List.of();

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FILE",
      description = "A .mp4, .webm, .gif or .safetensors file, or FOLDER/ for PNG frames.")
  private String output;

  @Mixin private VideoOptions options;

  @Option(
      names = "--scale",
      paramLabel = "N",
      description =
          "Enlarge the frames for viewing. Default: until the shorter side has 256 pixels;"
              + " safetensors never.")
  private Integer scale;

  @Mixin private ExecutionOptions where;

  @Option(
      names = "--keep-latents",
      description = "Keep the latents, in a file NAME.latents.safetensors beside the output.")
  private boolean keepLatents;

  @Option(
      names = "--decode",
      paramLabel = "FILE",
      description = "Only decode latents that were kept; no prompt then.")
  private Path decode;

  @Mixin private CommonOptions common;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    CancellationToken token = Interruption.token();
    checkUsage();
    Output target = parseOutput();
    Path folder = options.model != null ? options.model : Folders.defaultModel();
    try (Backend opened = where.open();
        VideoModel model = VideoModel.open(folder, opened, where.execution(opened));
        VideoWriter writer = new VideoWriter(target, scale);
        Progress progress = new Progress()) {
      Report report =
          decode != null
              ? decode(model, writer, progress, token)
              : generate(model, writer, progress, token);
      progress.finish();
      print(report, progress);
    }
    return 0;
  }

  private void checkUsage() {
    Arguments.check("the prompt", prompt());
    Arguments.check("the negative prompt", options.negativePrompt);
    Arguments.check("the output's name", output);
    if (prompt.size() > 1) {
      throw usage("put the prompt in quotes; it came as %d words".formatted(prompt.size()));
    }
    if (decode == null && prompt().isBlank()) {
      throw usage("the prompt is empty");
    }
    if (decode != null && !prompt.isEmpty()) {
      throw usage("--decode takes no prompt");
    }
    if (decode != null && options.firstGivenForMaking() != null) {
      throw usage("%s has no meaning with --decode".formatted(options.firstGivenForMaking()));
    }
    if (options.fit != null && options.image == null) {
      throw usage("--fit is about the picture of --image, and there is none");
    }
    where.check();
    if (scale != null && (scale < 1 || scale > 64)) {
      throw usage("--scale must be from 1 to 64, got %d".formatted(scale));
    }
  }

  private static UsageException usage(String sentence) {
    return new UsageException(sentence);
  }

  private String prompt() {
    return prompt.isEmpty() ? "" : prompt.getFirst();
  }

  private Output parseOutput() throws IOException {
    try {
      Output parsed = Output.parse(output);
      if (parsed.format() == Output.Format.PICTURE) {
        throw usage("a .png holds one picture; a video's frames go into FOLDER/");
      }
      if (scale != null && scale > 1 && !parsed.format().isForViewing()) {
        throw usage("--scale is for viewing; safetensors hold the model's own frames");
      }
      parsed.check();
      return parsed;
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  private Report generate(
      VideoModel model, VideoWriter writer, Progress progress, CancellationToken token)
      throws IOException {
    VideoRequest.Builder builder = options.over(model.defaults()).prompt(prompt());
    if (options.image != null) {
      Fit fit = options.fit != null ? options.fit : Fit.CROP;
      builder.image(Pictures.read(options.image).toImage(), fit);
    }
    KeptLatents latents = KeptLatents.beside(writer.output().path(), keepLatents);
    VideoRequest request = builder.latents(latents.path()).build();
    try {
      model.check(request);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
    writer.open(
        request.width(), request.height(), request.fps(), Metadata.of(request, model.name()));
    try (VideoGenerator generator = model.newGenerator()) {
      generator.generate(request, writer, progress, token);
      writer.commit();
      latents.succeeded();
    } catch (CancellationException e) {
      latents.succeeded();
      throw e;
    } catch (IOException | RuntimeException e) {
      throw latents.explained(e);
    }
    return new Report(writer, keepLatents ? latents.path() : null);
  }

  private Report decode(
      VideoModel model, VideoWriter writer, Progress progress, CancellationToken token)
      throws IOException {
    Map<String, String> metadata = Metadata.ofLatents(decode);
    double fps = options.fps != null ? options.fps : Metadata.fps(metadata, model.defaults().fps());
    writer.openAtFirstFrame(fps, metadata);
    try (VideoGenerator generator = model.newGenerator()) {
      generator.decode(decode, writer, progress, token);
      writer.commit();
    }
    return new Report(writer, decode);
  }

  private void print(Report report, Progress progress) {
    PrintWriter out = spec.commandLine().getOut();
    out.println(common.json ? CommonOptions.json(report.values(progress)) : report.line(progress));
  }
}
