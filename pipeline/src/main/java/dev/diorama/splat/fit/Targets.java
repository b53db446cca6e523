package dev.diorama.splat.fit;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.SplatCamera;
import dev.diorama.Tensor;
import dev.diorama.splat.data.View;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The views in the backend's memory: a byte a sample, two a pixel of a mask. */
final class Targets {

  /**
   * One view.
   *
   * @param camera in the kernels' terms
   * @param picture U8 [H, W, 3]
   * @param mask F16 [H, W] from 0 to 255, which it holds exactly, or null
   * @param weight mean of the squared mask: what of the squared difference is left by it
   */
  record Target(SplatCamera camera, Tensor picture, Tensor mask, double weight) {}

  final List<Target> training = new ArrayList<>();
  final List<Target> heldOut = new ArrayList<>();

  private final Context context;
  private Tensor scale;
  private Tensor shift;
  private Tensor floats;

  Targets(Context context, List<View> views, FitOptions options) {
    this.context = context;
    for (int i = 0; i < views.size(); i++) {
      (options.holdsOut(i) ? heldOut : training).add(target(views.get(i)));
    }
    if (training.isEmpty()) {
      throw new IllegalArgumentException(
          "%d views with every %dth held out leave none to learn from"
              .formatted(views.size(), options.testEvery()));
    }
  }

  private Target target(View view) {
    int height = view.picture().height();
    int width = view.picture().width();
    Tensor picture = context.tensor(DType.U8, height, width, 3);
    picture.set(view.picture().rgb());
    if (view.mask() == null) {
      return new Target(view.camera().toSplatCamera(), picture, null, 1);
    }
    float[] values = new float[height * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = view.mask()[i] & 0xff;
    }
    Tensor mask = context.tensor(DType.F16, height, width);
    mask.set(values);
    double squares = 0;
    for (byte value : view.mask()) {
      squares += (value & 0xff) / 255.0 * ((value & 0xff) / 255.0) / view.mask().length;
    }
    return new Target(view.camera().toSplatCamera(), picture, mask, squares);
  }

  /** The mask as the loss takes it, F32 0..1, until the next call; null where there is none. */
  Tensor mask(Target target) {
    Tensor mask = target.mask();
    if (mask == null) {
      return null;
    }
    if (floats != null && !Arrays.equals(floats.shape(), mask.shape())) {
      floats.close();
      floats = null;
    }
    if (floats == null) {
      floats = context.tensor(DType.F32, mask.shape());
    }
    if (scale == null) {
      scale = context.of(new float[] {1 / 255f}, 1);
      shift = context.zeros(DType.F32, 1);
    }
    context.kernels().channelAffine(mask, scale, shift, 0, 1, floats);
    return floats;
  }
}
