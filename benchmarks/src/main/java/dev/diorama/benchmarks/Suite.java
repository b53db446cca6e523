package dev.diorama.benchmarks;

import dev.diorama.Context;
import dev.diorama.benchmarks.cases.BenchmarkCase;
import dev.diorama.benchmarks.cases.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Runs cases, each beside its rival, one after the other in one process on the same threads. */
public final class Suite {
  private static final long SEED = 0;

  private final Context context;
  private final Machine machine;
  private final Optional<? extends Rival> peer;
  private final int repeats;
  private final Consumer<String> progress;

  public Suite(
      Context context,
      Machine machine,
      Optional<? extends Rival> peer,
      int repeats,
      Consumer<String> progress) {
    this.context = context;
    this.machine = machine;
    this.peer = peer;
    this.repeats = repeats;
    this.progress = progress;
  }

  /** Measures every case of an operation the backend has. */
  public List<Measurement> run(List<BenchmarkCase> cases) {
    List<Measurement> results = new ArrayList<>();
    for (BenchmarkCase one : cases) {
      progress.accept(one.key());
      results.add(measure(one));
    }
    return results;
  }

  private Measurement measure(BenchmarkCase one) {
    Timing ours;
    try (Workspace workspace = new Workspace(context, SEED)) {
      Runnable work = one.setup().apply(workspace);
      ours =
          context.backend().onDevice()
              ? Timing.onDevice(work, context::synchronize, repeats)
              : Timing.of(work, repeats);
    }
    context.trim();
    Optional<Double> rival = peer.flatMap(p -> p.measure(one.operation(), one.name(), repeats));
    return new Measurement(
        one.operation(),
        one.name(),
        ours.median(),
        ours.min(),
        ours.max(),
        one.flops(),
        one.bytes(),
        machine.floorMs(one.flops(), one.bytes()),
        rival.isPresent() ? peer.orElseThrow().version() : null,
        rival.orElse(null));
  }
}
