package dev.diorama.model.clip;

import dev.diorama.Activation;
import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Kernels;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import dev.diorama.model.Component;
import dev.diorama.model.Linear;
import dev.diorama.model.ModelException;
import dev.diorama.model.Weights;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * CLIP's vision tower (Radford et al. 2021) up to its last block but one, whose states Wan's
 * image-to-video models read. The last block is neither loaded nor run. Bound to one context and
 * used by one thread at a time.
 */
public final class ClipVision implements AutoCloseable {

  private final Context context;
  private final ClipConfig config;
  private final DType dtype;
  private final Linear patchEmbedding;
  private final Tensor firstNorm;
  private final Tensor firstNormBias;
  private final List<ClipBlock> blocks = new ArrayList<>();
  private final Tensor classEmbedding;
  private final Tensor positions;

  private ClipVision(Context context, ClipConfig config, Weights weights) throws ModelException {
    this.context = context;
    this.config = config;
    this.dtype = weights.dtype();
    int width = config.width();
    patchEmbedding =
        weights.linearNoBias(
            "embeddings.patch_embedding",
            width,
            config.channels(),
            config.patchSize(),
            config.patchSize());
    firstNorm = weights.get("pre_layrnorm.weight", width);
    firstNormBias = weights.get("pre_layrnorm.bias", width);
    for (int i = 0; i < config.layers() - 1; i++) {
      blocks.add(new ClipBlock(weights.under("encoder.layers." + i), config));
    }
    positions = weights.copy("embeddings.position_embedding.weight", config.patches() + 1L, width);
    classEmbedding = weights.copy("embeddings.class_embedding", width);
  }

  /**
   * Opens a vision tower.
   *
   * @param context where it runs; must stay open longer
   * @param component the folder with its {@code config.json}
   * @param weights its weights; must stay open longer
   * @return the tower
   * @throws ModelException when the configuration or a weight is missing or wrong
   * @throws IOException when the configuration cannot be read
   */
  public static ClipVision open(Context context, Component component, Weights weights)
      throws IOException {
    boolean wrapped = weights.has("vision_model.pre_layrnorm.weight");
    return new ClipVision(
        context,
        ClipConfig.of(component.config()),
        wrapped ? weights.under("vision_model") : weights);
  }

  /**
   * Encodes a picture.
   *
   * @param pixels [colours, size, size], F32, as {@link ClipPreprocessor} makes them
   * @return its states [1, patches + 1, width], F32; the caller closes them
   */
  public Tensor encode(Tensor pixels) {
    long[] expected = {config.channels(), config.imageSize(), config.imageSize()};
    if (!Arrays.equals(pixels.shape(), expected)) {
      throw new IllegalArgumentException(
          "pixels: expected %s, got %s."
              .formatted(Arrays.toString(expected), Arrays.toString(pixels.shape())));
    }
    Tensor out = context.tensor(DType.F32, 1, config.patches() + 1L, config.width());
    boolean done = false;
    try (Scope scope = context.scope()) {
      Tensor states = out.select(0, 0);
      embed(context.kernels(), scope, pixels, states);
      ClipBuffers buffers = ClipBuffers.of(scope, config, states, dtype);
      for (ClipBlock block : blocks) {
        block.run(context.kernels(), buffers);
      }
      done = true;
      return out;
    } finally {
      if (!done) {
        out.close();
      }
    }
  }

  private void embed(Kernels kernels, Scope scope, Tensor pixels, Tensor states) {
    int size = config.imageSize();
    int patch = config.patchSize();
    long patches = config.patches();
    Tensor cut = scope.tensor(DType.F32, 1, patches, (long) config.channels() * patch * patch);
    Tensor channelsLast = pixels.view(1, config.channels(), 1, size, size).permute(0, 2, 3, 4, 1);
    kernels.patchify(channelsLast, 1, patch, patch, true, cut);
    kernels.linear(
        cut.select(0, 0),
        patchEmbedding.weight(),
        null,
        Activation.NONE,
        null,
        null,
        positions.slice(0, 1, patches + 1),
        states.slice(0, 1, patches + 1));
    kernels.combine(
        new Tensor[] {classEmbedding, positions.select(0, 0)},
        new Tensor[] {states.select(0, 0)},
        new double[] {1, 1});
    kernels.layerNorm(states, firstNorm, firstNormBias, null, null, null, config.eps(), states);
  }

  @Override
  public void close() {
    // The weights belong to whoever brought them, the buffers to each call.
  }
}
