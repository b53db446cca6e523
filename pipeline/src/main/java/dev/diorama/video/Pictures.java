package dev.diorama.video;

import dev.diorama.Context;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import dev.diorama.media.Resample;
import dev.diorama.model.clip.ClipPreprocessor;
import dev.diorama.model.clip.ClipVision;
import dev.diorama.model.vae.VideoCodec;
import java.awt.image.BufferedImage;
import java.io.IOException;

/** The first frame of a request, on its ways into the model. */
final class Pictures {
  private final Parts parts;
  private final Context context;
  private final VideoRequest request;
  private final Run run;

  Pictures(Parts parts, Context context, VideoRequest request, Run run) {
    this.parts = parts;
    this.context = context;
    this.request = request;
    this.run = run;
  }

  /** The tensors of the denoising loop, with the picture encoded in them; the scope owns them. */
  Conditioning condition(Scope scope) throws IOException {
    ModelTraits traits = parts.model().traits();
    long[] shape = traits.latentsShape(request);
    if (request.image() == null) {
      return Conditioning.none(scope, shape);
    }
    float[] picture =
        FirstFrame.pixels(request.image(), request.fit(), request.width(), request.height());
    int total = traits.clip() ? 2 : 1;
    run.progress(Stage.IMAGE, 0, total);
    Conditioning conditioning;
    if (traits.imageUse() == VideoModel.ImageUse.REQUIRED) {
      int stride = traits.codec().temporalStride();
      conditioning = Conditioning.besideLatents(context, scope, shape, stride);
      encode(picture, request.frames(), conditioning.encodedVideo());
    } else {
      conditioning = Conditioning.fixedFirstFrame(scope, shape);
      encode(picture, 1, conditioning.firstFrame());
    }
    run.progress(Stage.IMAGE, 1, total);
    return conditioning;
  }

  private void encode(float[] picture, int frames, Tensor latents) throws IOException {
    var size = new VideoCodec.Size(frames, request.height(), request.width());
    try (Shared<Loaded<VideoCodec>>.Lease codec = parts.model().codec()) {
      VideoCodec encoder = codec.get().part();
      VideoCodec.Tiles tiles =
          encoder.encodesInTiles()
              ? new TileChoice(parts.model(), context)
                  .of(latents.shape(), cut -> encoder.encodeBytes(size, cut))
              : VideoCodec.Tiles.NONE;
      VideoCodec.FrameSource video = Conditioning.pictureThenGrey(picture);
      encoder.encode(context, video, size, tiles, latents, run::checkpoint);
      context.synchronize();
    }
  }

  /** The states of the image encoder, owned by the scope; null for a model without one. */
  Tensor clipStates(Scope scope) throws IOException {
    if (!parts.model().traits().clip()) {
      return null;
    }
    run.checkpoint();
    var rules = ClipPreprocessor.open(parts.model().component("image_processor"));
    float[] values = clipPixels(rules, request.image());
    try (Shared<Loaded<ClipVision>>.Lease encoder = parts.imageEncoder();
        Tensor pixels = context.of(values, 3, rules.cropHeight(), rules.cropWidth())) {
      Tensor states = scope.keep(encoder.get().part().encode(pixels));
      run.progress(Stage.IMAGE, 2, 2);
      return states;
    }
  }

  private static float[] clipPixels(ClipPreprocessor rules, BufferedImage image) {
    int width = rules.resizedWidth(image.getWidth(), image.getHeight());
    int height = rules.resizedHeight(image.getWidth(), image.getHeight());
    byte[] resized =
        Resample.resize(
            FirstFrame.rgb(image),
            image.getWidth(),
            image.getHeight(),
            3,
            width,
            height,
            Resample.Filter.BICUBIC);
    return rules.normalize(resized, width, height);
  }
}
