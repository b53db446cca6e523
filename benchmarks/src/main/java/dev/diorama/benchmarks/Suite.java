package dev.diorama.benchmarks;

import dev.diorama.Context;
import dev.diorama.benchmarks.cases.BenchmarkCase;
import dev.diorama.benchmarks.cases.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Runs cases, each beside its rival, one after the other in one process on the same threads. */
public final class Suite {
  private static final long SEED = 0;

  /** Counted runs of one side before it is the other's turn. */
  private static final int TURN = 3;

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
    List<double[]> rivals = new ArrayList<>();
    Timing timing;
    try (Workspace workspace = new Workspace(context, SEED)) {
      Runnable work = one.setup().apply(workspace);
      timing =
          context.backend().onDevice()
              ? Timing.onDevice(work, context::synchronize, repeats)
              : inTurns(work, one, rivals);
    }
    context.trim();
    if (context.backend().onDevice()) {
      rival(one, repeats, rivals);
    }
    return new Measurement(
        one.operation(),
        one.name(),
        timing.median(),
        timing.min(),
        timing.max(),
        one.flops(),
        one.bytes(),
        machine.floorMs(one.flops(), one.bytes()),
        rivals.isEmpty() ? null : peer.orElseThrow().version(),
        rivals.isEmpty() ? null : timing(rivals).median());
  }

  /** What else the machine does then hits both. */
  private Timing inTurns(Runnable work, BenchmarkCase one, List<double[]> rivals) {
    List<double[]> ours = new ArrayList<>();
    for (int done = 0; done < repeats; done += TURN) {
      int turn = Math.min(TURN, repeats - done);
      ours.add(Timing.turn(work, 2, turn));
      rival(one, turn, rivals);
    }
    return timing(ours);
  }

  private void rival(BenchmarkCase one, int turn, List<double[]> times) {
    peer.flatMap(p -> p.measure(one.operation(), one.name(), turn)).ifPresent(times::add);
  }

  private static Timing timing(List<double[]> turns) {
    return Timing.of(turns.stream().flatMapToDouble(Arrays::stream).toArray());
  }
}
