package dev.diorama.cli;

import dev.diorama.video.ProgressListener;
import dev.diorama.video.Stage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * Progress on stderr with the time that is left: a bar on a terminal, else a line now and then.
 * Also keeps how long each stage took.
 */
final class Progress implements ProgressListener, AutoCloseable {
  private static final int WIDTH = 78;
  private static final long LINE_EVERY_NANOS = Duration.ofSeconds(5).toNanos();
  private static final Map<Stage, String> NAMES =
      new EnumMap<>(
          Map.of(
              Stage.TEXT,
              "text",
              Stage.IMAGE,
              "picture",
              Stage.DENOISE,
              "denoising",
              Stage.DECODE,
              "decoding"));

  private final boolean terminal = isTerminal();
  private final Map<String, Long> nanos = new LinkedHashMap<>();
  private String stage;
  private long begin;
  private long lastLine;
  private ProgressBar bar;

  static boolean isTerminal() {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
      return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
    } catch (java.io.IOException e) {
      return false;
    }
  }

  @Override
  public void progress(Stage now, int done, int total) {
    step(NAMES.get(now), done, total);
  }

  /**
   * Says how far a stage is that is none of making a video.
   *
   * @param now its name, in one word
   */
  void step(String now, int done, int total) {
    if (!now.equals(stage)) {
      finish();
      stage = now;
      begin = System.nanoTime();
      lastLine = begin;
      if (terminal) {
        bar = newBar(total);
      }
    }
    nanos.put(stage, System.nanoTime() - begin);
    if (bar != null) {
      bar.stepTo(done);
    } else {
      line(done, total);
    }
  }

  @Override
  public void notice(String sentence) {
    finish();
    System.err.println("diorama: " + sentence);
  }

  private ProgressBar newBar(int total) {
    return new ProgressBarBuilder()
        .setTaskName("%-9s".formatted(stage))
        .setInitialMax(total)
        .setStyle(ProgressBarStyle.ASCII)
        .setUpdateIntervalMillis(250)
        .setConsumer(new ConsoleProgressBarConsumer(System.err, WIDTH))
        .build();
  }

  private void line(int done, int total) {
    long now = System.nanoTime();
    if (done != 0 && done != total && now - lastLine < LINE_EVERY_NANOS) {
      return;
    }
    lastLine = now;
    String left =
        done == 0 || done == total
            ? ""
            : ", %s left".formatted(seconds((now - begin) / done * (total - done)));
    System.err.println("%s %d/%d%s".formatted(stage, done, total, left));
  }

  static String seconds(long nanos) {
    return "%.1f s".formatted(nanos / 1e9);
  }

  /** Seconds by the name of the stage. */
  Map<String, Double> times() {
    Map<String, Double> times = new LinkedHashMap<>();
    nanos.forEach((key, value) -> times.put(key, Math.round(value / 1e6) / 1e3));
    return times;
  }

  /** Ends the line of the bar, so that something else can be printed. */
  void finish() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }

  @Override
  public void close() {
    finish();
  }
}
