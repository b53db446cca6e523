package dev.diorama.model.wan;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Kernels;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import dev.diorama.model.Blocks;
import dev.diorama.model.Component;
import dev.diorama.model.Linear;
import dev.diorama.model.ModelException;
import dev.diorama.model.Weights;
import java.io.IOException;
import java.util.Arrays;

/**
 * The transformer of Wan 2.1 and 2.2: a noisy latent video, a timestep and a prompt in, the model's
 * prediction out.
 *
 * <p>Bound to one context and used by one thread at a time, as the context is. The weights may be
 * shared by many transformers. Buffers are made at the first forward pass of a shape; later ones of
 * that shape allocate nothing. On a device a pass that comes again with the same tensors is
 * recorded as a graph the second time, and launched from then on.
 */
public final class WanTransformer implements AutoCloseable {

  private static final long CACHE_BYTES = 1L << 29;

  private final Context context;
  private final WanConfig config;
  private final Linear patchEmbedding;
  private final WanConditionEmbedder embedder;
  private final WanTimesteps timesteps;
  private final Blocks<WanBlock> blocks;
  private final DType dtype;
  private final StepGraphs graphs;
  private final Linear projection;
  private WanBuffers buffers;

  private WanTransformer(Context context, WanConfig config, Weights weights) throws ModelException {
    this.context = context;
    this.config = config;
    dtype = weights.dtype();
    graphs = new StepGraphs(context);
    int width = config.width();
    patchEmbedding =
        weights.linear(
            "patch_embedding",
            width,
            config.inChannels(),
            config.patchT(),
            config.patchH(),
            config.patchW());
    embedder = new WanConditionEmbedder(weights.under("condition_embedder"), config);
    projection =
        weights.linear("proj_out", (long) config.outChannels() * config.patchVolume(), width);
    blocks =
        weights.blocks(
            config.layers(), (source, i) -> new WanBlock(source.under("blocks." + i), config));
    timesteps = new WanTimesteps(context, weights, config);
  }

  /**
   * Opens a transformer.
   *
   * @param context where it runs; must stay open longer
   * @param component the folder with its {@code config.json}
   * @param weights its weights; must stay open longer
   * @return the transformer
   * @throws ModelException when the configuration or a weight is missing or wrong
   * @throws IOException when the configuration cannot be read
   */
  public static WanTransformer open(Context context, Component component, Weights weights)
      throws IOException {
    return new WanTransformer(context, WanConfig.of(component.config()), weights);
  }

  /**
   * What the buffers of a forward pass take, beside the weights.
   *
   * @param context where it runs
   * @param config the model's sizes
   * @param latents the shape of the latent video, [channels, frames, height, width]
   * @param dtype of the activations
   * @return bytes
   */
  public static long bufferBytes(Context context, WanConfig config, long[] latents, DType dtype) {
    return WanBuffers.bytes(context, config, PatchGrid.of(config, latents), dtype);
  }

  /**
   * The model's sizes.
   *
   * @return the configuration
   */
  public WanConfig config() {
    return config;
  }

  /**
   * Prepares a prompt, once for all steps.
   *
   * @param text the text encoder's states [1, tokens, text width], padded with rows of zeros
   * @param image the image encoder's states [pictures, tokens, image width]; null for a model that
   *     reads none
   * @return the prompt as the blocks look at it; the caller closes it
   */
  public WanCondition condition(Tensor text, Tensor image) {
    return condition(text, image, CACHE_BYTES);
  }

  /**
   * Prepares a prompt, once for all steps.
   *
   * @param text the text encoder's states [1, tokens, text width], padded with rows of zeros
   * @param image the image encoder's states [pictures, tokens, image width]; null for a model that
   *     reads none
   * @param cacheBytes how much memory the keys and values of all blocks may take; where they take
   *     more, each block computes its own in every step
   * @return the prompt as the blocks look at it; the caller closes it
   */
  public WanCondition condition(Tensor text, Tensor image, long cacheBytes) {
    long[] shape = text.shape();
    if (shape.length != 3 || shape[0] != 1 || shape[2] != config.textWidth()) {
      throw new IllegalArgumentException(
          "text: expected [1, tokens, %d], got %s."
              .formatted(config.textWidth(), Arrays.toString(shape)));
    }
    if ((image != null) != embedder.readsImage()) {
      throw new IllegalArgumentException(
          embedder.readsImage()
              ? "image: this model needs the image encoder's states."
              : "image: this model reads no image states.");
    }
    long tokens = shape[1];
    long real = tokensBeforePadding(text);
    long rows = Math.min(tokens, real + 1);
    Scope scope = context.scope();
    WanCondition condition = null;
    try {
      Tensor embeddedText = embedder.text(context, text.select(0, 0), rows, scope);
      Tensor bias = tokens - real > 1 ? paddingBias(scope, rows, tokens - real) : null;
      Tensor embeddedImage =
          image == null ? null : embedder.image(context, image.view(-1, image.size(-1)), scope);
      condition =
          new WanCondition(
              context,
              config,
              blocks,
              embeddedText,
              bias,
              embeddedImage,
              scope,
              cacheBytes,
              graphs);
      return condition;
    } finally {
      if (condition == null) {
        scope.close();
      }
    }
  }

  private static long tokensBeforePadding(Tensor text) {
    float[] values = text.toFloats();
    int last = values.length;
    while (last > 0 && values[last - 1] == 0) {
      last--;
    }
    return Math.ceilDiv(last, text.size(2));
  }

  private static Tensor paddingBias(Scope scope, long rows, long padding) {
    float[] bias = new float[Math.toIntExact(rows)];
    bias[bias.length - 1] = (float) Math.log(padding);
    return scope.of(bias, 1, 1, 1, rows);
  }

  /**
   * How many tokens a latent video is: the number of timesteps, where each has its own.
   *
   * @param latents [channels, frames, height, width]
   * @return the number of patches
   */
  public long tokens(Tensor latents) {
    return PatchGrid.of(config, latents.shape()).tokens();
  }

  /**
   * Runs the model.
   *
   * @param latents [in channels, frames, height, width], F32, contiguous
   * @param timestep one for all tokens, or one a token in the order frame, row, column
   * @param condition the prompt
   * @param out [out channels, frames, height, width], F32, contiguous
   */
  public void predict(Tensor latents, float[] timestep, WanCondition condition, Tensor out) {
    predict(latents, timestep, condition, out, () -> {});
  }

  /**
   * Runs the model, and lets the caller end it between two blocks; where a pass is launched as a
   * graph, before it.
   *
   * @param latents [in channels, frames, height, width], F32, contiguous
   * @param timestep one for all tokens, or one a token in the order frame, row, column
   * @param condition the prompt; on a device close it before the two tensors
   * @param out [out channels, frames, height, width], F32, contiguous
   * @param checkpoint called before every block; what it throws ends the run
   */
  public void predict(
      Tensor latents, float[] timestep, WanCondition condition, Tensor out, Runnable checkpoint) {
    if (!condition.isFor(blocks)) {
      throw new IllegalArgumentException("condition: it was made by another transformer.");
    }
    PatchGrid grid = PatchGrid.of(config, latents.shape());
    if (buffers == null || !buffers.grid.equals(grid)) {
      closeBuffers();
      buffers = new WanBuffers(context, config, grid, dtype);
    }
    timesteps.set(timestep, buffers.tokens);
    Runnable pass = () -> compute(latents, condition, out, checkpoint);
    if (blocks.resident() && context.backend().onDevice()) {
      checkpoint.run();
      graphs.run(new StepGraphs.Key(latents, condition, out, timesteps.layout()), pass);
    } else {
      pass.run();
    }
  }

  private void compute(Tensor latents, WanCondition condition, Tensor out, Runnable checkpoint) {
    WanBuffers b = buffers;
    Kernels kernels = context.kernels();
    timesteps.compute(kernels);
    int[] patch = {config.patchT(), config.patchH(), config.patchW()};
    kernels.patchify(channelsLast(latents), patch[0], patch[1], patch[2], true, b.patches);
    patchEmbedding.apply(kernels, b.patches.select(0, 0), b.states);
    Tensor first = timesteps.block(0);
    kernels.layerNorm(
        b.states,
        null,
        null,
        first.select(1, 1),
        first.select(1, 0),
        timesteps.index(),
        config.eps(),
        b.normed);
    blocks.forEach(
        context,
        (i, block) -> {
          checkpoint.run();
          CrossKeys keys = condition.keys(kernels, i, block);
          Tensor next = i + 1 < config.layers() ? timesteps.block(i + 1) : timesteps.head();
          block.run(kernels, b, timesteps.block(i), timesteps.index(), keys, next);
        });
    projection.apply(kernels, b.normed, b.projected.select(0, 0));
    kernels.unpatchify(b.projected, patch[0], patch[1], patch[2], false, channelsLast(out));
  }

  /** [C, T, H, W] as [1, T, H, W, C]. */
  private static Tensor channelsLast(Tensor video) {
    long[] s = video.shape();
    return video.view(1, s[0], s[1], s[2], s[3]).permute(0, 2, 3, 4, 1);
  }

  private void closeBuffers() {
    graphs.close();
    if (buffers != null) {
      buffers.close();
      buffers = null;
    }
  }

  /** Frees the buffers. */
  @Override
  public void close() {
    closeBuffers();
    timesteps.close();
  }
}
