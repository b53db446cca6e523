package dev.diorama.model.vae;

import dev.diorama.Context;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import dev.diorama.model.ModelException;
import dev.diorama.model.Safetensors;
import java.util.Arrays;

/**
 * The weights of a codec by name, in the layout that the kernels read. Convolutions are turned to
 * channels last once, here; everything else is read where the file is mapped.
 */
final class VaeWeights implements AutoCloseable {
  private static final int RGB = 3;

  private final Context context;
  private final Safetensors file;
  private final Scope owned;

  /** The context owns what is turned; the file must stay mapped as long as this is used. */
  VaeWeights(Context context, Safetensors file) {
    this.context = context;
    this.file = file;
    owned = context.scope();
  }

  Tensor vector(String name, int n) throws ModelException {
    return file.tensor(name, n);
  }

  /** The factors of a channel norm, which the file keeps with axes of size 1 behind. */
  Tensor norm(String name, int channels, int axes) throws ModelException {
    return file.tensor(name + ".gamma", ones(axes, channels)).view(channels);
  }

  /** A convolution of one pixel with its bias, as a matrix. */
  ChannelLinear linear(String name, int out, int in, int axes) throws ModelException {
    Tensor weight = file.tensor(name + ".weight", ones(axes, out, in)).view(out, in);
    return new ChannelLinear(weight, vector(name + ".bias", out));
  }

  private static long[] ones(int axes, long... sizes) {
    long[] shape = Arrays.copyOf(sizes, sizes.length + axes);
    Arrays.fill(shape, sizes.length, shape.length, 1);
    return shape;
  }

  /** A causal convolution with its bias. */
  CausalConv conv(String name, int out, int in, int frames, int height, int width)
      throws ModelException {
    return new CausalConv(
        kernel(name + ".weight", out, in, frames, height, width), vector(name + ".bias", out));
  }

  /** The weight of a convolution over time, height and width, as [out, t, y, x, in]. */
  Tensor kernel(String name, int out, int in, int frames, int height, int width)
      throws ModelException {
    return turned(file.tensor(name, out, in, frames, height, width).permute(0, 2, 3, 4, 1));
  }

  /** The weight of a convolution over height and width, as [out, 1, y, x, in]. */
  Tensor kernel(String name, int out, int in, int height, int width) throws ModelException {
    Tensor weight = turned(file.tensor(name, out, in, height, width).permute(0, 2, 3, 1));
    return weight.view(out, 1, height, width, in);
  }

  /**
   * A causal convolution that reads patches. The file counts a patch's channels as (rgb, x, y), the
   * patchify kernel as (rgb, y, x).
   */
  CausalConv patchedConv(String name, int out, int in, int patch) throws ModelException {
    Tensor weight =
        file.tensor(name + ".weight", out, in, 3, 3, 3)
            .view(out, RGB, patch, patch, 3, 3, 3)
            .permute(0, 4, 5, 6, 1, 3, 2);
    return new CausalConv(turned(weight).view(out, 3, 3, 3, in), vector(name + ".bias", out));
  }

  /** A causal convolution that makes patches, with the order of {@link #patchedConv}. */
  CausalConv unpatchedConv(String name, int out, int in, int patch) throws ModelException {
    Tensor weight =
        file.tensor(name + ".weight", out, in, 3, 3, 3)
            .view(RGB, patch, patch, in, 3, 3, 3)
            .permute(0, 2, 1, 4, 5, 6, 3);
    Tensor bias = vector(name + ".bias", out).view(RGB, patch, patch).permute(0, 2, 1);
    return new CausalConv(turned(weight).view(out, 3, 3, 3, in), turned(bias).view(out));
  }

  /** A contiguous copy of a view. */
  private Tensor turned(Tensor view) {
    Tensor copy = owned.tensor(view.dtype(), view.shape());
    context.kernels().copy(view, copy);
    return copy;
  }

  /** Numbers of a configuration as a tensor. */
  Tensor constant(float... values) {
    return owned.of(values, values.length);
  }

  @Override
  public void close() {
    owned.close();
  }
}
