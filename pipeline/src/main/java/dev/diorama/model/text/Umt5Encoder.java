package dev.diorama.model.text;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Kernels;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import dev.diorama.model.Blocks;
import dev.diorama.model.Component;
import dev.diorama.model.ModelException;
import dev.diorama.model.Weights;
import java.io.IOException;

/**
 * The encoder of UMT5 (Chung et al. 2023). It runs on the prompt's own tokens only: the padding is
 * masked in training, so leaving it out changes nothing but the time.
 */
final class Umt5Encoder implements TextEncoder {

  private final Context context;
  private final Umt5Config config;
  private final Tensor embedding;
  private final DType dtype;
  private final Blocks<Umt5Block> blocks;
  private final Tensor finalNorm;

  private Umt5Encoder(Context context, Umt5Config config, Weights weights) throws ModelException {
    this.context = context;
    this.config = config;
    String table = weights.has("shared.weight") ? "shared.weight" : "encoder.embed_tokens.weight";
    embedding = weights.mapped(table, config.vocabulary(), config.width());
    dtype = weights.dtype();
    blocks =
        weights.blocks(
            config.layers(),
            (source, i) -> new Umt5Block(source.under("encoder.block." + i), config));
    finalNorm = weights.get("encoder.final_layer_norm.weight", config.width());
  }

  static Umt5Encoder open(Context context, Component component, Weights weights)
      throws IOException {
    return new Umt5Encoder(context, Umt5Config.of(component.config()), weights);
  }

  @Override
  public Tensor encode(Tokens tokens) {
    int[] ids = tokens.prompt();
    for (int id : ids) {
      if (id < 0 || id >= config.vocabulary()) {
        throw new IllegalArgumentException(
            "tokens: %d is not in 0 to %d; the tokenizer and the text encoder do not fit together."
                .formatted(id, config.vocabulary() - 1));
      }
    }
    Kernels kernels = context.kernels();
    Tensor out = context.zeros(DType.F32, 1, tokens.ids().length, config.width());
    boolean done = false;
    try (Scope scope = context.scope()) {
      Umt5Buffers buffers = Umt5Buffers.of(scope, config, ids.length, dtype);
      embed(scope, ids, buffers.states());
      blocks.forEach(context, (i, block) -> block.run(kernels, buffers));
      Tensor states = out.select(0, 0).slice(0, 0, ids.length);
      kernels.rmsNorm(buffers.states(), finalNorm, null, null, null, config.eps(), states);
      done = true;
      return out;
    } finally {
      if (!done) {
        out.close();
      }
    }
  }

  /** The table is most of the file and a prompt needs few of its rows: a device gets only those. */
  private void embed(Scope scope, int[] ids, Tensor states) {
    if (!context.backend().onDevice()) {
      context.kernels().embedding(embedding, scope.of(ids, ids.length), states);
      return;
    }
    int row = Math.toIntExact(config.width() * embedding.dtype().bytes());
    byte[] rows = new byte[Math.multiplyExact(ids.length, row)];
    for (int i = 0; i < ids.length; i++) {
      System.arraycopy(embedding.select(0, ids[i]).toBytes(), 0, rows, i * row, row);
    }
    Tensor chosen = scope.tensor(embedding.dtype(), ids.length, config.width());
    chosen.set(rows);
    context.kernels().copy(chosen, states);
  }

  @Override
  public void close() {
    // The weights belong to whoever brought them, the buffers to each call.
  }
}
