package dev.diorama.video;

import java.awt.image.BufferedImage;
import java.nio.file.Path;

/**
 * What to make. A model's own values come from {@link VideoModel#defaults()}; change them through
 * {@link #toBuilder()}. A value that does not fit the model is refused by {@link VideoModel#check},
 * never changed silently.
 *
 * @param prompt what the video shows
 * @param negativePrompt what it should not show; used when guidance is above 1
 * @param image the first frame, or null
 * @param fit how the picture is brought to the video's size
 * @param width pixels in a row, a multiple of {@link VideoModel#widthMultiple()}
 * @param height rows, a multiple of {@link VideoModel#heightMultiple()}
 * @param frames number of frames, one more than a multiple of the model's temporal stride
 * @param fps frames a second at which the video is meant to be seen
 * @param steps denoising steps
 * @param guidance guidance scale; 1 or less runs the model once a step, without the negative prompt
 * @param guidance2 guidance scale of the low-noise expert, or null for {@code guidance}
 * @param flowShift shift of the noise schedule, or null for the scheduler's own
 * @param seed seed of the initial noise, the same noise as a CPU {@code torch.Generator}'s
 * @param maxSequenceLength tokens of a prompt that the model sees
 * @param latents file that keeps the latents before they are decoded, or null
 */
public record VideoRequest(
    String prompt,
    String negativePrompt,
    BufferedImage image,
    Fit fit,
    int width,
    int height,
    int frames,
    double fps,
    int steps,
    double guidance,
    Double guidance2,
    Double flowShift,
    long seed,
    int maxSequenceLength,
    Path latents) {

  /**
   * A builder that starts from this request.
   *
   * @return a new builder
   */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** Changes some values of a request. */
  public static final class Builder {
    private String prompt;
    private String negativePrompt;
    private BufferedImage image;
    private Fit fit;
    private int width;
    private int height;
    private int frames;
    private double fps;
    private int steps;
    private double guidance;
    private Double guidance2;
    private Double flowShift;
    private long seed;
    private int maxSequenceLength;
    private Path latents;

    private Builder(VideoRequest from) {
      prompt = from.prompt;
      negativePrompt = from.negativePrompt;
      image = from.image;
      fit = from.fit;
      width = from.width;
      height = from.height;
      frames = from.frames;
      fps = from.fps;
      steps = from.steps;
      guidance = from.guidance;
      guidance2 = from.guidance2;
      flowShift = from.flowShift;
      seed = from.seed;
      maxSequenceLength = from.maxSequenceLength;
      latents = from.latents;
    }

    /**
     * What the video shows.
     *
     * @param value the prompt
     * @return this
     */
    public Builder prompt(String value) {
      prompt = value;
      return this;
    }

    /**
     * What the video should not show.
     *
     * @param value the negative prompt, may be empty
     * @return this
     */
    public Builder negativePrompt(String value) {
      negativePrompt = value;
      return this;
    }

    /**
     * The first frame.
     *
     * @param value the picture, or null for none
     * @param how how it is brought to the video's size
     * @return this
     */
    public Builder image(BufferedImage value, Fit how) {
      image = value;
      fit = how;
      return this;
    }

    /**
     * The size of a frame.
     *
     * @param newWidth pixels in a row
     * @param newHeight rows
     * @return this
     */
    public Builder size(int newWidth, int newHeight) {
      width = newWidth;
      height = newHeight;
      return this;
    }

    /**
     * The number of frames.
     *
     * @param value 4n + 1 for the models known so far
     * @return this
     */
    public Builder frames(int value) {
      frames = value;
      return this;
    }

    /**
     * The speed at which the video is meant to be seen.
     *
     * @param value frames a second
     * @return this
     */
    public Builder fps(double value) {
      fps = value;
      return this;
    }

    /**
     * The number of denoising steps.
     *
     * @param value 1 or more
     * @return this
     */
    public Builder steps(int value) {
      steps = value;
      return this;
    }

    /**
     * The guidance scale.
     *
     * @param value 1 or less switches guidance off
     * @return this
     */
    public Builder guidance(double value) {
      guidance = value;
      return this;
    }

    /**
     * The guidance scale of the low-noise expert.
     *
     * @param value the scale, or null for that of {@link #guidance}
     * @return this
     */
    public Builder guidance2(Double value) {
      guidance2 = value;
      return this;
    }

    /**
     * The shift of the noise schedule.
     *
     * @param value the shift, or null for the scheduler's own
     * @return this
     */
    public Builder flowShift(Double value) {
      flowShift = value;
      return this;
    }

    /**
     * The seed of the initial noise.
     *
     * @param value any number
     * @return this
     */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /**
     * The tokens of a prompt that the model sees.
     *
     * @param value 1 or more
     * @return this
     */
    public Builder maxSequenceLength(int value) {
      maxSequenceLength = value;
      return this;
    }

    /**
     * Where the latents are kept before they are decoded.
     *
     * @param value a file to write, or null
     * @return this
     */
    public Builder latents(Path value) {
      latents = value;
      return this;
    }

    /**
     * The request.
     *
     * @return a new request
     */
    public VideoRequest build() {
      return new VideoRequest(
          prompt,
          negativePrompt,
          image,
          fit,
          width,
          height,
          frames,
          fps,
          steps,
          guidance,
          guidance2,
          flowShift,
          seed,
          maxSequenceLength,
          latents);
    }
  }
}
