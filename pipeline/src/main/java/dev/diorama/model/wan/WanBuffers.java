package dev.diorama.model.wan;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Scope;
import dev.diorama.Tensor;

/** Everything that a forward pass writes to, made once for a shape of video. */
final class WanBuffers implements AutoCloseable {

  private static final long FFN_BYTES = 64L << 20;
  private static final int FFN_ROW_MULTIPLE = 64;

  final PatchGrid grid;
  final long tokens;
  final Tensor patches;
  final Tensor states;
  final Tensor normed;
  final Tensor query;
  final Tensor key;
  final Tensor value;
  final Tensor ffn;
  final Tensor projected;
  final Tensor cosine;
  final Tensor sine;
  private final Scope scope;

  WanBuffers(Context context, WanConfig config, PatchGrid grid) {
    this.grid = grid;
    this.tokens = grid.tokens();
    this.scope = context.scope();
    long width = config.width();
    patches = scope.tensor(DType.F32, 1, tokens, (long) config.inChannels() * config.patchVolume());
    states = scope.tensor(DType.F32, tokens, width);
    normed = scope.tensor(DType.F32, tokens, width);
    query = scope.tensor(DType.F32, tokens, width);
    key = scope.tensor(DType.F32, tokens, width);
    value = scope.tensor(DType.F32, tokens, width);
    ffn = scope.tensor(DType.F32, ffnRows(config), config.ffnWidth());
    projected =
        scope.tensor(DType.F32, 1, tokens, (long) config.outChannels() * config.patchVolume());
    RotaryTable table = RotaryTable.of(config, grid);
    cosine = scope.of(table.cosine(), tokens, config.headSize() / 2);
    sine = scope.of(table.sine(), tokens, config.headSize() / 2);
  }

  /** The feed-forward layer is the widest; it runs on some rows at a time. */
  private long ffnRows(WanConfig config) {
    long rows = FFN_BYTES / ((long) config.ffnWidth() * Float.BYTES);
    long rounded = Math.max(1, rows / FFN_ROW_MULTIPLE) * FFN_ROW_MULTIPLE;
    return Math.min(rounded, tokens);
  }

  @Override
  public void close() {
    scope.close();
  }
}
