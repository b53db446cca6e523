package dev.diorama.cli;

import dev.diorama.splat.fit.Evaluation;
import dev.diorama.splat.fit.FitListener;
import java.time.Duration;
import java.util.Locale;
import java.util.function.DoubleSupplier;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Progress of a fit on stderr with the time that is left: a bar on a terminal, else lines. */
final class FitProgress implements FitListener, AutoCloseable {
  private static final int WIDTH = 110;
  private static final long LINE_EVERY_NANOS = Duration.ofSeconds(10).toNanos();
  private static final long BAR_EVERY_NANOS = Duration.ofMillis(250).toNanos();

  private final boolean terminal = Progress.isTerminal();
  private long begin;
  private int first;
  private long lastShown;
  private ProgressBar bar;
  private String measured = "";

  @Override
  public void progress(int iteration, int iterations, DoubleSupplier loss, int gaussians) {
    long now = System.nanoTime();
    if (begin == 0) {
      begin = now;
      first = iteration;
      lastShown = now;
      bar = terminal ? newBar(iterations, iteration) : null;
    }
    boolean last = iteration == iterations;
    long pause = terminal ? BAR_EVERY_NANOS : LINE_EVERY_NANOS;
    if (!last && now - lastShown < pause) {
      return;
    }
    lastShown = now;
    // Asking for the loss waits for the device: only where somebody sees it.
    String state =
        String.format(
            Locale.ROOT, "loss %.4f, %d Gaussians%s", loss.getAsDouble(), gaussians, measured);
    if (bar != null) {
      bar.setExtraMessage(state);
      bar.stepTo(iteration);
      return;
    }
    String left =
        last || iteration == first
            ? ""
            : ", %s left"
                .formatted(time((now - begin) / (iteration - first) * (iterations - iteration)));
    System.err.println("fitting %d/%d, %s%s".formatted(iteration, iterations, state, left));
  }

  void measured(Evaluation evaluation) {
    measured = String.format(Locale.ROOT, ", PSNR %.2f dB", evaluation.psnr());
  }

  private static String time(long nanos) {
    Duration duration = Duration.ofNanos(nanos);
    return duration.toMinutes() > 0
        ? "%d min %d s".formatted(duration.toMinutes(), duration.toSecondsPart())
        : "%d s".formatted(duration.toSeconds());
  }

  private static ProgressBar newBar(int iterations, int iteration) {
    return new ProgressBarBuilder()
        .setTaskName("fitting")
        .setInitialMax(iterations)
        .startsFrom(iteration, Duration.ZERO)
        .setStyle(ProgressBarStyle.ASCII)
        .setUpdateIntervalMillis((int) Duration.ofNanos(BAR_EVERY_NANOS).toMillis())
        .setConsumer(new ConsoleProgressBarConsumer(System.err, WIDTH))
        .build();
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
