package dev.diorama.video;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Tensor;
import dev.diorama.model.vae.VideoCodec;
import java.io.IOException;

/** Hands decoded pixels to a consumer, frame by frame. */
final class FrameDelivery implements VideoCodec.PixelSink {
  private final Context context;
  private final FrameConsumer consumer;
  private final Run run;
  private final int frames;

  FrameDelivery(Context context, FrameConsumer consumer, Run run, int frames) {
    this.context = context;
    this.consumer = consumer;
    this.run = run;
    this.frames = frames;
  }

  @Override
  public void write(int first, Tensor pixels) throws IOException {
    int height = (int) pixels.size(2);
    int width = (int) pixels.size(3);
    try (Tensor rounded = context.tensor(DType.U8, height, width, 3)) {
      for (int i = 0; i < pixels.size(1); i++) {
        Tensor frame = pixels.select(0, 0).select(0, i);
        context.kernels().toRgb8(frame, rounded);
        consumer.accept(
            new VideoFrame(first + i, width, height, frame.toFloats(), rounded.toBytes()));
        run.progress(Stage.DECODE, first + i + 1, frames);
      }
    }
  }
}
