package dev.diorama.model.wan;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import java.util.Arrays;

/** Everything that a forward pass writes to, made once for a shape of video. */
final class WanBuffers implements AutoCloseable {

  private static final long FFN_BYTES = 64L << 20;
  private static final int FFN_ROW_MULTIPLE = 64;
  private static final long DEVICE_FFN_ROWS = 1L << 15;

  final PatchGrid grid;
  final long tokens;
  final Tensor patches;
  final Tensor states;
  final Tensor normed;
  final Tensor query;

  /**
   * On a device: where a product waits for the pass that adds it to the states and makes the next
   * norm, in the query's memory, which is free by then. Null on a processor, where a product adds
   * to the states as it is made: that moves fewer bytes where everything is F32.
   */
  final Tensor branch;

  final Tensor key;
  final Tensor value;
  final Tensor ffn;
  final Tensor projected;
  final Tensor ones;
  final Tensor cosine;
  final Tensor sine;
  private final Scope scope;

  /**
   * Makes them.
   *
   * @param dtype of what products and attention read; the states that they are added to are F32
   */
  WanBuffers(Context context, WanConfig config, PatchGrid grid, DType dtype) {
    this.grid = grid;
    this.tokens = grid.tokens();
    this.scope = context.scope();
    long width = config.width();
    patches = scope.tensor(dtype, 1, tokens, (long) config.inChannels() * config.patchVolume());
    states = scope.tensor(DType.F32, tokens, width);
    normed = scope.tensor(dtype, tokens, width);
    query = scope.tensor(dtype, tokens, width);
    branch = context.backend().onDevice() ? query : null;
    key = scope.tensor(dtype, tokens, width);
    value = scope.tensor(dtype, tokens, width);
    ffn = scope.tensor(dtype, ffnRows(context, config, tokens), config.ffnWidth());
    projected =
        scope.tensor(DType.F32, 1, tokens, (long) config.outChannels() * config.patchVolume());
    RotaryTable table = RotaryTable.of(config, grid);
    float[] one = new float[config.width()];
    Arrays.fill(one, 1);
    ones = scope.of(one, 1, width);
    cosine = scope.of(table.cosine(), tokens, config.headSize() / 2);
    sine = scope.of(table.sine(), tokens, config.headSize() / 2);
  }

  /** What these tensors take, in bytes. */
  static long bytes(Context context, WanConfig config, PatchGrid grid, DType dtype) {
    long tokens = grid.tokens();
    long wide = tokens * (config.inChannels() * config.patchVolume() + 4L * config.width());
    long exact =
        tokens
            * (config.width()
                + config.headSize()
                + (long) config.outChannels() * config.patchVolume());
    long ffn = ffnRows(context, config, tokens) * config.ffnWidth();
    return (wide + ffn) * dtype.bytes() + exact * DType.F32.bytes();
  }

  /**
   * The feed-forward layer is the widest; it runs on some rows at a time, which stay in a
   * processor's caches. A device has none that large, and the more rows the better.
   */
  private static long ffnRows(Context context, WanConfig config, long tokens) {
    if (context.backend().onDevice()) {
      return Math.min(tokens, DEVICE_FFN_ROWS);
    }
    long rows = FFN_BYTES / ((long) config.ffnWidth() * Float.BYTES);
    long rounded = Math.max(1, rows / FFN_ROW_MULTIPLE) * FFN_ROW_MULTIPLE;
    return Math.min(rounded, tokens);
  }

  @Override
  public void close() {
    scope.close();
  }
}
