package dev.diorama.video;

import dev.diorama.Context;
import dev.diorama.Generator;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import dev.diorama.model.vae.VideoCodec;
import dev.diorama.video.scheduler.Scheduler;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Runs requests on a {@link VideoModel}, one after the other, with a context of its own. Used by
 * one thread at a time; a second one gets an {@link IllegalStateException}. Many generators work
 * side by side on one model.
 */
public final class VideoGenerator implements AutoCloseable {
  private final VideoModel model;
  private final Context context;
  private final Parts parts;
  private final AtomicBoolean busy = new AtomicBoolean();
  private LatentsListener latentsListener = LatentsListener.NONE;

  VideoGenerator(VideoModel model) {
    this.model = model;
    context = model.backend().newContext();
    parts = new Parts(model, context);
  }

  /**
   * Lets somebody see the latents of later requests after every step.
   *
   * @param listener who
   */
  public void setLatentsListener(LatentsListener listener) {
    latentsListener = listener;
  }

  /**
   * The context that this generator computes on.
   *
   * @return the context; it is closed with the generator
   */
  public Context context() {
    return context;
  }

  /**
   * Makes a video. The request is checked first; its latents are written, where it asks for that,
   * before they are decoded.
   *
   * @param request what to make
   * @param consumer receives each frame when it is decoded
   * @param listener hears about the progress
   * @param token may cancel the work from another thread
   * @throws IllegalArgumentException when the request does not fit the model
   * @throws CancellationException when the token was cancelled
   * @throws IOException when weights cannot be read, or latents or frames not written
   */
  public void generate(
      VideoRequest request,
      FrameConsumer consumer,
      ProgressListener listener,
      CancellationToken token)
      throws IOException {
    model.check(request);
    begin();
    Run run = new Run(listener, latentsListener, token);
    try (Scope scope = context.scope()) {
      parts.expect(request);
      Scheduler scheduler = model.traits().scheduler().create(request.steps(), request.flowShift());
      String first = Denoiser.expert(model.traits(), scheduler, 0);
      Tensor[] text =
          new Prompts(parts, request, run).encode(scope, () -> parts.prepareTransformer(first));
      endStage();
      Pictures pictures = new Pictures(parts, context, request, run);
      Conditioning conditioning = pictures.condition(scope);
      Tensor image = pictures.clipStates(scope);
      endStage();
      Tensor latents = conditioning.latents();
      try (Generator noise = context.generator(request.seed())) {
        context.kernels().randn(noise, latents);
      }
      new Denoiser(context, model.traits(), request, scheduler, run)
          .denoise(
              parts,
              conditioning,
              new Denoiser.States(text[0], text.length > 1 ? text[1] : null, image));
      endStage();
      if (request.latents() != null) {
        LatentsFile.write(request.latents(), latents, model.name(), request);
      }
      decode(latents, request.frames(), consumer, run);
    } finally {
      parts.settle();
      busy.set(false);
    }
  }

  /**
   * Decodes latents that an earlier request kept.
   *
   * @param latents the file
   * @param consumer receives each frame when it is decoded
   * @param listener hears about the progress
   * @param token may cancel the work from another thread
   * @throws CancellationException when the token was cancelled
   * @throws IOException when the file is not one of this model's latents, or frames cannot be
   *     written
   */
  public void decode(
      Path latents, FrameConsumer consumer, ProgressListener listener, CancellationToken token)
      throws IOException {
    begin();
    try (Scope scope = context.scope()) {
      Tensor read = LatentsFile.read(latents, model.traits().codec(), scope, context);
      int frames = 1 + ((int) read.size(1) - 1) * model.frameStride();
      decode(read, frames, consumer, new Run(listener, latentsListener, token));
    } finally {
      busy.set(false);
    }
  }

  private void decode(Tensor latents, int frames, FrameConsumer consumer, Run run)
      throws IOException {
    run.progress(Stage.DECODE, 0, frames);
    try (Shared<Loaded<VideoCodec>>.Lease codec = model.codec()) {
      FrameDelivery delivery = new FrameDelivery(context, consumer, run, frames);
      VideoCodec decoder = codec.get().part();
      long[] shape = latents.shape();
      VideoCodec.Tiles tiles =
          decoder.decodesInTiles()
              ? new TileChoice(model, context).of(shape, cut -> decoder.decodeBytes(shape, cut))
              : VideoCodec.Tiles.NONE;
      if (!decoder.decodesInTiles() && model.execution().tiles()) {
        run.notice("this model's codec takes so little memory that it decodes without tiles");
      }
      decoder.decode(context, latents, tiles, delivery, run::checkpoint);
      context.synchronize();
    }
  }

  /** Gives back what a stage used, where the next part needs the room. */
  private void endStage() {
    if (!model.keeps()) {
      context.trim();
    }
  }

  private void begin() {
    if (!busy.compareAndSet(false, true)) {
      throw new IllegalStateException("another thread is using this generator");
    }
  }

  @Override
  public void close() {
    parts.close();
    context.close();
  }
}
