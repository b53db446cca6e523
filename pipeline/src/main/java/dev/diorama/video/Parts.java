package dev.diorama.video;

import dev.diorama.Context;
import dev.diorama.model.Component;
import dev.diorama.model.Safetensors;
import dev.diorama.model.Weights;
import dev.diorama.model.clip.ClipVision;
import dev.diorama.model.text.TextEncoder;
import dev.diorama.model.wan.WanConfig;
import dev.diorama.model.wan.WanTransformer;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The parts of a model as one generator uses them: on its context, over the shared weights. On a
 * device the next part is loaded by another thread while one computes, where both have room.
 */
final class Parts implements AutoCloseable {

  /** Opens a part over its weights. */
  @FunctionalInterface
  private interface Opener<T> {
    T open(Context context, Component component, Weights weights) throws IOException;
  }

  private final VideoModel model;
  private final Context context;
  private final Shared<Loaded<TextEncoder>> textEncoder;
  private final Shared<Loaded<ClipVision>> imageEncoder;
  private final Map<String, Shared<Loaded<WanTransformer>>> transformers = new LinkedHashMap<>();
  private final ExecutorService loader;
  private long transformerBuffers;

  Parts(VideoModel model, Context context) {
    this.model = model;
    this.context = context;
    textEncoder = part("text_encoder", TextEncoder::open);
    imageEncoder = part("image_encoder", ClipVision::open);
    loader =
        context.backend().onDevice()
            ? Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("diorama-loader").factory())
            : null;
  }

  VideoModel model() {
    return model;
  }

  /** Hears what the next request will need. */
  void expect(VideoRequest request) throws IOException {
    if (model.budget() == null) {
      return;
    }
    long[] shape = model.traits().latentsShape(request);
    shape[0] = model.traits().inputChannels();
    WanConfig config = WanConfig.of(model.component("transformer").config());
    transformerBuffers = WanTransformer.bufferBytes(context, config, shape, model.dtype());
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
    return shared(name).acquire();
  }

  private Shared<Loaded<WanTransformer>> shared(String name) {
    return transformers.computeIfAbsent(name, key -> part(key, WanTransformer::open));
  }

  /** Loads a transformer in the background, where it has room beside what is loaded now. */
  void prepareTransformer(String name) throws IOException {
    if (loader != null && need(name) + transformerBuffers <= model.budget().left(context)) {
      shared(name).prepare(loader, () -> open(name, false, WanTransformer::open));
    }
  }

  /** Loads the codec in the background, where it has room. */
  void prepareCodec() throws IOException {
    if (loader != null && need("vae") <= model.budget().left(context)) {
      model.prepareCodec(loader);
    }
  }

  /** Closes what was prepared for a request that has ended. */
  void settle() {
    transformers.values().forEach(Shared::settle);
    model.settleCodec();
  }

  private <T extends AutoCloseable> Shared<Loaded<T>> part(String name, Opener<T> opener) {
    return new Shared<>(model.keeps(), () -> open(name, streams(name), opener));
  }

  private <T extends AutoCloseable> Loaded<T> open(String name, boolean streamed, Opener<T> opener)
      throws IOException {
    Component component = model.component(name);
    return model.load(
        name, streamed, context::synchronize, weights -> opener.open(context, component, weights));
  }

  /** Whether a part has no room as a whole. */
  private boolean streams(String name) throws IOException {
    if (model.budget() == null) {
      return false;
    }
    long buffers = name.startsWith("transformer") ? transformerBuffers : 0;
    return need(name) + buffers > model.budget().left(context);
  }

  private long need(String name) throws IOException {
    try (Shared<Safetensors>.Lease file = model.weights(name)) {
      return DeviceBudget.bytes(file.get(), model.dtype());
    }
  }

  @Override
  public void close() {
    if (loader != null) {
      loader.close();
    }
    textEncoder.close();
    imageEncoder.close();
    transformers.values().forEach(Shared::close);
  }
}
