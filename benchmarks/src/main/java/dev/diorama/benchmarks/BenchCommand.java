package dev.diorama.benchmarks;

import dev.diorama.Backend;
import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.benchmarks.cases.AttentionCases;
import dev.diorama.benchmarks.cases.BenchmarkCase;
import dev.diorama.benchmarks.cases.CodecCases;
import dev.diorama.benchmarks.cases.DenoiseCases;
import dev.diorama.benchmarks.cases.LinearCases;
import dev.diorama.benchmarks.report.Plots;
import dev.diorama.benchmarks.report.Report;
import dev.diorama.benchmarks.report.Table;
import dev.diorama.benchmarks.splat.SplatBenchmark;
import dev.diorama.benchmarks.splat.SplatRivals;
import dev.diorama.benchmarks.splat.SplatScene;
import dev.diorama.benchmarks.splat.ViewerPeer;
import dev.diorama.jcuda.JCudaSupport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures the kernels and the pipeline beside what a user would run instead. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = {
      "Measures kernels and the pipeline: time, share of the machine's measured limit, and PyTorch"
          + " on the same cores in the same run, where Python has it.",
      "Writes report.json, report.md and plots to a folder; the table also goes to standard output."
    })
final class BenchCommand implements Callable<Integer> {
  private static final List<String> SUBJECTS =
      List.of("attention", "linear", "denoise", "codec", "video", "splat", "all");

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      defaultValue = "all",
      paramLabel = "SUBJECT",
      description = "attention, linear, denoise, codec, video, splat or all (default)")
  private String subject;

  @Option(names = "--backend", defaultValue = "auto", description = "backend (default: auto)")
  private String backendName;

  @Option(
      names = "--threads",
      description = "threads of the kernels and of the rival (default: all cores)")
  private int threads;

  @Option(names = "--repeats", defaultValue = "7", description = "counted runs a case (default: 7)")
  private int repeats;

  @Option(names = "--no-rival", description = "do not measure PyTorch")
  private boolean noRival;

  @Option(
      names = "--growth",
      description =
          "also measure how attention grows, 1k to 32k tokens, and splats, 10k to 5M Gaussians")
  private boolean growth;

  @Option(
      names = "--scene",
      paramLabel = "FILE",
      description = "splats: draw this scene (default: a procedural one)")
  private Path scene;

  @Option(
      names = "--compare",
      paramLabel = "OLD.json",
      description = "set an earlier report beside this run")
  private Path compare;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "build/bench",
      paramLabel = "DIR",
      description = "folder for report and plots (default: build/bench)")
  private Path output;

  @Option(names = "--json", description = "print the report as JSON instead of a table")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    if (!SUBJECTS.contains(subject)) {
      throw new ParameterException(
          spec.commandLine(),
          "'" + subject + "' is nothing to measure; choose one of " + String.join(", ", SUBJECTS));
    }
    if (repeats < 1 || repeats > 1000) {
      throw new ParameterException(
          spec.commandLine(), "--repeats is " + repeats + "; it must be 1 to 1000");
    }
    if (threads < 0 || threads > 1024) {
      throw new ParameterException(
          spec.commandLine(),
          "--threads is " + threads + "; it must be 1 to 1024, or 0 for all cores");
    }
    Report before = compare == null ? null : Report.read(compare);
    Report report = measure();
    Files.createDirectories(output);
    Files.writeString(output.resolve("report.json"), report.json());
    Files.writeString(output.resolve("report.md"), Table.of(report));
    List<Path> plots = Plots.write(report, output);
    System.out.print(json ? report.json() + "\n" : Table.of(report));
    if (before != null && !json) {
      System.out.print("\n" + Table.compare(before, report));
    }
    System.err.println("Report and " + plots.size() + " plots are in " + output);
    return 0;
  }

  private Report measure() throws IOException {
    int cores = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    try (Backend backend = Backend.open(backendName, cores);
        Context context = backend.newContext()) {
      Machine machine = Machine.measure(context, cores);
      List<Measurement> results = new ArrayList<>();
      List<Measurement> growing = new ArrayList<>();
      List<BenchmarkCase> cases = cases();
      if (!cases.isEmpty()) {
        measure(cases, context, machine, cores, results, growing);
      }
      if (wants("video")) {
        progress("video");
        results.addAll(VideoBenchmark.run(backend, repeats));
      }
      if (wants("splat") && !backend.supports("splat_backward", DType.F32)) {
        progress("no splats: the backend " + backend.name() + " has no kernels for them");
      } else if (wants("splat")) {
        measureSplats(context, machine, cores, results, growing);
      }
      return new Report(Home.version(), backend.name(), machine, results, growing);
    }
  }

  private void measure(
      List<BenchmarkCase> cases,
      Context context,
      Machine machine,
      int cores,
      List<Measurement> results,
      List<Measurement> growing)
      throws IOException {
    if (context.backend().onDevice()) {
      measureOnDevice(cases, context, machine, results, growing);
      return;
    }
    Optional<Peer> peer = peer("torch_cpu.py", cores);
    try {
      Suite suite = new Suite(context, machine, peer, repeats, BenchCommand::progress);
      results.addAll(suite.run(cases));
      if (growth && wants("attention")) {
        growing.addAll(suite.run(AttentionCases.growth()));
      }
    } finally {
      if (peer.isPresent()) {
        peer.get().close();
      }
    }
  }

  /** PyTorch on the card is scripts/gpu-check's; here cuBLAS is measured where JCublas finds it. */
  private void measureOnDevice(
      List<BenchmarkCase> cases,
      Context context,
      Machine machine,
      List<Measurement> results,
      List<Measurement> growing) {
    Optional<String> missing = JCudaSupport.missingForCublas();
    if (!noRival && missing.isPresent()) {
      progress("no rival: " + missing.get());
    }
    boolean rival = !noRival && missing.isEmpty();
    try (CublasRival cublas = rival ? new CublasRival(context) : null) {
      Suite suite =
          new Suite(context, machine, Optional.ofNullable(cublas), repeats, BenchCommand::progress);
      results.addAll(suite.run(cases));
      if (growth && wants("attention")) {
        growing.addAll(suite.run(AttentionCases.growth()));
      }
    }
  }

  private void measureSplats(
      Context context,
      Machine machine,
      int cores,
      List<Measurement> results,
      List<Measurement> growing)
      throws IOException {
    SplatScene drawn =
        scene == null ? SplatScene.procedural(SplatScene.DEFAULT_COUNT, 1) : SplatScene.read(scene);
    boolean onHost = !context.backend().onDevice();
    if (!onHost && !noRival) {
      progress("no rival: gsplat on the same card is measured by scripts/gpu-check");
    }
    Optional<Peer> peer = onHost ? peer("torch_splat.py", cores) : Optional.empty();
    try {
      Optional<ViewerPeer> viewer =
          onHost && !noRival ? ViewerPeer.find(Home.folder(), cores) : Optional.empty();
      SplatBenchmark benchmark =
          new SplatBenchmark(
              context, machine, new SplatRivals(peer, viewer), repeats, BenchCommand::progress);
      results.addAll(benchmark.run(drawn));
      if (growth) {
        growing.addAll(benchmark.growth(drawn));
      }
    } finally {
      if (peer.isPresent()) {
        peer.get().close();
      }
    }
  }

  private Optional<Peer> peer(String script, int cores) throws IOException {
    return noRival ? Optional.empty() : Peer.start(Home.folder(), script, cores);
  }

  private List<BenchmarkCase> cases() {
    List<BenchmarkCase> cases = new ArrayList<>();
    if (wants("attention")) {
      cases.addAll(AttentionCases.all());
    }
    if (wants("linear")) {
      cases.addAll(LinearCases.all());
    }
    if (wants("denoise")) {
      cases.addAll(DenoiseCases.all());
    }
    if (wants("codec")) {
      cases.addAll(CodecCases.all());
    }
    return cases;
  }

  private boolean wants(String name) {
    return subject.equals("all") || subject.equals(name);
  }

  private static void progress(String line) {
    System.err.println("measuring " + line);
  }
}
