package dev.diorama.splat.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diorama.CameraModel;
import dev.diorama.media.Picture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UndistortionTest {
  private static final int SIZE = 101;
  private static final double FOCAL = 60;

  private static Lens lens(CameraModel model, double[] radial, double p1, double p2) {
    return Lens.ideal(model, SIZE, SIZE, FOCAL, FOCAL, SIZE / 2.0, SIZE / 2.0)
        .distorted(radial, new double[0], p1, p2);
  }

  /** What a distorted picture of a smooth pattern looks like: its value at each distorted place. */
  private static Picture distortedRamp() {
    byte[] rgb = new byte[SIZE * SIZE * 3];
    for (int y = 0; y < SIZE; y++) {
      for (int x = 0; x < SIZE; x++) {
        rgb[3 * (y * SIZE + x)] = (byte) (2 * x);
        rgb[3 * (y * SIZE + x) + 1] = (byte) (2 * y);
      }
    }
    return new Picture(SIZE, SIZE, rgb);
  }

  @Test
  void shouldLeaveAnIdealPictureAlone() {
    Picture picture = distortedRamp();
    Undistortion.Result result =
        Undistortion.of(lens(CameraModel.PINHOLE, new double[4], 0, 0), picture, null);
    assertThat(result.picture()).isSameAs(picture);
    assertThat(result.mask()).isNull();
  }

  /** OpenCV's formulas, term by term, at a few pixels. */
  @ParameterizedTest
  @CsvSource({"50, 50", "80, 20", "10, 60", "30, 95"})
  void shouldTakeEachPixelFromWhereOpenCvPutsIt(int x, int y) {
    double k1 = -0.2;
    double k2 = 0.05;
    double p1 = 0.01;
    double p2 = -0.02;
    double a = (x + 0.5 - SIZE / 2.0) / FOCAL;
    double b = (y + 0.5 - SIZE / 2.0) / FOCAL;
    double r2 = a * a + b * b;
    double factor = 1 + k1 * r2 + k2 * r2 * r2;
    double u = FOCAL * (a * factor + 2 * p1 * a * b + p2 * (r2 + 2 * a * a)) + SIZE / 2.0;
    double v = FOCAL * (b * factor + p1 * (r2 + 2 * b * b) + 2 * p2 * a * b) + SIZE / 2.0;
    Lens lens = lens(CameraModel.PINHOLE, new double[] {k1, k2}, p1, p2);
    Picture undistorted = Undistortion.of(lens, distortedRamp(), null).picture();
    // The ramp is 2 (place - 0.5); bilinear sampling of a ramp is exact, bytes round.
    int at = 3 * (y * SIZE + x);
    assertThat(undistorted.rgb()[at] & 0xff).isCloseTo((int) Math.rint(2 * (u - 0.5)), within(1));
    assertThat(undistorted.rgb()[at + 1] & 0xff)
        .isCloseTo((int) Math.rint(2 * (v - 0.5)), within(1));
  }

  @Test
  void shouldFollowKannalaAndBrandtForFisheyes() {
    double k1 = 0.1;
    Lens lens = lens(CameraModel.FISHEYE, new double[] {k1, 0, 0, 0}, 0, 0);
    double theta = 0.5;
    double[] out = new double[2];
    lens.distort(SIZE / 2.0 + FOCAL * theta, SIZE / 2.0, out);
    assertThat(out[0])
        .isCloseTo(SIZE / 2.0 + FOCAL * (theta + k1 * theta * theta * theta), within(1e-9));
  }

  @Test
  void shouldMaskWhatTheDistortedPictureDoesNotShow() {
    // Pincushion: the corners of the ideal picture lie outside of the distorted one.
    Lens lens = lens(CameraModel.PINHOLE, new double[] {0.3}, 0, 0);
    Undistortion.Result result = Undistortion.of(lens, distortedRamp(), null);
    assertThat(result.mask()[0]).isZero();
    assertThat(result.mask()[SIZE * SIZE / 2]).isEqualTo((byte) 255);
  }

  @Test
  void shouldMaskWhereTheModelFoldsBack() {
    // r (1 - r^2) grows until r = 1 / sqrt(3); beyond, the same pixels would be seen again.
    Lens lens =
        Lens.ideal(CameraModel.PINHOLE, SIZE, SIZE, 30, 30, SIZE / 2.0, SIZE / 2.0)
            .distorted(new double[] {-1}, new double[0], 0, 0);
    assertThat(lens.validRadius(3)).isCloseTo(1 / Math.sqrt(3), within(2e-3));
    Undistortion.Result result = Undistortion.of(lens, distortedRamp(), null);
    int middle = SIZE / 2 * SIZE;
    assertThat(result.mask()[middle + SIZE / 2 + 17]).isEqualTo((byte) 255);
    assertThat(result.mask()[middle + SIZE / 2 + 19]).isZero();
  }

  @Test
  void shouldMoveTheMaskWithThePicture() {
    byte[] mask = new byte[SIZE * SIZE];
    java.util.Arrays.fill(mask, (byte) 255);
    Lens lens = lens(CameraModel.PINHOLE, new double[] {-0.3}, 0, 0);
    double[] place = new double[2];
    lens.distort(90.5, 50.5, place);
    mask[(int) place[1] * SIZE + (int) place[0]] = 0;
    Undistortion.Result result = Undistortion.of(lens, distortedRamp(), mask);
    assertThat(result.mask()[50 * SIZE + 90]).isZero();
  }

  @Test
  void shouldDivideByFullOpenCvsDenominator() {
    Lens lens =
        Lens.ideal(CameraModel.PINHOLE, SIZE, SIZE, FOCAL, FOCAL, 0, 0)
            .distorted(new double[] {0.5, 0, 0}, new double[] {0.25, 0, 0}, 0, 0);
    double[] out = new double[2];
    lens.distort(FOCAL, 0, out);
    assertThat(out[0]).isCloseTo(FOCAL * 1.5 / 1.25, within(1e-9));
  }
}
