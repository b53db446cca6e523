package dev.diorama.model.vae;

import dev.diorama.DType;
import dev.diorama.Tensor;
import dev.diorama.model.ModelException;
import dev.diorama.model.Weights;
import java.util.Arrays;

/**
 * The weights of a codec by name, in the layout that the kernels read. Convolutions are turned to
 * channels last once, here.
 */
final class VaeWeights {
  private static final int RGB = 3;

  private final Weights weights;

  VaeWeights(Weights weights) {
    this.weights = weights;
  }

  /** What the inputs of convolutions and attention are kept in; everything else is F32. */
  DType dtype() {
    return weights.dtype();
  }

  Tensor vector(String name, int n) throws ModelException {
    return weights.get(name, n);
  }

  /** The factors of a channel norm, which the file keeps with axes of size 1 behind. */
  Tensor norm(String name, int channels, int axes) throws ModelException {
    return weights.get(name + ".gamma", ones(axes, channels)).view(channels);
  }

  /** A convolution of one pixel with its bias, as a matrix. */
  ChannelLinear linear(String name, int out, int in, int axes) throws ModelException {
    Tensor weight = weights.product(name + ".weight", ones(axes, out, in)).view(out, in);
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
    return weights.turned(
        file -> file.permute(0, 2, 3, 4, 1), name, out, in, frames, height, width);
  }

  /** The weight of a convolution over height and width, as [out, 1, y, x, in]. */
  Tensor kernel(String name, int out, int in, int height, int width) throws ModelException {
    Tensor weight = weights.turned(file -> file.permute(0, 2, 3, 1), name, out, in, height, width);
    return weight.view(out, 1, height, width, in);
  }

  /**
   * A causal convolution that reads patches. The file counts a patch's channels as (rgb, x, y), the
   * patchify kernel as (rgb, y, x).
   */
  CausalConv patchedConv(String name, int out, int in, int patch) throws ModelException {
    Tensor weight =
        weights.turned(
            file -> file.view(out, RGB, patch, patch, 3, 3, 3).permute(0, 4, 5, 6, 1, 3, 2),
            name + ".weight",
            out,
            in,
            3,
            3,
            3);
    return new CausalConv(weight.view(out, 3, 3, 3, in), vector(name + ".bias", out));
  }

  /** A causal convolution that makes patches, with the order of {@link #patchedConv}. */
  CausalConv unpatchedConv(String name, int out, int in, int patch) throws ModelException {
    Tensor weight =
        weights.turned(
            file -> file.view(RGB, patch, patch, in, 3, 3, 3).permute(0, 2, 1, 4, 5, 6, 3),
            name + ".weight",
            out,
            in,
            3,
            3,
            3);
    Tensor bias =
        weights.turned(file -> file.view(RGB, patch, patch).permute(0, 2, 1), name + ".bias", out);
    return new CausalConv(weight.view(out, 3, 3, 3, in), bias.view(out));
  }

  /** Numbers of a configuration as a tensor. */
  Tensor constant(float... values) {
    return weights.constant(values);
  }
}
