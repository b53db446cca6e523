package dev.diorama;

import dev.diorama.ffi.diorama_h;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The operations. Shapes are written [outer, ..., inner]; F means one of F32, BF16, F16. Arguments
 * called optional may be null. Outputs share no memory with inputs unless "may be in place" says
 * that they may be one of them exactly.
 *
 * <p>Rows of [M, ...] tensors that are gated or modulated choose a row of a [G, ...] tensor: row m
 * takes row index[m] when an index (I32 [M]) is given, else m / (M / G).
 *
 * <p>Thread rules are those of the {@link Context}. Every operation throws {@link
 * IllegalArgumentException} with one sentence when an argument does not fit, {@link
 * IllegalStateException} when a tensor is closed or another thread is in the context, and {@link
 * DioramaException} when the backend lacks the operation or memory is short.
 */
public final class Kernels {
  private static final int MAX_INPUTS = 8;
  private static final int MAX_OUTPUTS = 4;

  private final Context context;

  Kernels(Context context) {
    this.context = context;
  }

  /**
   * out = softmax(scale q k^T + bias) v for each batch and head, without ever storing the scores.
   *
   * @param q F [B, Sq, H, D], innermost stride 1, D up to 1024
   * @param k [B, Sk, H, D], of the dtype of q, innermost stride 1
   * @param v as k
   * @param bias optional F32 [1 or B, 1 or H, Sq, Sk], innermost stride 1; other strides may be
   *     negative
   * @param keyLengths optional I32 [B], 1 to Sk: keys at and beyond it are ignored
   * @param scale multiplies the scores; 0 means 1 / sqrt(D)
   * @param out [B, Sq, H, D], of the dtype of q, innermost stride 1
   */
  public void attention(
      Tensor q, Tensor k, Tensor v, Tensor bias, Tensor keyLengths, float scale, Tensor out) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_attention(
              c.handle(),
              c.use(q),
              c.use(k),
              c.use(v),
              c.use(bias),
              c.use(keyLengths),
              scale,
              c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * out = residual + gate * activation(x w^T + bias).
   *
   * @param x F [M, K], innermost stride 1
   * @param w F [N, K], of any F, innermost stride 1
   * @param bias optional F [N]
   * @param activation applied to each element
   * @param gate optional F32 [G, N]
   * @param index optional I32 [M]
   * @param residual optional [M, N] of the dtype of out; may be out itself
   * @param out F [M, N], innermost stride 1
   */
  public void linear(
      Tensor x,
      Tensor w,
      Tensor bias,
      Activation activation,
      Tensor gate,
      Tensor index,
      Tensor residual,
      Tensor out) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_linear(
              c.handle(),
              c.use(x),
              c.use(w),
              c.use(bias),
              activation.ordinal(),
              c.use(gate),
              c.use(index),
              c.use(residual),
              c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * out = x w^T + bias.
   *
   * @param x F [M, K], innermost stride 1
   * @param w F [N, K], of any F, innermost stride 1
   * @param bias optional F [N]
   * @param out F [M, N], innermost stride 1
   */
  public void linear(Tensor x, Tensor w, Tensor bias, Tensor out) {
    linear(x, w, bias, Activation.NONE, null, null, null, out);
  }

  /**
   * Layer norm over C, then * weight + bias, then * (1 + scale) + shift.
   *
   * @param x F [M, C], innermost stride 1
   * @param weight optional F [C]
   * @param bias optional F [C]
   * @param scale optional F32 [G, C]
   * @param shift optional F32 [G, C]
   * @param index optional I32 [M]
   * @param eps added to the variance
   * @param out F [M, C]; may be x itself
   */
  public void layerNorm(
      Tensor x,
      Tensor weight,
      Tensor bias,
      Tensor scale,
      Tensor shift,
      Tensor index,
      float eps,
      Tensor out) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_layer_norm(
              c.handle(),
              c.use(x),
              c.use(weight),
              c.use(bias),
              c.use(scale),
              c.use(shift),
              c.use(index),
              eps,
              c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * Root mean square norm over C, then * weight, then * (1 + scale) + shift.
   *
   * @param x F [M, C], innermost stride 1
   * @param weight optional F [C]
   * @param scale optional F32 [G, C]
   * @param shift optional F32 [G, C]
   * @param index optional I32 [M]
   * @param eps added to the mean square
   * @param out F [M, C]; may be x itself
   */
  public void rmsNorm(
      Tensor x, Tensor weight, Tensor scale, Tensor shift, Tensor index, float eps, Tensor out) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_rms_norm(
              c.handle(),
              c.use(x),
              c.use(weight),
              c.use(scale),
              c.use(shift),
              c.use(index),
              eps,
              c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * Root mean square norm over all heads of a token, then rotary embedding of neighbouring pairs:
   * (a, b) becomes (a cos - b sin, a sin + b cos).
   *
   * @param x F [B, S, H, D], innermost stride 1; D even with cosine and sine
   * @param weight optional F [H * D]
   * @param eps added to the mean square
   * @param cosine optional F32 [S, D / 2]
   * @param sine optional F32 [S, D / 2], given when cosine is
   * @param out F [B, S, H, D]; may be x itself
   */
  public void qkNormRope(
      Tensor x, Tensor weight, float eps, Tensor cosine, Tensor sine, Tensor out) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_qk_norm_rope(
              c.handle(), c.use(x), c.use(weight), eps, c.use(cosine), c.use(sine), c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * out = residual + gate * x.
   *
   * @param x F [M, C], innermost stride 1
   * @param residual F [M, C], innermost stride 1
   * @param gate F32 [G, C]
   * @param index optional I32 [M]
   * @param out F [M, C]; may be x or residual itself
   */
  public void gatedResidual(Tensor x, Tensor residual, Tensor gate, Tensor index, Tensor out) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_gated_residual(
              c.handle(), c.use(x), c.use(residual), c.use(gate), c.use(index), c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * sum = residual + gate * x, then out = the layer norm of sum, modulated: the end of one part of
   * a transformer block and the beginning of the next, in one pass. The norm is of sum as it is
   * kept, rounded to its dtype.
   *
   * @param x F [M, C], innermost stride 1
   * @param residual F [M, C], innermost stride 1
   * @param gate optional F32 [G, C]; without it 1
   * @param weight optional F [C]
   * @param bias optional F [C]
   * @param scale optional F32 [G, C]
   * @param shift optional F32 [G, C]
   * @param index optional I32 [M]
   * @param eps added to the variance
   * @param sum F [M, C]; may be residual itself
   * @param out F [M, C]; may be x itself
   */
  public void gatedResidualNorm(
      Tensor x,
      Tensor residual,
      Tensor gate,
      Tensor weight,
      Tensor bias,
      Tensor scale,
      Tensor shift,
      Tensor index,
      float eps,
      Tensor sum,
      Tensor out) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_gated_residual_norm(
              c.handle(),
              c.use(x),
              c.use(residual),
              c.use(gate),
              c.use(weight),
              c.use(bias),
              c.use(scale),
              c.use(shift),
              c.use(index),
              eps,
              c.output(sum),
              c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * outputs[j] = the sum over i of coefficients[j * inputs.length + i] * inputs[i]: guidance and a
   * scheduler's update in one pass. All F32 of one shape, any strides.
   *
   * @param inputs one to eight
   * @param outputs one to four; each may be one of the inputs itself
   * @param coefficients one row of inputs.length for each output
   */
  public void combine(Tensor[] inputs, Tensor[] outputs, double[] coefficients) {
    checkCount("inputs", inputs.length, MAX_INPUTS);
    checkCount("outputs", outputs.length, MAX_OUTPUTS);
    if (coefficients.length != inputs.length * outputs.length) {
      throw new IllegalArgumentException(
          "combine: "
              + coefficients.length
              + " coefficients, expected one for each pair of input and output, "
              + inputs.length * outputs.length);
    }
    Context c = begin();
    try {
      MemorySegment memory = c.arguments();
      long inputsAt = 0;
      long outputsAt = MAX_INPUTS * ValueLayout.ADDRESS.byteSize();
      long coefficientsAt = outputsAt + MAX_OUTPUTS * ValueLayout.ADDRESS.byteSize();
      for (int i = 0; i < inputs.length; i++) {
        memory.setAtIndex(ValueLayout.ADDRESS, i, c.use(inputs[i]));
      }
      for (int j = 0; j < outputs.length; j++) {
        memory.setAtIndex(ValueLayout.ADDRESS, MAX_INPUTS + j, c.output(outputs[j]));
      }
      MemorySegment.copy(
          coefficients, 0, memory, ValueLayout.JAVA_DOUBLE, coefficientsAt, coefficients.length);
      Status.check(
          diorama_h.dio_combine(
              c.handle(),
              inputs.length,
              memory.asSlice(inputsAt),
              outputs.length,
              memory.asSlice(outputsAt),
              memory.asSlice(coefficientsAt)));
    } finally {
      c.end();
    }
  }

  /**
   * Sinusoidal embedding of times, of frequencies maxPeriod^(-i / half) for i below half = dim / 2.
   *
   * @param t F32 [N]
   * @param cosineFirst cosines in the first half of a row, else sines
   * @param maxPeriod the longest period over 2 pi, above 0
   * @param out F32 [N, dim], dim even
   */
  public void timestepEmbedding(Tensor t, boolean cosineFirst, float maxPeriod, Tensor out) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_timestep_embedding(
              c.handle(), c.use(t), cosineFirst ? 1 : 0, maxPeriod, c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * out = activation(x), element by element.
   *
   * @param x F, any shape and strides
   * @param activation what to apply
   * @param out F, of the shape of x; may be x itself
   */
  public void activate(Tensor x, Activation activation, Tensor out) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_activate(c.handle(), c.use(x), activation.ordinal(), c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * Standard normal numbers, equal to those of torch.randn with a CPU generator.
   *
   * @param generator advances
   * @param out F32, contiguous
   */
  public void randn(Generator generator, Tensor out) {
    Context c = begin();
    try {
      Status.check(diorama_h.dio_randn(c.handle(), c.use(generator), c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * Causal 3D convolution, channels last. The CPU makes large ones by Winograd's F(2x2, 3x3): an
   * infinity may then reach out as NaN, and values beyond a quarter of the largest F32 may
   * overflow.
   *
   * @param x F [B, T, H, W, Cin], innermost stride 1
   * @param carry optional [B, P, H, W, Cin] of the dtype of x: the frames before x
   * @param w F [Cout, kt, kh, kw, Cin], of any F
   * @param bias optional F [Cout]
   * @param residual optional, added; of the dtype and shape of out
   * @param params strides and padding
   * @param out F [B, To, Ho, Wo, Cout], contiguous; see {@link Conv3d#outputShape}
   */
  public void conv3d(
      Tensor x, Tensor carry, Tensor w, Tensor bias, Tensor residual, Conv3d params, Tensor out) {
    Context c = begin();
    try {
      params.write(c.arguments());
      Status.check(
          diorama_h.dio_conv3d(
              c.handle(),
              c.use(x),
              c.use(carry),
              c.use(w),
              c.use(bias),
              c.use(residual),
              c.arguments(),
              c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * carry = the last P frames of carry followed by x.
   *
   * @param x F [B, T, H, W, C]
   * @param carry [B, P, H, W, C] of the dtype of x
   */
  public void carryUpdate(Tensor x, Tensor carry) {
    Context c = begin();
    try {
      Status.check(diorama_h.dio_carry_update(c.handle(), c.use(x), c.output(carry)));
    } finally {
      c.end();
    }
  }

  /**
   * out = activation(x / max(|x|, 1e-12) * sqrt(C) * gamma + bias), with |x| over the channels.
   *
   * @param x F [..., C], contiguous
   * @param gamma F [C]
   * @param bias optional F [C]
   * @param activation applied last
   * @param out F, of the shape of x, contiguous; may be x itself
   */
  public void channelNorm(Tensor x, Tensor gamma, Tensor bias, Activation activation, Tensor out) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_channel_norm(
              c.handle(),
              c.use(x),
              c.use(gamma),
              c.use(bias),
              activation.ordinal(),
              c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * out = clamp(x * scale[c] + shift[c], low, high).
   *
   * @param x F [..., C], any strides
   * @param scale F32 [C] or [1]
   * @param shift F32 [C] or [1]
   * @param low may be minus infinity
   * @param high may be infinity
   * @param out F, of the shape of x; may be x itself
   */
  public void channelAffine(
      Tensor x, Tensor scale, Tensor shift, float low, float high, Tensor out) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_channel_affine(
              c.handle(), c.use(x), c.use(scale), c.use(shift), low, high, c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * Wan 2.2's residual down-sampling: groups of Cin * factorT * factorS^2 / Cout values are
   * averaged.
   *
   * @param x F [B, T, H, W, Cin], contiguous
   * @param factorT in time
   * @param factorS in height and width
   * @param out F [B, ceil(T / factorT), H / factorS, W / factorS, Cout], contiguous
   */
  public void avgDown(Tensor x, int factorT, int factorS, Tensor out) {
    Context c = begin();
    try {
      Status.check(diorama_h.dio_avg_down(c.handle(), c.use(x), factorT, factorS, c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * Wan 2.2's residual up-sampling, added to out.
   *
   * @param x F [B, T, H, W, Cin], contiguous
   * @param factorT in time
   * @param factorS in height and width
   * @param skipFrames first frames of the result that are left out
   * @param out F [B, T * factorT - skipFrames, H * factorS, W * factorS, Cout], contiguous; added
   *     to
   */
  public void dupUp(Tensor x, int factorT, int factorS, int skipFrames, Tensor out) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_dup_up(c.handle(), c.use(x), factorT, factorS, skipFrames, c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * Cuts a video into patches.
   *
   * @param x F [B, T, H, W, C], any strides
   * @param patchT frames of a patch
   * @param patchH rows of a patch
   * @param patchW columns of a patch
   * @param channelsFirst features in the order (c, t, y, x), else (t, y, x, c)
   * @param out F [B, tokens, C * patchT * patchH * patchW], contiguous
   */
  public void patchify(
      Tensor x, int patchT, int patchH, int patchW, boolean channelsFirst, Tensor out) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_patchify(
              c.handle(), c.use(x), patchT, patchH, patchW, channelsFirst ? 1 : 0, c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * Joins patches to a video, the inverse of patchify.
   *
   * @param x F [B, tokens, features], contiguous
   * @param patchT frames of a patch
   * @param patchH rows of a patch
   * @param patchW columns of a patch
   * @param channelsFirst features in the order (c, t, y, x), else (t, y, x, c)
   * @param out F [B, T, H, W, C], any strides
   */
  public void unpatchify(
      Tensor x, int patchT, int patchH, int patchW, boolean channelsFirst, Tensor out) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_unpatchify(
              c.handle(), c.use(x), patchT, patchH, patchW, channelsFirst ? 1 : 0, c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * out = round(clamp(x, 0, 1) * 255), halves to even; NaN gives 0.
   *
   * @param x F [..., 3], any strides
   * @param out U8, of the shape of x
   */
  public void toRgb8(Tensor x, Tensor out) {
    Context c = begin();
    try {
      Status.check(diorama_h.dio_to_rgb8(c.handle(), c.use(x), c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * Copies to another layout, F type, or both.
   *
   * @param x any shape and strides
   * @param out of the shape of x; any F for an F, else of the dtype of x
   */
  public void copy(Tensor x, Tensor out) {
    Context c = begin();
    try {
      Status.check(diorama_h.dio_copy(c.handle(), c.use(x), c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * out[n] = table[ids[n]].
   *
   * @param table F [V, C], innermost stride 1
   * @param ids I32 [N], 0 to V - 1
   * @param out F [N, C], innermost stride 1
   */
  public void embedding(Tensor table, Tensor ids, Tensor out) {
    Context c = begin();
    try {
      Status.check(diorama_h.dio_embedding(c.handle(), c.use(table), c.use(ids), c.output(out)));
    } finally {
      c.end();
    }
  }

  /**
   * T5's bidirectional relative position bias, one value for each distance: entry [h, j] of out
   * belongs to key - query = j - (S - 1).
   *
   * @param table F [buckets, H], buckets even
   * @param maxDistance from where on all distances share the last bucket
   * @param out F32 [H, 2 * S - 1], contiguous
   */
  public void t5RelativeBias(Tensor table, int maxDistance, Tensor out) {
    Context c = begin();
    try {
      Status.check(
          diorama_h.dio_t5_relative_bias(c.handle(), c.use(table), maxDistance, c.output(out)));
    } finally {
      c.end();
    }
  }

  private Context begin() {
    context.begin();
    return context;
  }

  private static void checkCount(String what, int count, int most) {
    if (count < 1 || count > most) {
      throw new IllegalArgumentException(
          "combine: " + count + " " + what + ", expected 1 to " + most);
    }
  }
}
