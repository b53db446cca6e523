package dev.diorama.benchmarks;

import dev.diorama.Backend;
import dev.diorama.Context;
import dev.diorama.benchmarks.cases.AttentionCases;
import dev.diorama.benchmarks.cases.BenchmarkCase;
import dev.diorama.benchmarks.cases.CodecCases;
import dev.diorama.benchmarks.cases.DenoiseCases;
import dev.diorama.benchmarks.cases.LinearCases;
import dev.diorama.benchmarks.report.Report;
import dev.diorama.benchmarks.report.Table;
import dev.diorama.benchmarks.splat.SplatBenchmark;
import dev.diorama.benchmarks.splat.SplatRivals;
import dev.diorama.benchmarks.splat.SplatScene;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * The researcher's loop at one kernel: build what changed, see whether it is right, see how fast it
 * is.
 */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    description =
        "Rebuilds what changed, runs one operation's conformance cases and times it briefly.")
final class CheckCommand implements Callable<Integer> {
  private static final int REPEATS = 3;
  private static final String SPLAT = "splat";

  /** What the NVIDIA driver makes where there is a card. */
  private static final Path CARD = Path.of("/dev/nvidiactl");

  /** An operation's CTest cases and its benchmark cases. */
  private record Subject(String tests, List<BenchmarkCase> cases) {}

  private static final Map<String, Subject> SUBJECTS =
      Map.of(
          "attention",
          new Subject("attention", shortest(AttentionCases.all())),
          "linear",
          new Subject("linear", shortest(LinearCases.all())),
          "denoise",
          new Subject("denoise|randn", DenoiseCases.all()),
          "codec",
          new Subject("codec|conv3d", shortest(CodecCases.all())),
          "text",
          new Subject("text", List.of()),
          SPLAT,
          new Subject(SPLAT, List.of()));

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "OPERATION",
      description = "attention, linear, denoise, codec, text or splat")
  private String operation;

  @Option(
      names = "--backend",
      defaultValue = "cpu",
      description =
          "cpu: cases on every backend of the host, then its time (default). cuda: cases on the"
              + " card and its time, or, without one, by simt, the same kernels on the processor")
  private String backendName;

  @Option(names = "--threads", description = "threads of the kernels (default: all cores)")
  private int threads;

  @Override
  public Integer call() throws IOException, InterruptedException {
    Subject subject = SUBJECTS.get(operation);
    if (subject == null) {
      throw new ParameterException(
          spec.commandLine(),
          "there is no operation '"
              + operation
              + "' to check; choose one of "
              + String.join(", ", SUBJECTS.keySet().stream().sorted().toList()));
    }
    boolean cuda = backendName.equals("cuda") || backendName.startsWith("cuda:");
    boolean card = Files.exists(CARD);
    String backends = cuda ? card ? "cuda" : "simt" : backendName.equals("simt") ? "simt" : "cpu";
    if (cuda && !card) {
      System.err.println(
          "There is no GPU here: the CUDA kernels' own source runs on the processor, by simt.");
    }
    Path home = Home.folder();
    NativeBuild build = new NativeBuild(home);
    if (build.build(subject.tests(), cuda && card) != 0) {
      System.err.println("The build failed: its messages are above.");
      return 1;
    }
    if (build.test(subject.tests(), backends) != 0) {
      System.err.println(operation + " is wrong: the failing cases are above.");
      return 1;
    }
    System.out.println(operation + " is right on " + backends + ".");
    if (backends.equals("simt")) {
      System.out.println("Nothing was timed: simt tells right from wrong, not fast from slow.");
      return 0;
    }
    boolean splats = operation.equals(SPLAT);
    if (splats || !subject.cases().isEmpty()) {
      System.out.print("\n" + Table.of(time(subject.cases(), splats)));
    }
    return 0;
  }

  private Report time(List<BenchmarkCase> cases, boolean splats) throws IOException {
    int cores = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    try (Backend backend = Backend.open(backendName, cores);
        Context context = backend.newContext()) {
      Machine machine = Machine.measure(context, cores);
      List<Measurement> results =
          splats
              ? new SplatBenchmark(
                      context,
                      machine,
                      new SplatRivals(Optional.empty(), Optional.empty()),
                      REPEATS,
                      line -> {})
                  .frame(SplatScene.procedural(SplatScene.DEFAULT_COUNT, 1))
              : new Suite(context, machine, Optional.empty(), REPEATS, line -> {}).run(cases);
      return new Report(Home.version(), backend.name(), machine, results, List.of());
    }
  }

  private static List<BenchmarkCase> shortest(List<BenchmarkCase> cases) {
    return cases.stream().filter(one -> one.flops() < 60e9).toList();
  }
}
