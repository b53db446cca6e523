package dev.diorama.benchmarks;

import dev.diorama.Backend;
import dev.diorama.video.CancellationToken;
import dev.diorama.video.ProgressListener;
import dev.diorama.video.Stage;
import dev.diorama.video.VideoGenerator;
import dev.diorama.video.VideoModel;
import dev.diorama.video.VideoRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** The whole way from a prompt to frames with the embedded model, and where its time goes. */
final class VideoBenchmark {
  private static final String PROMPT = "a red ball bounces on green grass";

  private VideoBenchmark() {}

  static List<Measurement> run(Backend backend, int repeats) throws IOException {
    try (VideoModel model = VideoModel.open(Home.folder().resolve("models/nano"), backend);
        VideoGenerator generator = model.newGenerator()) {
      VideoRequest request = model.defaults().toBuilder().prompt(PROMPT).seed(1).build();
      List<Map<Stage, Double>> runs = new ArrayList<>();
      for (int i = 0; i < repeats + 2; i++) {
        runs.add(time(generator, request));
      }
      List<Map<Stage, Double>> counted = runs.subList(2, runs.size());
      List<Measurement> results = new ArrayList<>();
      String shape =
          "nano %dx%d %d frames %d steps"
              .formatted(request.width(), request.height(), request.frames(), request.steps());
      results.add(
          summary(
              shape,
              counted.stream()
                  .mapToDouble(run -> run.values().stream().mapToDouble(x -> x).sum())
                  .toArray()));
      for (Stage stage : counted.getFirst().keySet()) {
        String name = shape + ": " + stage.name().toLowerCase(java.util.Locale.ROOT);
        results.add(
            summary(
                name, counted.stream().mapToDouble(run -> run.getOrDefault(stage, 0.0)).toArray()));
      }
      return results;
    }
  }

  private static Map<Stage, Double> time(VideoGenerator generator, VideoRequest request)
      throws IOException {
    Map<Stage, Double> times = new EnumMap<>(Stage.class);
    long[] last = {System.nanoTime()};
    ProgressListener listener =
        (stage, done, total) -> {
          long now = System.nanoTime();
          times.merge(stage, (now - last[0]) / 1e6, Double::sum);
          last[0] = now;
        };
    generator.generate(request, frame -> {}, listener, new CancellationToken());
    return times;
  }

  private static Measurement summary(String name, double[] times) {
    Arrays.sort(times);
    return new Measurement(
        "video",
        name,
        times[times.length / 2],
        times[0],
        times[times.length - 1],
        0,
        0,
        0,
        null,
        null);
  }
}
