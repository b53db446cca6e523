package dev.diorama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SplatStepTest extends WithContext {
  private static final int COUNT = 40;
  private static final int SIZE = 24;
  private static final SplatStep.Rates RATES =
      new SplatStep.Rates(0.01f, 0.02f, 0.03f, 0.04f, 0.05f, 0.005f);

  private Random random;
  private SplatFrame frame;
  private Tensor pictureGradient;

  @BeforeEach
  void openFrame() {
    random = new Random(1);
    frame = scope.keep(context.splatFrame());
    pictureGradient = normal(0, 1, SIZE, SIZE, 3);
  }

  private Tensor normal(double mean, double scale, long... shape) {
    float[] values = new float[(int) java.util.Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (mean + scale * random.nextGaussian());
    }
    return scope.of(values, shape);
  }

  private SplatParameters parameters(double mean, double scale) {
    return new SplatParameters(
        normal(mean, scale, COUNT, 3),
        normal(mean, scale, COUNT, 4),
        normal(mean, scale, COUNT, 3),
        normal(mean, scale, COUNT),
        normal(mean, scale, COUNT, 4, 3));
  }

  private SplatParameters copy(SplatParameters from) {
    return new SplatParameters(
        copy(from.means()),
        copy(from.quats()),
        copy(from.logScales()),
        copy(from.logitOpacities()),
        copy(from.sh()));
  }

  private Tensor copy(Tensor from) {
    return scope.of(from.toFloats(), from.shape());
  }

  private void render(SplatParameters x) {
    float[] view = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 4, 0, 0, 0, 1};
    SplatCamera camera = new SplatCamera(CameraModel.PINHOLE, SIZE, SIZE, 30, 30, 12, 12, view);
    SplatGaussians gaussians =
        new SplatGaussians(x.means(), x.quats(), x.logScales(), x.logitOpacities(), x.sh(), null);
    Tensor picture = scope.tensor(DType.F32, SIZE, SIZE, 3);
    context
        .splats()
        .render(frame, gaussians, camera, SplatSettings.DEFAULT, SplatImages.rgb(picture));
  }

  @Test
  void shouldDoWhatABackwardPassAndAdamDo() {
    SplatParameters x = parameters(0, 0.5);
    SplatParameters m = parameters(0, 0.1);
    SplatParameters v = parameters(0.02, 0.001);
    SplatParameters other = copy(x);
    SplatParameters otherM = copy(m);
    SplatParameters otherV = copy(v);
    SplatParameters gradient = parameters(0, 1);
    Tensor means2d = scope.tensor(DType.F32, COUNT, 2);
    Tensor otherMeans2d = scope.tensor(DType.F32, COUNT, 2);
    render(x);
    context
        .splats()
        .backward(
            frame,
            new SplatGaussians(
                x.means(), x.quats(), x.logScales(), x.logitOpacities(), x.sh(), null),
            SplatImages.rgb(pictureGradient),
            false,
            new SplatGradients(
                gradient.means(),
                gradient.quats(),
                gradient.logScales(),
                gradient.logitOpacities(),
                gradient.sh(),
                null,
                otherMeans2d,
                null));
    context
        .splats()
        .backwardStep(
            frame,
            SplatImages.rgb(pictureGradient),
            new SplatStep(3, 0.9f, 0.99f, 1e-3f, RATES, 0, 0),
            x,
            m,
            v,
            means2d);
    adam(gradient.means(), RATES.means(), other.means(), otherM.means(), otherV.means());
    adam(gradient.quats(), RATES.quats(), other.quats(), otherM.quats(), otherV.quats());
    adam(
        gradient.logScales(),
        RATES.logScales(),
        other.logScales(),
        otherM.logScales(),
        otherV.logScales());
    adam(
        gradient.logitOpacities(),
        RATES.logitOpacities(),
        other.logitOpacities(),
        otherM.logitOpacities(),
        otherV.logitOpacities());
    for (int part = 0; part < 2; part++) {
      int from = part;
      int to = part == 0 ? 1 : 4;
      adam(
          gradient.sh().slice(1, from, to),
          part == 0 ? RATES.constantColors() : RATES.otherColors(),
          other.sh().slice(1, from, to),
          otherM.sh().slice(1, from, to),
          otherV.sh().slice(1, from, to));
    }
    assertThat(means2d.toFloats()).isEqualTo(otherMeans2d.toFloats());
    assertSame(x, other);
    assertSame(m, otherM);
    assertSame(v, otherV);
  }

  private void adam(Tensor gradient, float rate, Tensor x, Tensor m, Tensor v) {
    context.splats().adam(gradient, 3, rate, 0.9f, 0.99f, 1e-3f, x, m, v);
  }

  private static void assertSame(SplatParameters a, SplatParameters b) {
    assertThat(a.means().toFloats()).isEqualTo(b.means().toFloats());
    assertThat(a.quats().toFloats()).isEqualTo(b.quats().toFloats());
    assertThat(a.logScales().toFloats()).isEqualTo(b.logScales().toFloats());
    assertThat(a.logitOpacities().toFloats()).isEqualTo(b.logitOpacities().toFloats());
    assertThat(a.sh().toFloats()).isEqualTo(b.sh().toFloats());
  }

  @Test
  void shouldMakeGaussiansFainterAndSmallerWherePenaltiesAskForIt() {
    SplatParameters x = parameters(0, 0.5);
    SplatParameters before = copy(x);
    SplatParameters nothing = parameters(0, 0);
    pictureGradient.set(new float[SIZE * SIZE * 3]);
    render(x);
    context
        .splats()
        .backwardStep(
            frame,
            SplatImages.rgb(pictureGradient),
            new SplatStep(1, 0.9f, 0.99f, 1e-15f, RATES, 0.01f, 0.01f),
            x,
            nothing,
            parameters(0, 0),
            null);
    float[] logits = x.logitOpacities().toFloats();
    float[] scales = x.logScales().toFloats();
    // Adam's first step is its rate, whatever the size of the gradient.
    for (int i = 0; i < COUNT; i++) {
      assertThat(logits[i] - before.logitOpacities().toFloats()[i])
          .isCloseTo(-RATES.logitOpacities(), org.assertj.core.api.Assertions.within(1e-5f));
      assertThat(scales[i] - before.logScales().toFloats()[i])
          .isCloseTo(-RATES.logScales(), org.assertj.core.api.Assertions.within(1e-5f));
    }
    assertThat(x.means().toFloats()).isEqualTo(before.means().toFloats());
  }

  @Test
  void shouldAskForARenderingBeforeEachStep() {
    SplatParameters x = parameters(0, 0.5);
    SplatStep step = new SplatStep(1, 0.9f, 0.99f, 1e-15f, RATES, 0, 0);
    assertThatThrownBy(() ->
            context
                .splats()
                .backwardStep(
                    frame,
                    SplatImages.rgb(pictureGradient),
                    step,
                    x,
                    parameters(0, 0),
                    parameters(0, 0),
                    null))
        .hasMessageContaining("call splat_render first");
  }
}
