package dev.diorama.model.clip;

import dev.diorama.model.Component;
import dev.diorama.model.Config;
import dev.diorama.model.ModelException;
import java.io.IOException;

/**
 * How a picture becomes CLIP's input, from {@code preprocessor_config.json}: the shorter side is
 * brought to a size (by the caller: Pillow's bicubic filter, in 8 bits), the middle is cut out, and
 * colours are normalised.
 *
 * @param shortestEdge pixels of the shorter side after resizing
 * @param cropWidth pixels of the middle that is kept
 * @param cropHeight the same
 * @param scale what an 8-bit value is multiplied with
 * @param mean subtracted from each colour
 * @param deviation divides each colour
 */
public record ClipPreprocessor(
    int shortestEdge,
    int cropWidth,
    int cropHeight,
    double scale,
    double[] mean,
    double[] deviation) {

  private static final int COLOURS = 3;
  private static final int BICUBIC = 3;

  /**
   * Reads the configuration.
   *
   * @param component the image processor
   * @return the rules
   * @throws ModelException when a key is missing or its value is not implemented
   * @throws IOException when the file cannot be read
   */
  public static ClipPreprocessor open(Component component) throws IOException {
    Config config = Config.read(component.folder().resolve("preprocessor_config.json"));
    for (String step : new String[] {"do_resize", "do_center_crop", "do_rescale", "do_normalize"}) {
      if (!config.flag(step, true)) {
        throw new ModelException("%s: '%s' is off; it must be on.".formatted(config.file(), step));
      }
    }
    if (config.optionalSize("resample").orElse(BICUBIC) != BICUBIC) {
      throw new ModelException("%s: 'resample' must be 3, bicubic.".formatted(config.file()));
    }
    Config crop = config.object("crop_size");
    ClipPreprocessor rules =
        new ClipPreprocessor(
            config.object("size").size("shortest_edge"),
            crop.size("width"),
            crop.size("height"),
            config.optionalNumber("rescale_factor").orElse(1 / 255.0),
            config.numbers("image_mean", COLOURS),
            config.numbers("image_std", COLOURS));
    if (rules.cropWidth > rules.shortestEdge || rules.cropHeight > rules.shortestEdge) {
      throw new ModelException(
          "%s: 'crop_size' is larger than 'shortest_edge'.".formatted(config.file()));
    }
    return rules;
  }

  /**
   * The width to which a picture is resized.
   *
   * @param width the picture's width
   * @param height the picture's height
   * @return pixels
   */
  public int resizedWidth(int width, int height) {
    return width <= height ? shortestEdge : longEdge(width, height);
  }

  /**
   * The height to which a picture is resized.
   *
   * @param width the picture's width
   * @param height the picture's height
   * @return pixels
   */
  public int resizedHeight(int width, int height) {
    return width <= height ? longEdge(height, width) : shortestEdge;
  }

  private int longEdge(int longer, int shorter) {
    return Math.toIntExact((long) shortestEdge * longer / shorter);
  }

  /**
   * Cuts the middle out of a resized picture and normalises it.
   *
   * @param rgb 8-bit pixels, [height, width, 3]
   * @param width the resized picture's width
   * @param height the resized picture's height
   * @return the values of [3, crop height, crop width]
   */
  public float[] normalize(byte[] rgb, int width, int height) {
    if (width < cropWidth || height < cropHeight || rgb.length != COLOURS * width * height) {
      throw new IllegalArgumentException(
          "picture: %d bytes as %d x %d pixels do not hold %d x %d."
              .formatted(rgb.length, width, height, cropWidth, cropHeight));
    }
    int left = (width - cropWidth) / 2;
    int top = (height - cropHeight) / 2;
    float[] out = new float[COLOURS * cropHeight * cropWidth];
    int at = 0;
    for (int colour = 0; colour < COLOURS; colour++) {
      for (int y = 0; y < cropHeight; y++) {
        int row = ((top + y) * width + left) * COLOURS + colour;
        for (int x = 0; x < cropWidth; x++) {
          int value = Byte.toUnsignedInt(rgb[row + x * COLOURS]);
          out[at++] = (float) ((value * scale - mean[colour]) / deviation[colour]);
        }
      }
    }
    return out;
  }
}
