package dev.diorama.benchmarks.jmh;

import dev.diorama.Backend;
import dev.diorama.video.CancellationToken;
import dev.diorama.video.ProgressListener;
import dev.diorama.video.VideoFrame;
import dev.diorama.video.VideoGenerator;
import dev.diorama.video.VideoModel;
import dev.diorama.video.VideoRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** A prompt to 17 frames with the embedded model, which -Ddiorama.home=CHECKOUT locates. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class PipelineBenchmark {
  private Backend backend;
  private VideoModel model;
  private VideoGenerator generator;
  private VideoRequest request;

  @Setup
  public void setUp() throws IOException {
    Path home = Path.of(System.getProperty("diorama.home", ""));
    backend = Backend.open("cpu");
    model = VideoModel.open(home.resolve("models/nano"), backend);
    generator = model.newGenerator();
    request =
        model.defaults().toBuilder().prompt("a red ball bounces on green grass").seed(1).build();
  }

  @TearDown
  public void tearDown() throws IOException {
    generator.close();
    model.close();
    backend.close();
  }

  @Benchmark
  public List<VideoFrame> promptToFrames() throws IOException {
    List<VideoFrame> frames = new ArrayList<>();
    generator.generate(request, frames::add, ProgressListener.NONE, new CancellationToken());
    return frames;
  }
}
