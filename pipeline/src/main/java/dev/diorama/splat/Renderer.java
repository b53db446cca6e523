package dev.diorama.splat;

import dev.diorama.Backend;
import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.SplatFrame;
import dev.diorama.SplatGaussians;
import dev.diorama.SplatImages;
import dev.diorama.SplatSettings;
import dev.diorama.SplatStats;
import dev.diorama.Tensor;
import dev.diorama.splat.Rendering.Channel;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/**
 * Draws pictures of one scene.
 *
 * <pre>{@code
 * try (Backend backend = Backend.open("auto");
 *     Renderer renderer = Renderer.open(backend, SceneFormats.read(file))) {
 *   for (Camera camera : path.cameras()) {
 *     Rendering picture = renderer.render(camera, SplatSettings.DEFAULT, Set.of(Channel.RGB));
 *   }
 * }
 * }</pre>
 *
 * <p>The scene is copied once into the backend's memory and not kept: a caller that lets go of its
 * {@link Gaussians}, as above, has it in memory once. Between frames the memory of pictures and of
 * sorting is used again. Used by one thread at a time; several renderers work side by side, and
 * {@link #beside} makes one that shares the scene. {@link RenderQueue} draws paths of cameras.
 */
public final class Renderer implements AutoCloseable {
  private final Context context;
  private final SplatFrame frame;
  private final SplatGaussians gaussians;
  private final Map<Channel, Tensor> pictures = new EnumMap<>(Channel.class);
  private Tensor bytes;
  private int width;
  private int height;

  private Renderer(Context context, SplatGaussians gaussians) {
    this.context = context;
    this.gaussians = gaussians;
    this.frame = context.splatFrame();
  }

  /**
   * Takes a scene to a backend.
   *
   * @param backend where it is drawn; must stay open longer than the renderer
   * @param scene may be empty
   * @return to be closed
   */
  public static Renderer open(Backend backend, Gaussians scene) {
    return open(backend, scene, Gaussians.MAX_SH_DEGREE);
  }

  /**
   * Takes a scene to a backend without the colours' finer dependence on direction.
   *
   * @param backend where it is drawn; must stay open longer than the renderer
   * @param scene may be empty
   * @param shDegree 0 to 3; coefficients of higher degrees take no memory
   * @return to be closed
   * @throws IllegalArgumentException when there is no such degree
   */
  public static Renderer open(Backend backend, Gaussians scene, int shDegree) {
    return open(backend, scene, shDegree, DType.F32);
  }

  /**
   * Takes a scene to a backend with its harmonics in half the memory.
   *
   * @param backend where it is drawn; must stay open longer than the renderer
   * @param scene may be empty
   * @param shDegree 0 to 3; coefficients of higher degrees take no memory
   * @param harmonics F32, or F16: colours are off by 2^-11 of each coefficient at most, and a
   *     Gaussian with one beyond 65504 is not drawn
   * @return to be closed
   * @throws IllegalArgumentException when there is no such degree or type
   */
  public static Renderer open(Backend backend, Gaussians scene, int shDegree, DType harmonics) {
    if (harmonics != DType.F32 && harmonics != DType.F16) {
      throw new IllegalArgumentException("harmonics are F32 or F16, got " + harmonics);
    }
    if (shDegree < 0 || shDegree > Gaussians.MAX_SH_DEGREE) {
      throw new IllegalArgumentException(
          "the degree of the spherical harmonics must be 0 to 3, got " + shDegree);
    }
    Context context = backend.newContext();
    try {
      int degree = Math.min(shDegree, scene.shDegree());
      return new Renderer(context, upload(context, scene, degree, harmonics));
    } catch (RuntimeException | Error e) {
      context.close();
      throw e;
    }
  }

  /**
   * Another renderer of the same scene, which the two have in memory once: on a device both draw at
   * the same time.
   *
   * @return to be closed before this one
   * @throws IllegalStateException after close
   */
  public Renderer beside() {
    // The other must find the scene whole.
    context.synchronize();
    Context other = context.backend().newContext();
    try {
      return new Renderer(other, gaussians);
    } catch (RuntimeException | Error e) {
      other.close();
      throw e;
    }
  }

  /** Whether it draws on a device, beside the processor. */
  boolean onDevice() {
    return context.backend().onDevice();
  }

  private static SplatGaussians upload(
      Context context, Gaussians scene, int shDegree, DType harmonics) {
    // Kernels take at least one Gaussian; this one is transparent.
    Gaussians kept = scene.count() > 0 ? scene : invisible();
    long n = kept.count();
    return new SplatGaussians(
        context.of(kept.means(), n, 3),
        context.of(kept.quats(), n, 4),
        context.of(kept.logScales(), n, 3),
        context.of(kept.logitOpacities(), n),
        uploadColors(context, kept, scene.count() > 0 ? shDegree : 0, harmonics),
        null);
  }

  private static Gaussians invisible() {
    Gaussians one = Gaussians.zeros(1, 0);
    one.quats()[0] = 1;
    one.logitOpacities()[0] = Float.NEGATIVE_INFINITY;
    return one;
  }

  /** The coefficients up to a degree, in parts so that no second copy stands on the heap. */
  private static Tensor uploadColors(
      Context context, Gaussians scene, int shDegree, DType harmonics) {
    int n = scene.count();
    int all = 3 * scene.coefficients();
    int used = 3 * Gaussians.coefficients(shDegree);
    if (used == all && harmonics == DType.F32) {
      return context.of(scene.sh(), n, scene.coefficients(), 3);
    }
    Tensor sh = context.tensor(harmonics, n, Gaussians.coefficients(shDegree), 3);
    int part = 1 << 16;
    for (int from = 0; from < n; from += part) {
      int rows = Math.min(part, n - from);
      float[] values = new float[rows * used];
      for (int i = 0; i < rows; i++) {
        System.arraycopy(scene.sh(), (from + i) * all, values, i * used, used);
      }
      Tensor target = sh.slice(0, from, from + rows);
      if (harmonics == DType.F32) {
        target.set(values);
        continue;
      }
      try (Tensor wide = context.of(values, target.shape())) {
        context.kernels().copy(wide, target);
      }
    }
    return sh;
  }

  /**
   * Draws one picture.
   *
   * @param camera where from
   * @param settings background, antialiasing, near and far, ...
   * @param channels what is wanted, at least one
   * @return with null for what was not asked for
   * @throws IllegalArgumentException when the camera or the settings cannot be, or no channel is
   *     asked for
   * @throws IllegalStateException after close
   */
  public Rendering render(Camera camera, SplatSettings settings, Set<Channel> channels) {
    if (channels.isEmpty()) {
      throw new IllegalArgumentException("no picture is asked for");
    }
    prepare(camera.width(), camera.height(), channels);
    SplatImages images =
        new SplatImages(
            picture(channels, Channel.RGB),
            picture(channels, Channel.DEPTH),
            picture(channels, Channel.EXPECTED_DEPTH),
            picture(channels, Channel.ALPHA),
            picture(channels, Channel.NORMALS),
            null);
    context.splats().render(frame, gaussians, camera.toSplatCamera(), settings, images);
    return new Rendering(
        camera.width(),
        camera.height(),
        values(images.rgb()),
        values(images.depth()),
        values(images.expectedDepth()),
        values(images.alpha()),
        values(images.normals()));
  }

  /**
   * Draws one picture of 8-bit colours: 3 bytes a pixel leave a device.
   *
   * @param camera where from
   * @param settings background, antialiasing, near and far, ...
   * @return [H, W, 3], from 0..1 clamped and rounded to the nearest, halves to even
   * @throws IllegalArgumentException when the camera or the settings cannot be
   * @throws IllegalStateException after close
   */
  public byte[] renderRgb8(Camera camera, SplatSettings settings) {
    prepare(camera.width(), camera.height(), Set.of(Channel.RGB));
    Tensor rgb = pictures.get(Channel.RGB);
    if (bytes == null) {
      bytes = context.tensor(DType.U8, height, width, 3);
    }
    SplatImages images = SplatImages.rgb(rgb);
    context.splats().render(frame, gaussians, camera.toSplatCamera(), settings, images);
    context.kernels().toRgb8(rgb, bytes);
    return bytes.toBytes();
  }

  /** Makes the pictures that are missing, all anew when the size has changed. */
  private void prepare(int newWidth, int newHeight, Set<Channel> channels) {
    if (newWidth != width || newHeight != height) {
      pictures.values().forEach(Tensor::close);
      pictures.clear();
      if (bytes != null) {
        bytes.close();
        bytes = null;
      }
      width = newWidth;
      height = newHeight;
    }
    for (Channel channel : channels) {
      pictures.computeIfAbsent(
          channel, c -> context.tensor(DType.F32, newHeight, newWidth, c.samples()));
    }
  }

  private Tensor picture(Set<Channel> channels, Channel channel) {
    return channels.contains(channel) ? pictures.get(channel) : null;
  }

  private static float[] values(Tensor picture) {
    return picture == null ? null : picture.toFloats();
  }

  /**
   * What the last frame took.
   *
   * @return all 0 before the first
   */
  public SplatStats stats() {
    return frame.stats();
  }

  /** Frees everything. Closing twice does nothing. */
  @Override
  public void close() {
    context.close();
  }
}
