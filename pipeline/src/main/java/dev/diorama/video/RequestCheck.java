package dev.diorama.video;

import java.nio.file.Files;
import java.nio.file.Path;

/** Refuses requests that a model cannot run, before anything is loaded for them. */
final class RequestCheck {
  /** More characters than any prompt of a few thousand tokens has. */
  private static final int LONGEST_PROMPT = 20_000;

  private static final int LONGEST_SEQUENCE = 8192;
  private static final int LONGEST_SHAPE = 100;
  private static final int MOST_STEPS = 10_000;

  private final ModelTraits model;
  private final VideoRequest request;

  private RequestCheck(ModelTraits model, VideoRequest request) {
    this.model = model;
    this.request = request;
  }

  /** Throws an {@link IllegalArgumentException} with one sentence when something does not fit. */
  static void check(ModelTraits model, VideoRequest request) {
    RequestCheck check = new RequestCheck(model, request);
    check.prompts();
    check.size();
    check.image();
    check.numbers();
    check.latentsFile();
  }

  private void prompts() {
    String prompt = request.prompt();
    require(prompt != null && !prompt.isBlank(), "the prompt is empty");
    require(request.negativePrompt() != null, "the negative prompt is missing; it may be empty");
    prompt("the prompt", prompt);
    prompt("the negative prompt", request.negativePrompt());
    int tokens = request.maxSequenceLength();
    require(
        tokens >= 1 && tokens <= LONGEST_SEQUENCE,
        "the maximal sequence length must be from 1 to %d, got %d",
        LONGEST_SEQUENCE,
        tokens);
  }

  private static void prompt(String name, String text) {
    require(
        text.length() <= LONGEST_PROMPT,
        "%s has %d characters, at most %d are read",
        name,
        text.length(),
        LONGEST_PROMPT);
    require(text.indexOf('\uFFFD') < 0 && !hasLoneSurrogate(text), "%s is not valid Unicode", name);
  }

  private static boolean hasLoneSurrogate(String text) {
    return text.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= 0xDFFF);
  }

  private void size() {
    side("width", request.width(), model.widthMultiple(), model.patchWidth());
    side("height", request.height(), model.heightMultiple(), model.patchHeight());
    int stride = model.codec().temporalStride();
    int frames = request.frames();
    require(
        frames >= 1 && (frames - 1) % stride == 0,
        "the number of frames must be %dn + 1, got %d; %d would do",
        stride,
        frames,
        Math.max(0, frames - 1) / stride * stride + 1);
    int tokens = model.latentFrames(frames) / model.patchFrames();
    require(
        tokens <= model.longestAxis(),
        "%d frames are too many for this model, which knows at most %d",
        frames,
        (model.longestAxis() - 1) * stride + 1);
  }

  private void side(String name, int value, int multiple, int patch) {
    require(
        value >= multiple && value % multiple == 0,
        "the %s must be a positive multiple of %d for this model, got %d",
        name,
        multiple,
        value);
    require(
        value / model.codec().spatialStride() / patch <= model.longestAxis(),
        "a %s of %d is too large for this model, which knows at most %d",
        name,
        value,
        model.longestAxis() * multiple);
  }

  private void image() {
    boolean given = request.image() != null;
    switch (model.imageUse()) {
      case NONE ->
          require(!given, "%s makes videos from text alone; leave the picture out", model.name());
      case REQUIRED ->
          require(given, "%s makes videos from a picture; give it a first frame", model.name());
      case OPTIONAL -> {}
    }
    if (given) {
      require(request.fit() != null, "how the picture is fitted is missing");
      long width = request.image().getWidth();
      long height = request.image().getHeight();
      require(
          Math.max(width, height) <= LONGEST_SHAPE * Math.min(width, height),
          "a picture of %d x %d pixels is too narrow; one side may be %d times the other",
          width,
          height,
          LONGEST_SHAPE);
    }
  }

  private void numbers() {
    int steps = request.steps();
    require(
        steps >= 1 && steps <= MOST_STEPS, "steps must be from 1 to %d, got %d", MOST_STEPS, steps);
    guidance("guidance", request.guidance());
    if (request.guidance2() != null) {
      require(
          model.boundary().isPresent(),
          "%s has one expert, so a second guidance has no use",
          model.name());
      guidance("guidance 2", request.guidance2());
    }
    Double shift = request.flowShift();
    require(
        shift == null || shift > 0 && Double.isFinite(shift),
        "the flow shift must be a positive number, got %s",
        shift);
    require(
        request.fps() > 0 && Double.isFinite(request.fps()),
        "the frame rate must be a positive number, got %s",
        request.fps());
  }

  private static void guidance(String name, double value) {
    require(
        value >= 0 && Double.isFinite(value), "%s must be a number from 0 on, got %s", name, value);
  }

  private void latentsFile() {
    Path file = request.latents();
    if (file == null) {
      return;
    }
    Path folder = file.toAbsolutePath().getParent();
    require(folder != null && Files.isDirectory(folder), "the folder %s does not exist", folder);
    require(Files.isWritable(folder), "the folder %s cannot be written to", folder);
    require(!Files.isDirectory(file), "%s is a folder, not a file for latents", file);
  }

  private static void require(boolean holds, String sentence, Object... values) {
    if (!holds) {
      throw new IllegalArgumentException(sentence.formatted(values));
    }
  }
}
