package dev.diorama.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diorama.model.ModelDirectory;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that a model cannot run are refused with one sentence. */
class RequestCheckTest {
  private static ModelTraits nano;

  @BeforeAll
  static void readTheEmbeddedModel() throws IOException {
    Path home = Path.of(System.getProperty("diorama.home", ".."));
    nano = ModelTraits.read(ModelDirectory.open(home.resolve("models/nano")));
  }

  private static VideoRequest request(UnaryOperator<VideoRequest.Builder> change)
      throws IOException {
    return change.apply(nano.defaults().toBuilder().prompt("a red ball")).build();
  }

  private static void refused(UnaryOperator<VideoRequest.Builder> change, String sentence)
      throws IOException {
    VideoRequest request = request(change);
    assertThatThrownBy(() -> RequestCheck.check(nano, request))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(sentence)
        .hasMessageNotContaining("\n");
  }

  @Test
  void shouldTakeTheModelsOwnValues() throws IOException {
    VideoRequest request = request(b -> b);
    assertThat(request.width()).isEqualTo(64);
    assertThat(request.frames()).isEqualTo(17);
    assertThat(request.fps()).isEqualTo(8);
    assertThat(request.steps()).isEqualTo(8);
    assertThat(request.flowShift()).isEqualTo(6);
    assertThatCode(() -> RequestCheck.check(nano, request)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -16, 8, 60, 65, Integer.MIN_VALUE, 32784})
  void shouldRefuseOtherSizes(int size) throws IOException {
    refused(b -> b.size(size, 64), "width");
    refused(b -> b.size(64, size), "height");
  }

  @ParameterizedTest
  @CsvSource({"0,1", "-3,1", "2,1", "16,13", "18,17", "2147483647,2147483645"})
  void shouldRefuseOtherNumbersOfFrames(int frames, int near) throws IOException {
    refused(b -> b.frames(frames), "4n + 1, got %d; %d would do".formatted(frames, near));
  }

  @Test
  void shouldRefuseMoreFramesThanTheModelKnows() throws IOException {
    refused(b -> b.frames(257), "too many");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 10_001})
  void shouldRefuseOtherNumbersOfSteps(int steps) throws IOException {
    refused(b -> b.steps(steps), "steps");
  }

  @Test
  void shouldRefuseStrangePrompts() throws IOException {
    refused(b -> b.prompt(""), "empty");
    refused(b -> b.prompt(null), "empty");
    refused(b -> b.prompt(" \n\t"), "empty");
    refused(b -> b.prompt("x".repeat(100_000)), "100000 characters");
    refused(b -> b.negativePrompt("x".repeat(100_000)), "the negative prompt has 100000");
    refused(b -> b.negativePrompt(null), "negative prompt is missing");
    refused(b -> b.prompt("a \uD800 b"), "not valid Unicode");
    refused(b -> b.prompt("a \uFFFD b"), "not valid Unicode");
  }

  @ParameterizedTest
  @ValueSource(
      doubles = {-1, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, -1e-9})
  void shouldRefuseNumbersThatMeanNothing(double value) throws IOException {
    refused(b -> b.guidance(value), "guidance");
    refused(b -> b.flowShift(value), "flow shift");
    refused(b -> b.fps(value), "frame rate");
  }

  @Test
  void shouldRefuseASecondGuidanceForOneExpert() throws IOException {
    refused(b -> b.guidance2(2.0), "one expert");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -5, 8193})
  void shouldRefuseOtherSequenceLengths(int length) throws IOException {
    refused(b -> b.maxSequenceLength(length), "sequence length");
  }

  @Test
  void shouldAskHowAPictureIsFitted() throws IOException {
    BufferedImage image = new BufferedImage(2, 3, BufferedImage.TYPE_INT_RGB);
    refused(b -> b.image(image, null), "fitted");
    BufferedImage line = new BufferedImage(1, 200, BufferedImage.TYPE_INT_RGB);
    refused(b -> b.image(line, Fit.CROP), "too narrow");
    VideoRequest request = request(b -> b.image(image, Fit.CROP));
    assertThatCode(() -> RequestCheck.check(nano, request)).doesNotThrowAnyException();
  }

  @Test
  void shouldRefuseAnImpossibleFileForLatents(@TempDir Path folder) throws IOException {
    refused(b -> b.latents(folder.resolve("absent/latents.safetensors")), "does not exist");
    refused(b -> b.latents(folder), "is a folder");
  }
}
