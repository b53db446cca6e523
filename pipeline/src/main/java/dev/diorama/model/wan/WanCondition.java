package dev.diorama.model.wan;

import dev.diorama.Context;
import dev.diorama.Kernels;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import dev.diorama.model.Blocks;
import dev.diorama.model.Linear;

/**
 * A prompt (and a picture) as the blocks look at it: its states embedded to the model's width and,
 * where memory allows, the keys and values of every block. Neither changes from step to step.
 *
 * <p>A prompt's padding is rows of zeros, which all become one and the same key. That key is kept
 * once; the logarithm of how often it stands for is added to its scores, which gives the same
 * softmax.
 *
 * <p>Made by {@link WanTransformer#condition}; closed by the caller, before the transformer.
 */
public final class WanCondition implements AutoCloseable {

  private final WanConfig config;
  private final Blocks<WanBlock> blocks;
  private final Tensor text;
  private final Tensor image;
  private final Tensor textBias;
  private final CrossKeys[] cached;
  private final CrossKeys scratch;
  private final Scope scope;
  private final StepGraphs graphs;

  /**
   * Prepares the keys.
   *
   * @param text [text tokens, width], the states without all but one row of padding
   * @param textBias [1, 1, 1, text tokens], or null
   * @param image [image tokens, width], or null
   * @param scope owns the three and what is made here
   * @param cacheBytes how much memory the keys of all blocks may take
   * @param graphs told when this is closed
   */
  WanCondition(
      Context context,
      WanConfig config,
      Blocks<WanBlock> blocks,
      Tensor text,
      Tensor textBias,
      Tensor image,
      Scope scope,
      long cacheBytes,
      StepGraphs graphs) {
    this.graphs = graphs;
    this.config = config;
    this.blocks = blocks;
    this.text = text;
    this.textBias = textBias;
    this.image = image;
    this.scope = scope;
    long rows = text.size(0) + (image == null ? 0 : image.size(0));
    long bytes = 2 * rows * config.width() * text.dtype().bytes() * blocks.size();
    if (bytes > cacheBytes) {
      cached = null;
      scratch = allocate();
      return;
    }
    scratch = null;
    cached = new CrossKeys[blocks.size()];
    blocks.forEach(
        context,
        (i, block) -> {
          cached[i] = allocate();
          fill(context.kernels(), block.cross(), cached[i]);
        });
  }

  private CrossKeys allocate() {
    return new CrossKeys(like(text), like(text), textBias, like(image), like(image));
  }

  private Tensor like(Tensor states) {
    return states == null ? null : scope.tensor(states.dtype(), states.shape());
  }

  private void fill(Kernels kernels, WanAttention weights, CrossKeys keys) {
    fill(kernels, text, weights.key(), weights.keyNorm(), keys.textKeys());
    weights.value().apply(kernels, text, keys.textValues());
    if (image != null) {
      fill(kernels, image, weights.imageKey(), weights.imageKeyNorm(), keys.imageKeys());
      weights.imageValue().apply(kernels, image, keys.imageValues());
    }
  }

  private void fill(Kernels kernels, Tensor states, Linear projection, Tensor norm, Tensor keys) {
    projection.apply(kernels, states, keys);
    kernels.rmsNorm(keys, norm, null, null, null, config.eps(), keys);
  }

  /** Whether these are the keys of some transformer's blocks; two experts have different ones. */
  boolean isFor(Blocks<WanBlock> others) {
    return blocks == others;
  }

  /** The keys and values of one block, valid until the next call. */
  CrossKeys keys(Kernels kernels, int index, WanBlock block) {
    if (cached != null) {
      return cached[index];
    }
    fill(kernels, block.cross(), scratch);
    return scratch;
  }

  /** Frees the keys. */
  @Override
  public void close() {
    graphs.forget(this);
    scope.close();
  }
}
