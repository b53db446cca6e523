package dev.diorama.model.text;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Kernels;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import dev.diorama.model.Component;
import dev.diorama.model.ModelException;
import dev.diorama.model.Safetensors;
import dev.diorama.model.Weights;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The encoder of UMT5 (Chung et al. 2023). It runs on the prompt's own tokens only: the padding is
 * masked in training, so leaving it out changes nothing but the time.
 */
final class Umt5Encoder implements TextEncoder {

  private final Context context;
  private final Umt5Config config;
  private final Tensor embedding;
  private final List<Umt5Block> blocks = new ArrayList<>();
  private final Tensor finalNorm;

  private Umt5Encoder(Context context, Umt5Config config, Weights weights) throws ModelException {
    this.context = context;
    this.config = config;
    String table = weights.has("shared.weight") ? "shared.weight" : "encoder.embed_tokens.weight";
    embedding = weights.get(table, config.vocabulary(), config.width());
    for (int i = 0; i < config.layers(); i++) {
      blocks.add(new Umt5Block(weights.under("encoder.block." + i), config));
    }
    finalNorm = weights.get("encoder.final_layer_norm.weight", config.width());
  }

  static Umt5Encoder open(Context context, Component component, Safetensors weights)
      throws IOException {
    return new Umt5Encoder(context, Umt5Config.of(component.config()), new Weights(weights));
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
      Umt5Buffers buffers = Umt5Buffers.of(scope, config, ids.length);
      kernels.embedding(embedding, scope.of(ids, ids.length), buffers.states());
      for (Umt5Block block : blocks) {
        block.run(kernels, buffers);
      }
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

  @Override
  public void close() {
    // The weights belong to whoever mapped them, the buffers to each call.
  }
}
