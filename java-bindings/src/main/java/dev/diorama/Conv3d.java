package dev.diorama;

import dev.diorama.ffi.dio_conv3d_params;
import java.lang.foreign.MemorySegment;

/**
 * How a causal 3D convolution strides and pads.
 *
 * @param strideT stride in time
 * @param strideH stride in height
 * @param strideW stride in width
 * @param framesBefore frames put before x: the last ones of the carry, zeros where it is absent or
 *     shorter
 * @param padTop rows above
 * @param padBottom rows below
 * @param padLeft columns at the left
 * @param padRight columns at the right
 * @param paddingMode what height and width are padded with
 * @param upsample x is first enlarged by this factor in height and width, nearest neighbour; 1 or 2
 */
public record Conv3d(
    int strideT,
    int strideH,
    int strideW,
    int framesBefore,
    int padTop,
    int padBottom,
    int padLeft,
    int padRight,
    PaddingMode paddingMode,
    int upsample) {

  /**
   * Stride 1, zeros around, output of the input's size: kt - 1 frames before, half the kernel at
   * each side.
   *
   * @param kt the kernel's frames
   * @param kh the kernel's height, odd
   * @param kw the kernel's width, odd
   * @return the parameters
   */
  public static Conv3d causal(int kt, int kh, int kw) {
    if (kt < 1 || kh < 1 || kw < 1 || kh % 2 == 0 || kw % 2 == 0) {
      throw new IllegalArgumentException(
          "a kernel of "
              + kt
              + " x "
              + kh
              + " x "
              + kw
              + ": expected positive, odd height and width");
    }
    return new Conv3d(1, 1, 1, kt - 1, kh / 2, kh / 2, kw / 2, kw / 2, PaddingMode.ZERO, 1);
  }

  /**
   * The same with other strides.
   *
   * @param t stride in time
   * @param h stride in height
   * @param w stride in width
   * @return the parameters
   */
  public Conv3d withStride(int t, int h, int w) {
    return new Conv3d(
        t, h, w, framesBefore, padTop, padBottom, padLeft, padRight, paddingMode, upsample);
  }

  /**
   * The same with another number of frames before x.
   *
   * @param frames how many
   * @return the parameters
   */
  public Conv3d withFramesBefore(int frames) {
    return new Conv3d(
        strideT,
        strideH,
        strideW,
        frames,
        padTop,
        padBottom,
        padLeft,
        padRight,
        paddingMode,
        upsample);
  }

  /**
   * The same with other padding.
   *
   * @param mode zeros or the border's pixels
   * @return the parameters
   */
  public Conv3d withPaddingMode(PaddingMode mode) {
    return new Conv3d(
        strideT,
        strideH,
        strideW,
        framesBefore,
        padTop,
        padBottom,
        padLeft,
        padRight,
        mode,
        upsample);
  }

  /**
   * The same with x enlarged first.
   *
   * @param factor 1 or 2
   * @return the parameters
   */
  public Conv3d withUpsample(int factor) {
    return new Conv3d(
        strideT,
        strideH,
        strideW,
        framesBefore,
        padTop,
        padBottom,
        padLeft,
        padRight,
        paddingMode,
        factor);
  }

  /**
   * The shape of the result.
   *
   * @param x the input's shape, [B, T, H, W, Cin]
   * @param w the weights' shape, [Cout, kt, kh, kw, Cin]
   * @return [B, To, Ho, Wo, Cout]
   */
  public long[] outputShape(long[] x, long[] w) {
    return new long[] {
      x[0],
      (framesBefore + x[1] - w[1]) / strideT + 1,
      (padTop + x[2] * upsample + padBottom - w[2]) / strideH + 1,
      (padLeft + x[3] * upsample + padRight - w[3]) / strideW + 1,
      w[0]
    };
  }

  void write(MemorySegment struct) {
    dio_conv3d_params.stride_t(struct, strideT);
    dio_conv3d_params.stride_h(struct, strideH);
    dio_conv3d_params.stride_w(struct, strideW);
    dio_conv3d_params.frames_before(struct, framesBefore);
    dio_conv3d_params.pad_top(struct, padTop);
    dio_conv3d_params.pad_bottom(struct, padBottom);
    dio_conv3d_params.pad_left(struct, padLeft);
    dio_conv3d_params.pad_right(struct, padRight);
    dio_conv3d_params.padding_mode(struct, paddingMode.ordinal());
    dio_conv3d_params.upsample(struct, upsample);
  }
}
