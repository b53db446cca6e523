package dev.diorama.video;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import org.junit.jupiter.api.Test;

class FirstFrameTest {

  /** Left half red, right half blue, a white pixel at the top left. */
  private static BufferedImage picture(int width, int height) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, x < width / 2 ? 0xFF0000 : 0x0000FF);
      }
    }
    image.setRGB(0, 0, 0xFFFFFF);
    return image;
  }

  @Test
  void shouldKeepAPictureOfTheRightSize() {
    float[] pixels = FirstFrame.pixels(picture(4, 2), Fit.STRETCH, 4, 2);
    assertThat(pixels).startsWith(1, 1, 1, 1, -1, -1, -1, -1, 1, -1, -1, 1);
    assertThat(FirstFrame.pixels(picture(4, 2), Fit.CROP, 4, 2)).isEqualTo(pixels);
  }

  @Test
  void shouldCutTheMiddleOutOfAWidePicture() {
    float[] pixels = FirstFrame.pixels(picture(8, 2), Fit.CROP, 2, 2);
    assertThat(pixels).startsWith(1, -1, -1, -1, -1, 1);
  }

  @Test
  void shouldCutTheMiddleOutOfATallPicture() {
    assertThat(FirstFrame.pixels(picture(4, 12), Fit.CROP, 4, 4)).startsWith(1, -1, -1);
  }

  @Test
  void shouldDropTransparency() {
    BufferedImage image = new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB);
    image.setRGB(0, 0, 0x20408020);
    assertThat(FirstFrame.rgb(image)).containsExactly(0x40, (byte) 0x80, 0x20);
  }
}
