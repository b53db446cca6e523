package dev.diorama.benchmarks.splat;

import dev.diorama.Context;
import dev.diorama.SplatStats;
import dev.diorama.benchmarks.Machine;
import dev.diorama.benchmarks.Measurement;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * Frames of Gaussian splats: the whole, its parts, and how cost grows, beside what a user would run
 * instead.
 *
 * <p>The floor of a frame is what its evaluations of alpha and its bytes cost: {@value
 * #EVALUATION_FLOPS} operations for a pair of a Gaussian and a pixel (alpha, cut, transmittance,
 * three colours), {@value #BACKWARD_FLOPS} more for its gradient (recorded, then played back).
 */
public final class SplatBenchmark {
  /** Operations of one evaluation, as counted in kernels/splat/README.md. */
  private static final double EVALUATION_FLOPS = 14;

  private static final double BACKWARD_FLOPS = 30;
  private static final String OPERATION = "splat";
  private static final int WARM_UP = 2;

  private final Context context;
  private final Machine machine;
  private final SplatRivals rivals;
  private final int repeats;
  private final Consumer<String> progress;

  /**
   * Prepares.
   *
   * @param context where it is drawn
   * @param machine the measured rates
   * @param rivals what else is measured
   * @param repeats counted runs
   * @param progress told before each case
   */
  public SplatBenchmark(
      Context context,
      Machine machine,
      SplatRivals rivals,
      int repeats,
      Consumer<String> progress) {
    this.context = context;
    this.machine = machine;
    this.rivals = rivals;
    this.repeats = repeats;
    this.progress = progress;
  }

  /**
   * The scene as it is, with its gradient, and a million Gaussians of it in full HD.
   *
   * @param scene to be drawn
   * @return measurements of the whole and of the parts
   * @throws IOException when a rival fails
   */
  public List<Measurement> run(SplatScene scene) throws IOException {
    List<Measurement> results = new ArrayList<>();
    results.addAll(measure(scene, false, true));
    results.addAll(measure(scene, true, true));
    SplatScene large = scene.withCount(1_000_000).at(1920, 1080);
    results.addAll(measure(large, false, true));
    results.addAll(measure(large, true, false));
    return results;
  }

  /**
   * The scene as it is, with its gradient: what a change of a kernel shows in.
   *
   * @param scene to be drawn
   * @return measurements of the whole and of the parts
   * @throws IOException never without rivals
   */
  public List<Measurement> frame(SplatScene scene) throws IOException {
    return measure(scene, true, false);
  }

  /**
   * How cost grows with the number of Gaussians, the pixels and the overlap.
   *
   * @param scene where it begins
   * @return one measurement a point
   * @throws IOException when a rival fails
   */
  public List<Measurement> growth(SplatScene scene) throws IOException {
    List<Measurement> results = new ArrayList<>();
    for (int count :
        new int[] {10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 5_000_000}) {
      results.add(measure(SplatScene.procedural(count, 1), false, false).getFirst());
    }
    for (int height : new int[] {270, 540, 1080, 2160}) {
      results.add(measure(scene.at(height * 16 / 9, height), false, false).getFirst());
    }
    for (double factor : new double[] {0.5, 2, 4}) {
      Measurement m = measure(scene.scaled(factor), false, false).getFirst();
      results.add(named(m, "%s scales x%s".formatted(m.name(), factor)));
    }
    return results;
  }

  List<Measurement> measure(SplatScene scene, boolean backward, boolean beside) throws IOException {
    String name = scene.label() + (backward ? " forward+backward" : "");
    progress.accept(OPERATION + " " + name);
    double[] times = new double[repeats];
    List<SplatStats> stats = new ArrayList<>();
    try (SplatRun run = new SplatRun(context, scene, backward)) {
      for (int i = -WARM_UP; i < repeats; i++) {
        long start = System.nanoTime();
        run.render();
        if (backward) {
          run.backward();
        }
        context.synchronize();
        double ms = (System.nanoTime() - start) / 1e6;
        if (i >= 0) {
          times[i] = ms;
          stats.add(run.stats());
        }
      }
    }
    SplatStats last = stats.getLast();
    double flops = last.evaluations() * (EVALUATION_FLOPS + (backward ? BACKWARD_FLOPS : 0));
    double bytes = bytes(scene, backward);
    SplatRivals.Answer rival = beside ? rivals.measure(scene, name, backward) : null;
    List<Measurement> results = new ArrayList<>();
    Arrays.sort(times);
    results.add(
        new Measurement(
            OPERATION,
            name,
            median(times),
            times[0],
            times[repeats - 1],
            flops,
            bytes,
            machine.floorMs(flops, bytes),
            rival == null ? null : rival.name(),
            rival == null ? null : rival.medianMs()));
    results.add(part(name + ": project", stats, SplatStats::projectMs));
    results.add(part(name + ": bin", stats, SplatStats::binMs));
    results.add(part(name + ": sort", stats, SplatStats::sortMs));
    results.add(part(name + ": raster", stats, SplatStats::rasterMs));
    if (backward) {
      results.add(part(name + ": raster backward", stats, SplatStats::rasterBackwardMs));
      results.add(part(name + ": project backward", stats, SplatStats::projectBackwardMs));
    } else if (beside) {
      rivals.viewer(scene).ifPresent(answer -> results.add(besideViewer(results, name, answer)));
    }
    progress.accept(
        "  %d visible, %d intersections, %d evaluations, %.0f MB in the frame"
            .formatted(
                last.visible(), last.intersections(), last.evaluations(), last.bytes() / 1e6));
    return results;
  }

  private static Measurement besideViewer(
      List<Measurement> results, String name, SplatRivals.Answer viewer) {
    Measurement whole = results.getFirst();
    return new Measurement(
        OPERATION,
        name + " (viewer)",
        whole.medianMs(),
        whole.minMs(),
        whole.maxMs(),
        whole.flops(),
        whole.bytes(),
        whole.floorMs(),
        viewer.name(),
        viewer.medianMs());
  }

  /** Every Gaussian and the picture once; with a gradient, those of both as well. */
  private static double bytes(SplatScene scene, boolean backward) {
    double row = 11 + 3 * scene.gaussians().coefficients();
    double picture = 3.0 * scene.camera().width() * scene.camera().height();
    return Float.BYTES * (scene.gaussians().count() * row + picture) * (backward ? 2 : 1);
  }

  private Measurement part(String name, List<SplatStats> stats, ToDoubleFunction<SplatStats> time) {
    double[] times = stats.stream().mapToDouble(time).sorted().toArray();
    return new Measurement(
        OPERATION, name, median(times), times[0], times[repeats - 1], 0, 0, 0, null, null);
  }

  private static Measurement named(Measurement m, String name) {
    return new Measurement(
        m.operation(),
        name,
        m.medianMs(),
        m.minMs(),
        m.maxMs(),
        m.flops(),
        m.bytes(),
        m.floorMs(),
        m.rival(),
        m.rivalMedianMs());
  }

  private static double median(double[] sorted) {
    int n = sorted.length;
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  }
}
