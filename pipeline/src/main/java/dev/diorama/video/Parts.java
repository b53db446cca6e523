package dev.diorama.video;

import dev.diorama.Context;
import dev.diorama.model.Safetensors;
import dev.diorama.model.wan.WanTransformer;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** The parts of a model as one generator uses them: on its context, over the shared weights. */
final class Parts implements AutoCloseable {
  private final VideoModel model;
  private final Context context;
  private final Map<String, Shared<Loaded<WanTransformer>>> transformers = new LinkedHashMap<>();

  Parts(VideoModel model, Context context) {
    this.model = model;
    this.context = context;
  }

  /** A use of a transformer, by its name in the model's index. */
  Shared<Loaded<WanTransformer>>.Lease transformer(String name) throws IOException {
    return transformers
        .computeIfAbsent(name, key -> new Shared<>(model.keeps(), () -> openTransformer(key)))
        .acquire();
  }

  private Loaded<WanTransformer> openTransformer(String name) throws IOException {
    Shared<Safetensors>.Lease weights = model.weights(name);
    boolean done = false;
    try {
      WanTransformer opened =
          WanTransformer.open(context, model.component(name), weights.get());
      done = true;
      return new Loaded<>(opened, weights);
    } finally {
      if (!done) {
        weights.close();
      }
    }
  }

  @Override
  public void close() {
    transformers.values().forEach(Shared::close);
  }
}
