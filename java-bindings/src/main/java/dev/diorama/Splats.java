package dev.diorama;

import dev.diorama.ffi.dio_adam_params;
import dev.diorama.ffi.diorama_h;
import java.lang.foreign.MemorySegment;

/**
 * The operations on Gaussian splats (Kerbl et al. 2023; rules of compositing as in gsplat): OpenCV
 * cameras, pixel centres at +0.5, quaternions wxyz. A Gaussian with a value that is not finite is
 * not drawn and gets no gradient; but an infinite logit is an opacity of 0 or 1, and a logarithm of
 * -infinity a scale of 0. Thread rules and exceptions are those of {@link Kernels}.
 */
public final class Splats {
  /** Places of the structs inside {@link Context#arguments}. */
  private static final int SECOND = 128;

  private static final int THIRD = 256;
  private static final int FOURTH = 384;
  private static final int FIFTH = 512;
  private static final int STRUCT = 128;

  private final Context context;

  Splats(Context context) {
    this.context = context;
  }

  /**
   * What a camera makes of each Gaussian.
   *
   * @param gaussians the scene
   * @param camera where from
   * @param settings near, far, blur, antialiasing, degree
   * @param projection what is written
   */
  public void project(
      SplatGaussians gaussians,
      SplatCamera camera,
      SplatSettings settings,
      SplatProjection projection) {
    Context c = begin();
    try {
      MemorySegment results = struct(FOURTH);
      projection.write(c, results);
      Status.check(
          diorama_h.dio_splat_project(
              c.handle(), write(gaussians), write(camera), write(settings), results));
    } finally {
      c.end();
    }
  }

  /**
   * Draws front to back; at equal depth the lower index is in front.
   *
   * @param frame keeps what a backward pass needs
   * @param gaussians the scene
   * @param camera where from; width and height are those of the images
   * @param settings how
   * @param images what is written
   */
  public void render(
      SplatFrame frame,
      SplatGaussians gaussians,
      SplatCamera camera,
      SplatSettings settings,
      SplatImages images) {
    Context c = begin();
    try {
      MemorySegment results = struct(FOURTH);
      images.write(c, results, true);
      Status.check(
          diorama_h.dio_splat_render(
              c.handle(), c.use(frame), write(gaussians), write(camera), write(settings), results));
    } finally {
      c.end();
    }
  }

  /**
   * The gradient of sum(images * imageGradients) of the frame's last rendering.
   *
   * @param frame has rendered
   * @param gaussians the same values as then
   * @param imageGradients of the loss with respect to the pictures
   * @param accumulate adds to what the gradients hold (but means2d)
   * @param gradients what is written
   */
  public void backward(
      SplatFrame frame,
      SplatGaussians gaussians,
      SplatImages imageGradients,
      boolean accumulate,
      SplatGradients gradients) {
    Context c = begin();
    try {
      MemorySegment given = struct(SECOND);
      imageGradients.write(c, given, false);
      MemorySegment results = struct(THIRD);
      gradients.write(c, results);
      Status.check(
          diorama_h.dio_splat_backward(
              c.handle(), c.use(frame), write(gaussians), given, accumulate ? 1 : 0, results));
    } finally {
      c.end();
    }
  }

  /**
   * A step of training in one call: the gradient of sum(images * imageGradients) of the frame's
   * last rendering and of the penalties, then a step of Adam on all parameters in place, those of
   * Gaussians that were not drawn too. On a GPU no gradient is ever written to memory. Afterwards
   * the frame must render again before another backward pass.
   *
   * @param frame has rendered x, without features
   * @param imageGradients of the loss with respect to the pictures
   * @param step learning rates and penalties
   * @param x what is learnt
   * @param m the gradient's running means
   * @param v and those of its square
   * @param means2d optional F32 [N, 2]: the gradient of places in the picture, in pixels
   */
  public void backwardStep(
      SplatFrame frame,
      SplatImages imageGradients,
      SplatStep step,
      SplatParameters x,
      SplatParameters m,
      SplatParameters v,
      Tensor means2d) {
    Context c = begin();
    try {
      MemorySegment given = struct(0);
      imageGradients.write(c, given, false);
      MemorySegment how = struct(SECOND);
      step.write(how);
      Status.check(
          diorama_h.dio_splat_backward_step(
              c.handle(),
              c.use(frame),
              given,
              how,
              write(x, THIRD),
              write(m, FOURTH),
              write(v, FIFTH),
              c.output(means2d)));
    } finally {
      c.end();
    }
  }

  private MemorySegment write(SplatParameters parameters, int place) {
    MemorySegment struct = struct(place);
    parameters.write(context, struct);
    return struct;
  }

  /**
   * (1 - w) * mean |image - target| + w * (1 - mean SSIM): the loss of 3D Gaussian Splatting.
   * SSIM's window is 11 x 11 with sigma 1.5, zeros outside.
   *
   * @param image F32 [H, W, 3] in 0..1
   * @param target F32, or U8 (divided by 255), of the same shape
   * @param mask optional F32 [H, W]; multiplies both
   * @param ssimWeight w, 0 to 1
   * @param losses F32 [4]: loss, mean |difference|, mean SSIM, mean squared difference
   * @param gradient optional F32 [H, W, 3] of the loss with respect to image
   */
  public void loss(
      Tensor image, Tensor target, Tensor mask, float ssimWeight, Tensor losses, Tensor gradient) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_splat_loss(
              c.handle(),
              c.use(image),
              c.use(target),
              c.use(mask),
              ssimWeight,
              c.output(losses),
              c.output(gradient)));
    } finally {
      c.end();
    }
  }

  /**
   * One step of Adam in place, as torch.optim.Adam does it. All tensors F32 [N, ...] of one shape;
   * every axis but the outermost contiguous.
   *
   * @param gradient of the loss
   * @param step from 1 on
   * @param learningRate how far
   * @param beta1 of the mean, 0 to below 1
   * @param beta2 of the square, 0 to below 1
   * @param eps added to the root, above 0
   * @param x what is learnt
   * @param m the gradient's running mean
   * @param v and that of its square
   */
  public void adam(
      Tensor gradient,
      long step,
      float learningRate,
      float beta1,
      float beta2,
      float eps,
      Tensor x,
      Tensor m,
      Tensor v) {
    Context c = begin();
    try {
      MemorySegment params = struct(0);
      dio_adam_params.step(params, step);
      dio_adam_params.learning_rate(params, learningRate);
      dio_adam_params.beta1(params, beta1);
      dio_adam_params.beta2(params, beta2);
      dio_adam_params.eps(params, eps);
      Status.check(
          diorama_h.dio_adam(
              c.handle(), c.use(gradient), params, c.output(x), c.output(m), c.output(v)));
    } finally {
      c.end();
    }
  }

  /**
   * 3DGS-MCMC (Kheradmand et al. 2024, equation 9): the opacity and scales that each of several
   * copies in one place must have to look like the one Gaussian. In place.
   *
   * @param counts I32 [N], 1 to 51: how many copies there will be of each
   * @param minOpacity opacities are kept at or above
   * @param logitOpacities F32 [N]
   * @param logScales F32 [N, 3]
   */
  public void relocate(Tensor counts, float minOpacity, Tensor logitOpacities, Tensor logScales) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_splat_relocate(
              c.handle(),
              c.use(counts),
              minOpacity,
              c.output(logitOpacities),
              c.output(logScales)));
    } finally {
      c.end();
    }
  }

  /**
   * Unit normals for {@link #sample} and {@link #explore}: by Philox4x32-10 (Salmon et al. 2011),
   * numbers 4 i to 4 i + 3 from counter i. They depend on the seed and the place alone: every
   * backend draws the same, but for rounding, and on a device nothing comes from the host.
   *
   * @param seed any number
   * @param out F32 [N, 3], contiguous
   */
  public void noise(long seed, Tensor out) {
    Context c = begin();
    try {
      Status.check(diorama_h.dio_splat_noise(c.handle(), seed, c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * Moves means to draws from their Gaussians: means += gain * R S noise, as splitting does.
   *
   * @param quats F32 [N, 4]
   * @param logScales F32 [N, 3]
   * @param noise F32 [N, 3], unit normals
   * @param gain 1 for a draw
   * @param means F32 [N, 3], in place
   */
  public void sample(Tensor quats, Tensor logScales, Tensor noise, float gain, Tensor means) {
    perturb(quats, logScales, null, noise, diorama_h.DIO_SPLAT_NOISE_SAMPLE(), gain, means);
  }

  /**
   * The noise of 3DGS-MCMC: means += gain * sigmoid(100 (0.005 - opacity)) * covariance * noise.
   *
   * @param quats F32 [N, 4]
   * @param logScales F32 [N, 3]
   * @param logitOpacities F32 [N]
   * @param noise F32 [N, 3], unit normals
   * @param gain the learning rate of the means times a constant
   * @param means F32 [N, 3], in place
   */
  public void explore(
      Tensor quats,
      Tensor logScales,
      Tensor logitOpacities,
      Tensor noise,
      float gain,
      Tensor means) {
    perturb(
        quats,
        logScales,
        logitOpacities,
        noise,
        diorama_h.DIO_SPLAT_NOISE_COVARIANCE(),
        gain,
        means);
  }

  private void perturb(
      Tensor quats,
      Tensor logScales,
      Tensor logitOpacities,
      Tensor noise,
      int kind,
      float gain,
      Tensor means) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_splat_perturb(
              c.handle(),
              c.use(quats),
              c.use(logScales),
              c.use(logitOpacities),
              c.use(noise),
              kind,
              gain,
              c.output(means)));
    } finally {
      c.end();
    }
  }

  private MemorySegment write(SplatGaussians gaussians) {
    MemorySegment struct = struct(0);
    gaussians.write(context, struct);
    return struct;
  }

  private MemorySegment write(SplatCamera camera) {
    MemorySegment struct = struct(SECOND);
    camera.write(struct);
    return struct;
  }

  private MemorySegment write(SplatSettings settings) {
    MemorySegment struct = struct(THIRD);
    settings.write(struct);
    return struct;
  }

  private MemorySegment struct(int place) {
    return context.arguments().asSlice(place, STRUCT);
  }

  private Context begin() {
    context.begin();
    return context;
  }
}
