package dev.diorama.benchmarks.report;

import dev.diorama.benchmarks.Measurement;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Reports as Markdown tables, wide enough to be read in a terminal. */
public final class Table {
  private Table() {}

  /** Time, rate, share of the floor and rival of every case. */
  public static String of(Report report) {
    StringBuilder text = new StringBuilder();
    text.append(
        line(
            "%s; %d threads; %.0f GFLOP/s of FMAs and %.1f GB/s of copies measured here%n%n",
            report.machine().processor(),
            report.machine().threads(),
            report.machine().flops() / 1e9,
            report.machine().bytesPerSecond() / 1e9));
    text.append(
        line(
            "| %-50s | %10s | %9s | %9s | %6s | %10s | %7s |%n",
            "case", "median ms", "GFLOP/s", "GB/s", "floor", "rival ms", "faster"));
    text.append("|:---|---:|---:|---:|---:|---:|---:|\n");
    for (Measurement m : concat(report)) {
      text.append(
          line(
              "| %-50s | %10.3f | %9s | %9s | %6s | %10s | %7s |%n",
              m.key(),
              m.medianMs(),
              m.flops() > 0 ? line("%.1f", m.flops() / m.medianMs() / 1e6) : "",
              m.bytes() > 0 ? line("%.1f", m.bytes() / m.medianMs() / 1e6) : "",
              m.floorMs() > 0 ? line("%.0f%%", 100 * m.share()) : "",
              m.rivalMedianMs() == null ? "" : line("%.3f", m.rivalMedianMs()),
              m.speedup() == null ? "" : line("%.2fx", m.speedup())));
    }
    return text.toString();
  }

  /** Two reports side by side: time before, time now, and the change. */
  public static String compare(Report before, Report now) {
    Map<String, Measurement> old = new HashMap<>();
    concat(before).forEach(m -> old.put(m.key(), m));
    StringBuilder text = new StringBuilder();
    text.append(line("| %-50s | %10s | %10s | %8s |%n", "case", "before ms", "now ms", "now is"));
    text.append("|:---|---:|---:|---:|\n");
    for (Measurement m : concat(now)) {
      Measurement was = old.get(m.key());
      text.append(
          line(
              "| %-50s | %10s | %10.3f | %8s |%n",
              m.key(),
              was == null ? "" : line("%.3f", was.medianMs()),
              m.medianMs(),
              was == null ? "new" : line("%.2fx", was.medianMs() / m.medianMs())));
    }
    return text.toString();
  }

  static List<Measurement> concat(Report report) {
    return java.util.stream.Stream.concat(report.results().stream(), report.growth().stream())
        .toList();
  }

  private static String line(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }
}
