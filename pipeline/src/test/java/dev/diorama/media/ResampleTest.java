package dev.diorama.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The expected sums are of Pillow 12.3's {@code Image.resize} on the same pseudo-random picture.
 */
class ResampleTest {

  @ParameterizedTest
  @CsvSource({
    "17, 13, 3, 40, 7, LANCZOS, dd9eee16a037a738f7a19110f1ffbe027bd3e79c4f8cc89f5664bc2cd7c2642d",
    "17, 13, 3, 40, 7, BICUBIC, e303a402454ca7608610bc1c6848eb69d1d3d22ceccec53a41103bd718ac1df7",
    "64, 48, 3, 224, 224, BICUBIC,"
        + " 4c4558cde50439b5d5b5e5c68298387878e6f235b6e0988fc504d515ee809bf2",
    "300, 200, 3, 224, 224, BICUBIC,"
        + " 4df26b604d12e1e2ebf24e8b2728c0b515accabfa1d337873ce94818ba152684",
    "300, 200, 3, 64, 64, LANCZOS,"
        + " 94dd1d9edc67f8474313c35719a9bde0c5bad343817f4d0b57db34634f004034",
    "1, 1, 3, 5, 4, LANCZOS, 626cd3cd4b77c9dc525b8673e553288ff860a4810e8bc5e5bca80258eea47be6",
    "1023, 3, 1, 1, 3, BICUBIC, a5f86098453503e17c619d9eb30a9402f055dc7bf7984c313bb7ca528a9026d4",
    "1023, 3, 1, 500, 9, LANCZOS,"
        + " c0abc55d782d0dbf6df0ccf7612385bbd5b75f38198cc34413a131bf9eb1fd47",
    "64, 64, 3, 256, 256, LANCZOS,"
        + " a7fa9e59b3cc043fb3bffc06fdfc7b0e99507b6de3853688cc27098bfa939ba5",
    "33, 31, 3, 33, 62, BICUBIC, 8151d129d261ce118b20a16b16a35ab7eeae513761ffa55e7fa9e5105d5978f3",
    "33, 31, 3, 33, 31, BICUBIC, c73ef8b97e595572f56110c6ec5afeb7a19ec9035ecb10d91031d8b0d9a7a8d5",
    "5, 700, 1, 5, 699, LANCZOS, 4699c73bfb741bfb28d47fff2a6f7ba024b04ee882417552d1f57fc23f095766",
  })
  void shouldEqualPillow(
      int width, int height, int channels, int newWidth, int newHeight, String filter, String sum) {
    byte[] resized =
        Resample.resize(
            noise(width, height, channels),
            width,
            height,
            channels,
            newWidth,
            newHeight,
            Resample.Filter.valueOf(filter));
    assertThat(TestPictures.sha256(resized)).isEqualTo(sum);
  }

  @Test
  void shouldEqualPillowInPlainNumbers() {
    byte[] in = bytes(220, 4, 101, 170, 31, 173, 29, 90, 218, 229, 172, 27);
    byte[] out = Resample.resize(in, 4, 3, 1, 3, 5, Resample.Filter.BICUBIC);
    assertThat(out)
        .isEqualTo(bytes(168, 37, 165, 124, 59, 126, 74, 104, 67, 167, 173, 58, 235, 214, 59));
  }

  @Test
  void shouldKeepAFlatPictureFlat() {
    byte[] in = new byte[31 * 17 * 3];
    java.util.Arrays.fill(in, (byte) 201);
    byte[] out = Resample.resize(in, 31, 17, 3, 100, 5, Resample.Filter.LANCZOS);
    assertThat(out).hasSize(1500).containsOnly((byte) 201);
  }

  @Test
  void shouldNameWhatDoesNotFit() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Resample.resize(new byte[11], 2, 2, 3, 4, 4, Resample.Filter.LANCZOS))
        .withMessage("a 2x2 picture with 3 channels has 12 samples, got 11");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Resample.resize(new byte[12], 2, 2, 3, 0, 4, Resample.Filter.LANCZOS))
        .withMessageContaining("sizes must be positive");
    Resample.Box outside = new Resample.Box(0, 0, 3, 2);
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> Resample.resize(new byte[12], 2, 2, 3, outside, 4, 4, Resample.Filter.LANCZOS))
        .withMessageContaining("not inside a 2x2 picture");
  }

  private static byte[] noise(int width, int height, int channels) {
    return TestPictures.noise(width * height * channels);
  }

  private static byte[] bytes(int... values) {
    byte[] out = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      out[i] = (byte) values[i];
    }
    return out;
  }
}
