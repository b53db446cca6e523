package dev.diorama.model.wan;

import dev.diorama.Activation;
import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Kernels;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import dev.diorama.model.Linear;
import dev.diorama.model.ModelException;
import dev.diorama.model.Weights;
import java.util.Arrays;

/** Brings text and image states to the model's width. */
final class WanConditionEmbedder {

  private static final float IMAGE_EPS = 1e-5f;

  private final WanConfig config;
  private final DType dtype;
  private final Linear textIn;
  private final Linear textOut;
  private final ImageEmbedder image;

  private record ImageEmbedder(
      Tensor normInWeight,
      Tensor normInBias,
      Linear in,
      Linear out,
      Tensor normOutWeight,
      Tensor normOutBias,
      Tensor positions) {}

  WanConditionEmbedder(Weights weights, WanConfig config) throws ModelException {
    this.config = config;
    this.dtype = weights.dtype();
    int width = config.width();
    textIn = weights.linear("text_embedder.linear_1", width, config.textWidth());
    textOut = weights.linear("text_embedder.linear_2", width, width);
    if (config.imageWidth().isEmpty()) {
      image = null;
      return;
    }
    Weights w = weights.under("image_embedder");
    int imageWidth = config.imageWidth().getAsInt();
    image =
        new ImageEmbedder(
            w.get("norm1.weight", imageWidth),
            w.get("norm1.bias", imageWidth),
            w.linear("ff.net.0.proj", imageWidth, imageWidth),
            w.linear("ff.net.2", width, imageWidth),
            w.get("norm2.weight", width),
            w.get("norm2.bias", width),
            config.imagePositions().isPresent()
                ? w.get("pos_embed", 1, config.imagePositions().getAsInt(), imageWidth)
                : null);
  }

  boolean readsImage() {
    return image != null;
  }

  /** The text states' rows up to the first row of padding, embedded; see {@link WanCondition}. */
  Tensor text(Context context, Tensor states, long rows, Scope scope) {
    Kernels kernels = context.kernels();
    Tensor embedded = scope.tensor(dtype, rows, config.width());
    try (Tensor hidden = context.tensor(dtype, rows, config.width())) {
      textIn.apply(kernels, states.slice(0, 0, rows), Activation.GELU_TANH, hidden);
      textOut.apply(kernels, hidden, embedded);
    }
    return embedded;
  }

  /** The image states [tokens, image width], embedded. */
  Tensor image(Context context, Tensor states, Scope scope) {
    Kernels kernels = context.kernels();
    Tensor embedded = scope.tensor(dtype, states.size(0), config.width());
    try (Tensor normed = context.tensor(DType.F32, states.shape());
        Tensor hidden = context.tensor(DType.F32, states.shape())) {
      Tensor input = states;
      if (image.positions != null) {
        addPositions(kernels, states, normed);
        input = normed;
      }
      kernels.layerNorm(
          input, image.normInWeight, image.normInBias, null, null, null, IMAGE_EPS, normed);
      image.in.apply(kernels, normed, Activation.GELU_ERF, hidden);
      image.out.apply(kernels, hidden, embedded);
      kernels.layerNorm(
          embedded, image.normOutWeight, image.normOutBias, null, null, null, IMAGE_EPS, embedded);
    }
    return embedded;
  }

  private void addPositions(Kernels kernels, Tensor states, Tensor out) {
    Tensor positions = image.positions.select(0, 0);
    if (!Arrays.equals(positions.shape(), states.shape())) {
      throw new IllegalArgumentException(
          "image states: expected %s, got %s."
              .formatted(Arrays.toString(positions.shape()), Arrays.toString(states.shape())));
    }
    kernels.copy(positions, out);
    kernels.combine(new Tensor[] {states, out}, new Tensor[] {out}, new double[] {1, 1});
  }
}
