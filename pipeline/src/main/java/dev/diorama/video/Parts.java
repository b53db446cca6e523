package dev.diorama.video;

import dev.diorama.Context;
import dev.diorama.model.Component;
import dev.diorama.model.Safetensors;
import dev.diorama.model.clip.ClipVision;
import dev.diorama.model.text.TextEncoder;
import dev.diorama.model.wan.WanTransformer;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** The parts of a model as one generator uses them: on its context, over the shared weights. */
final class Parts implements AutoCloseable {

  /** Opens a part over its mapped weights. */
  @FunctionalInterface
  private interface Opener<T> {
    T open(Context context, Component component, Safetensors weights) throws IOException;
  }

  private final VideoModel model;
  private final Context context;
  private final Shared<Loaded<TextEncoder>> textEncoder;
  private final Shared<Loaded<ClipVision>> imageEncoder;
  private final Map<String, Shared<Loaded<WanTransformer>>> transformers = new LinkedHashMap<>();

  Parts(VideoModel model, Context context) {
    this.model = model;
    this.context = context;
    textEncoder = part("text_encoder", TextEncoder::open);
    imageEncoder = part("image_encoder", ClipVision::open);
  }

  VideoModel model() {
    return model;
  }

  /** A use of the text encoder. */
  Shared<Loaded<TextEncoder>>.Lease textEncoder() throws IOException {
    return textEncoder.acquire();
  }

  /** A use of the image encoder. */
  Shared<Loaded<ClipVision>>.Lease imageEncoder() throws IOException {
    return imageEncoder.acquire();
  }

  /** A use of a transformer, by its name in the model's index. */
  Shared<Loaded<WanTransformer>>.Lease transformer(String name) throws IOException {
    return transformers.computeIfAbsent(name, key -> part(key, WanTransformer::open)).acquire();
  }

  private <T extends AutoCloseable> Shared<Loaded<T>> part(String name, Opener<T> opener) {
    return new Shared<>(model.keeps(), () -> open(name, opener));
  }

  private <T extends AutoCloseable> Loaded<T> open(String name, Opener<T> opener)
      throws IOException {
    Shared<Safetensors>.Lease weights = model.weights(name);
    boolean done = false;
    try {
      T part = opener.open(context, model.component(name), weights.get());
      done = true;
      return new Loaded<>(part, weights);
    } finally {
      if (!done) {
        weights.close();
      }
    }
  }

  @Override
  public void close() {
    textEncoder.close();
    imageEncoder.close();
    transformers.values().forEach(Shared::close);
  }
}
