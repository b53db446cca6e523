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

/**
 * What the timestep does to the blocks: shift, scale and gate for every layer. Wan 2.2 TI2V gives
 * each token a timestep, but there are hardly more than two different ones; the embedding is
 * computed for those, and an index maps tokens to them.
 */
final class WanTimesteps implements AutoCloseable {

  private static final float MAX_PERIOD = 10000;
  private static final double[] SUM = {1, 1};
  private static final int BLOCK_ROWS = 6;
  private static final int HEAD_ROWS = 2;

  private final Context context;
  private final WanConfig config;
  private final Linear in;
  private final Linear out;
  private final Linear projection;
  private final Tensor blockTables;
  private final Tensor headTable;
  private Groups groups;
  private Tensor indexTensor;
  private int[] index;
  private int layout;

  /** Buffers for a number of different timesteps. */
  private record Groups(
      Scope scope,
      int count,
      Tensor values,
      Tensor sinusoids,
      Tensor hidden,
      Tensor embedded,
      Tensor projected,
      Tensor blocks,
      Tensor head)
      implements AutoCloseable {

    @Override
    public void close() {
      scope.close();
    }
  }

  WanTimesteps(Context context, Weights weights, WanConfig config) throws ModelException {
    this.context = context;
    this.config = config;
    int width = config.width();
    Weights embedder = weights.exact().under("condition_embedder");
    in = embedder.linear("time_embedder.linear_1", width, config.frequencies());
    out = embedder.linear("time_embedder.linear_2", width, width);
    projection = embedder.linear("time_proj", (long) BLOCK_ROWS * width, width);
    blockTables = weights.tensor(DType.F32, config.layers(), 1, BLOCK_ROWS, width);
    for (int i = 0; i < config.layers(); i++) {
      String name = "blocks." + i + ".scale_shift_table";
      weights.copy(blockTables.select(0, i), name, 1, BLOCK_ROWS, width);
    }
    headTable = weights.copy("scale_shift_table", 1, HEAD_ROWS, width);
  }

  /**
   * Sets the timesteps of a forward pass; {@link #compute} comes next.
   *
   * @param timesteps one for all tokens, or one a token
   * @param tokens how many tokens there are
   */
  void set(float[] timesteps, long tokens) {
    if (timesteps.length != 1 && timesteps.length != tokens) {
      throw new IllegalArgumentException(
          "timesteps: expected 1 or %d, got %d.".formatted(tokens, timesteps.length));
    }
    int[] groupOf = new int[timesteps.length];
    float[] values = distinct(timesteps, groupOf);
    if (groups == null || groups.count != values.length) {
      closeGroups();
      groups = allocate(values.length);
      layout++;
    }
    setIndex(values.length == 1 ? null : groupOf);
    groups.values.set(values);
  }

  private static float[] distinct(float[] timesteps, int[] groupOf) {
    float[] values = new float[timesteps.length];
    int count = 0;
    for (int i = 0; i < timesteps.length; i++) {
      int group = 0;
      while (group < count && values[group] != timesteps[i]) {
        group++;
      }
      if (group == count) {
        values[count++] = timesteps[i];
      }
      groupOf[i] = group;
    }
    return Arrays.copyOf(values, count);
  }

  private void setIndex(int[] groupOf) {
    if (Arrays.equals(groupOf, index)) {
      return;
    }
    if (indexTensor != null && (groupOf == null || groupOf.length != index.length)) {
      indexTensor.close();
      indexTensor = null;
      layout++;
    }
    index = groupOf;
    if (groupOf == null) {
      return;
    }
    if (indexTensor == null) {
      indexTensor = context.of(groupOf, groupOf.length);
      layout++;
    } else {
      indexTensor.set(groupOf);
    }
  }

  private Groups allocate(int count) {
    long width = config.width();
    Scope scope = context.scope();
    return new Groups(
        scope,
        count,
        scope.tensor(DType.F32, count),
        scope.tensor(DType.F32, count, config.frequencies()),
        scope.tensor(DType.F32, count, width),
        scope.tensor(DType.F32, count, width),
        scope.tensor(DType.F32, count, BLOCK_ROWS * width),
        scope.tensor(DType.F32, config.layers(), count, BLOCK_ROWS, width),
        scope.tensor(DType.F32, count, HEAD_ROWS, width));
  }

  /** Computes what the timesteps do to the blocks. */
  void compute(Kernels kernels) {
    Groups g = groups;
    long width = config.width();
    kernels.timestepEmbedding(g.values, true, MAX_PERIOD, g.sinusoids);
    in.apply(kernels, g.sinusoids, Activation.SILU, g.hidden);
    out.apply(kernels, g.hidden, g.embedded);
    kernels.activate(g.embedded, Activation.SILU, g.hidden);
    projection.apply(kernels, g.hidden, g.projected);
    long[] shape = g.blocks.shape();
    kernels.combine(
        new Tensor[] {
          blockTables.expand(shape), g.projected.view(1, g.count, BLOCK_ROWS, width).expand(shape)
        },
        new Tensor[] {g.blocks},
        SUM);
    kernels.combine(
        new Tensor[] {
          headTable.expand(g.count, HEAD_ROWS, width),
          g.embedded.view(g.count, 1, width).expand(g.count, HEAD_ROWS, width)
        },
        new Tensor[] {g.head},
        SUM);
  }

  /** Changes when tensors of this object come to lie elsewhere. */
  int layout() {
    return layout;
  }

  /** [groups, 6, width] of a block. */
  Tensor block(int i) {
    return groups.blocks.select(0, i);
  }

  /** [groups, 2, width] of the output norm: shift, scale. */
  Tensor head() {
    return groups.head;
  }

  /** [tokens], the group of each token, or null when there is one. */
  Tensor index() {
    return indexTensor;
  }

  private void closeGroups() {
    if (groups != null) {
      groups.close();
      groups = null;
    }
  }

  @Override
  public void close() {
    closeGroups();
    setIndex(null);
  }
}
