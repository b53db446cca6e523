package dev.diorama.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diorama.benchmarks.Machine;
import dev.diorama.benchmarks.Measurement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
  private static final Machine MACHINE = new Machine("a processor", 2, 200e9, 20e9);

  @TempDir Path folder;

  private static Measurement measured(String name, double ms, Double rival) {
    return new Measurement(
        "attention",
        name,
        ms,
        ms * 0.9,
        ms * 1.2,
        4e9,
        1e6,
        20,
        rival == null ? null : "PyTorch",
        rival);
  }

  private static Report report(double ms) {
    return new Report(
        "0.1.0",
        "cpu",
        MACHINE,
        List.of(measured("small", ms, 50.0), measured("alone", 2 * ms, null)),
        List.of(measured("s1024", ms, 60.0), measured("s2048", 4 * ms, 200.0)));
  }

  @Test
  void shouldComeBackFromJsonAsItWas() throws IOException {
    Path file = folder.resolve("report.json");
    Files.writeString(file, report(25).json());

    assertThat(Report.read(file)).isEqualTo(report(25));
  }

  @Test
  void shouldStateShareOfTheFloorAndTheRival() {
    String table = Table.of(report(25));

    assertThat(table).contains("200 GFLOP/s").contains("80%").contains("2.00x").contains("160.0");
  }

  @Test
  void shouldSetTwoRunsSideBySide() {
    String table = Table.compare(report(50), report(25));

    assertThat(table).contains("50.000").contains("25.000").contains("2.00x");
  }

  @Test
  void shouldDrawEveryPlot() throws IOException {
    List<Path> plots = Plots.write(report(25), folder);

    assertThat(plots)
        .extracting(path -> path.getFileName().toString())
        .containsExactly("time.png", "share.png", "growth.png");
    for (Path plot : plots) {
      assertThat(ImageIO.read(plot.toFile()).getWidth()).isGreaterThan(500);
    }
  }

  @Test
  void shouldSayWhatIsWrongWithAForeignFile() throws IOException {
    Path file = folder.resolve("other.json");
    Files.writeString(file, "[1, 2");

    assertThatThrownBy(() -> Report.read(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is not a report");
    assertThatThrownBy(() -> Report.read(folder.resolve("absent.json")))
        .hasMessageContaining("there is no report");
  }
}
