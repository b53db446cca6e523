package dev.diorama.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LosslessWebpTest {

  private static LosslessWebp.Image noise(int width, int height) {
    byte[] rgba = new byte[width * height * 4];
    new Random(5).nextBytes(rgba);
    for (int i = 3; i < rgba.length; i += 4) {
      rgba[i] = (byte) Math.max(1, rgba[i] & 255);
    }
    return new LosslessWebp.Image(width, height, rgba);
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "3, 2", "64, 5", "257, 129", "16383, 2"})
  void shouldGiveBackEveryByte(int width, int height) throws Exception {
    LosslessWebp.Image image = noise(width, height);
    LosslessWebp.Image back =
        LosslessWebp.decode(LosslessWebp.encode(image), (long) width * height);
    assertThat(back.width()).isEqualTo(width);
    assertThat(back.height()).isEqualTo(height);
    assertThat(back.rgba()).isEqualTo(image.rgba());
  }

  @Test
  void shouldKeepAlphaWhereItIsZero() throws Exception {
    LosslessWebp.Image image = new LosslessWebp.Image(4, 4, new byte[64]);
    assertThat(LosslessWebp.decode(LosslessWebp.encode(image), 16).rgba()[3]).isZero();
  }

  @Test
  void shouldRefuseMorePixelsThanExpected() throws Exception {
    byte[] file = LosslessWebp.encode(noise(40, 40));
    assertThatThrownBy(() -> LosslessWebp.decode(file, 1599))
        .isInstanceOf(MediaException.class)
        .hasMessage("it has 40 x 40 pixels, expected at most 1599");
  }

  @Test
  void shouldRefuseWhatIsNoWebp() {
    byte[] text = "this is no image at all, only a sentence".getBytes(StandardCharsets.US_ASCII);
    assertThatThrownBy(() -> LosslessWebp.decode(text, 10)).hasMessage("it is no WebP image");
  }
}
