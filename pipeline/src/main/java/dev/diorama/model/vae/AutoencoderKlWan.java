package dev.diorama.model.vae;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import dev.diorama.model.Config;
import dev.diorama.model.ModelException;
import dev.diorama.model.Weights;
import java.io.IOException;
import java.util.List;

/**
 * The causal VAE of Wan 2.1 and, with residual stages and pixels in patches, of Wan 2.2. Works
 * chunk by chunk: the first frame alone, then as many frames as one latent frame stands for.
 */
public final class AutoencoderKlWan implements VideoCodec {
  private static final float ALL = Float.POSITIVE_INFINITY;
  private static final int RGB = 3;

  private final VaeConfig config;
  private final DType dtype;
  private final List<Layer> encoder;
  private final ChannelLinear moments;
  private final ChannelLinear latentInput;
  private final List<Layer> decoder;
  private final Tensor mean;
  private final Tensor deviation;
  private final Tensor inverseMean;
  private final Tensor inverseDeviation;
  private final Tensor half;

  private AutoencoderKlWan(VaeConfig config, VaeWeights weights) throws ModelException {
    this.config = config;
    dtype = weights.dtype();
    int z = config.zDim();
    encoder = VaeNetworks.encoder(config, weights);
    moments = weights.linear("quant_conv", 2 * z, 2 * z, 3);
    latentInput = weights.linear("post_quant_conv", z, z, 3);
    decoder = VaeNetworks.decoder(config, weights);
    mean = weights.constant(config.latentsMean());
    deviation = weights.constant(config.latentsStd());
    float[] scale = new float[z];
    float[] shift = new float[z];
    for (int i = 0; i < z; i++) {
      scale[i] = 1 / config.latentsStd()[i];
      shift[i] = -config.latentsMean()[i] * scale[i];
    }
    inverseDeviation = weights.constant(scale);
    inverseMean = weights.constant(shift);
    half = weights.constant(0.5f);
  }

  /**
   * Opens a VAE.
   *
   * @param json its {@code config.json}
   * @param weights its weights; must stay open longer
   * @return the codec
   * @throws ModelException when the configuration is not understood or the weights do not fit it
   */
  public static AutoencoderKlWan open(Config json, Weights weights) throws ModelException {
    return new AutoencoderKlWan(VaeConfig.read(json), new VaeWeights(weights));
  }

  @Override
  public int latentChannels() {
    return config.zDim();
  }

  @Override
  public int spatialStride() {
    return config.spatialStride();
  }

  @Override
  public int temporalStride() {
    return config.temporalStride();
  }

  @Override
  public long encodeBytes(Size size, Tiles tiles) {
    long height = size.height() / spatialStride();
    long width = size.width() / spatialStride();
    Tiling tiling = encoderTiling(tiles, height, width);
    return EncoderShape.bytes(config, height, width, dtype.bytes(), tiling);
  }

  @Override
  public boolean encodesInTiles() {
    return EncoderShape.local(config);
  }

  private Tiling encoderTiling(Tiles tiles, long height, long width) {
    Tiles possible = encodesInTiles() ? tiles : Tiles.NONE;
    return new Tiling(possible, height, width, EncoderShape.margin(config));
  }

  @Override
  public void encode(
      Context context,
      FrameSource video,
      Size size,
      Tiles tiles,
      Tensor latents,
      Runnable checkpoint) {
    int z = config.zDim();
    encodeChunks(
        context,
        video,
        size,
        tiles,
        checkpoint,
        (index, chunk) ->
            context
                .kernels()
                .channelAffine(
                    chunk.select(0, 0).slice(3, 0, z),
                    inverseDeviation,
                    inverseMean,
                    -ALL,
                    ALL,
                    latents.slice(1, index, index + 1).permute(1, 2, 3, 0)));
  }

  /**
   * Encodes a video to the distribution that the VAE was trained with.
   *
   * @param context where to compute
   * @param video where the pixels come from
   * @param size of the video
   * @param out receives means, then log variances, [frames, height, width, 2 x channels]
   * @param checkpoint called between layers; what it throws ends the work
   */
  public void moments(
      Context context, FrameSource video, Size size, Tensor out, Runnable checkpoint) {
    encodeChunks(
        context,
        video,
        size,
        Tiles.NONE,
        checkpoint,
        (index, chunk) ->
            context.kernels().copy(chunk.select(0, 0), out.slice(0, index, index + 1)));
  }

  private interface ChunkSink {
    void write(int index, Tensor chunk);
  }

  private void encodeChunks(
      Context context,
      FrameSource video,
      Size size,
      Tiles tiles,
      Runnable checkpoint,
      ChunkSink sink) {
    int stride = spatialStride();
    List<Tiling.Tile> cut =
        encoderTiling(tiles, size.height() / stride, size.width() / stride).tiles();
    int local = encoder.size() - VaeNetworks.BACK;
    try (Scope passes = context.scope();
        Pass back = new Pass(context, dtype, checkpoint)) {
      List<Pass> front = passes(passes, context, cut, checkpoint);
      int frame = 0;
      for (int index = 0; frame < size.frames(); index++) {
        int count = index == 0 ? 1 : config.temporalStride();
        back.beginChunk();
        try {
          Tensor pixels = back.tensor(1, count, size.height(), size.width(), RGB);
          video.read(frame, pixels);
          Tensor x = patches(back, pixels);
          x =
              cut.size() == 1
                  ? apply(encoder.subList(0, local), back, x)
                  : encodeTiles(back, cut, front, x);
          x = apply(encoder.subList(local, encoder.size()), back, x);
          sink.write(index, moments.apply(back, x));
        } finally {
          back.endChunk();
        }
        frame += count;
      }
    }
  }

  /** Everything in front of the middle, tile by tile. */
  private Tensor encodeTiles(Pass back, List<Tiling.Tile> cut, List<Pass> front, Tensor x) {
    int scale = spatialStride() / config.patch();
    Tensor whole = null;
    for (int i = 0; i < cut.size(); i++) {
      Tiling.Tile tile = cut.get(i);
      Pass pass = front.get(i);
      pass.beginChunk();
      try {
        Tensor own = copied(pass, tile.outer(x, scale));
        Tensor y = apply(encoder.subList(0, encoder.size() - VaeNetworks.BACK), pass, own);
        if (whole == null) {
          whole = back.tensor(1, y.size(1), x.size(2) / scale, x.size(3) / scale, y.size(4));
        }
        pass.kernels().copy(tile.inner(y, 1), tile.place(whole, 1));
      } finally {
        pass.endChunk();
      }
    }
    x.close();
    return whole;
  }

  /** Each tile carries its own frames. */
  private List<Pass> passes(
      Scope scope, Context context, List<Tiling.Tile> cut, Runnable checkpoint) {
    return cut.stream().map(tile -> scope.keep(new Pass(context, dtype, checkpoint))).toList();
  }

  private static Tensor copied(Pass pass, Tensor part) {
    Tensor own = pass.tensor(part.shape());
    pass.kernels().copy(part, own);
    return own;
  }

  private static Tensor apply(List<Layer> layers, Pass pass, Tensor x) {
    Tensor y = x;
    for (Layer layer : layers) {
      y = layer.apply(pass, y);
    }
    return y;
  }

  private Tensor patches(Pass pass, Tensor pixels) {
    int patch = config.patch();
    if (patch == 1) {
      return pixels;
    }
    long height = pixels.size(2) / patch;
    long width = pixels.size(3) / patch;
    Tensor out = pass.tensor(1, pixels.size(1), height, width, config.pixelChannels());
    Tensor tokens = out.view(1, -1, config.pixelChannels());
    pass.kernels().patchify(pixels, 1, patch, patch, true, tokens);
    pixels.close();
    return out;
  }

  @Override
  public long decodeBytes(long[] latents, Tiles tiles) {
    Tiling tiling = tiling(tiles, latents[2], latents[3]);
    return DecoderShape.bytes(config, latents[2], latents[3], dtype.bytes(), tiling);
  }

  @Override
  public boolean decodesInTiles() {
    return true;
  }

  private Tiling tiling(Tiles tiles, long height, long width) {
    return new Tiling(tiles, height, width, DecoderShape.margin(config));
  }

  @Override
  public void decode(
      Context context, Tensor latents, Tiles tiles, PixelSink sink, Runnable checkpoint)
      throws IOException {
    List<Tiling.Tile> cut = tiling(tiles, latents.size(2), latents.size(3)).tiles();
    try (Scope passes = context.scope();
        Pass front = new Pass(context, dtype, checkpoint)) {
      List<Pass> behind = passes(passes, context, cut, checkpoint);
      int frame = 0;
      for (int index = 0; index < latents.size(1); index++) {
        front.beginChunk();
        try {
          Tensor x = latentInput.apply(front, denormalised(front, latents, index));
          x = apply(decoder.subList(0, VaeNetworks.FRONT), front, x);
          Tensor pixels =
              cut.size() == 1 ? decodeBehind(front, x) : decodeTiles(front, cut, behind, x);
          sink.write(frame, pixels);
          frame += (int) pixels.size(1);
        } finally {
          front.endChunk();
        }
      }
    }
  }

  /** What comes behind the middle, whose attention sees the whole picture. */
  private Tensor decodeBehind(Pass pass, Tensor x) {
    return pixels(pass, apply(decoder.subList(VaeNetworks.FRONT, decoder.size()), pass, x));
  }

  private Tensor decodeTiles(Pass front, List<Tiling.Tile> cut, List<Pass> behind, Tensor x) {
    int scale = config.spatialStride();
    Tensor picture = null;
    for (int i = 0; i < cut.size(); i++) {
      Tiling.Tile tile = cut.get(i);
      Pass pass = behind.get(i);
      pass.beginChunk();
      try {
        Tensor pixels = decodeBehind(pass, copied(pass, tile.outer(x, 1)));
        if (picture == null) {
          long height = x.size(2) * scale;
          picture = front.tensor(1, pixels.size(1), height, x.size(3) * scale, RGB);
        }
        pass.kernels().copy(tile.inner(pixels, scale), tile.place(picture, scale));
      } finally {
        pass.endChunk();
      }
    }
    x.close();
    return picture;
  }

  private Tensor denormalised(Pass pass, Tensor latents, int index) {
    Tensor frame = latents.slice(1, index, index + 1).permute(1, 2, 3, 0);
    Tensor x = pass.tensor(1, 1, frame.size(1), frame.size(2), frame.size(3));
    pass.kernels().channelAffine(frame, deviation, mean, -ALL, ALL, x.select(0, 0));
    return x;
  }

  private Tensor pixels(Pass pass, Tensor x) {
    Tensor pixels = x;
    int patch = config.patch();
    if (patch > 1) {
      pixels = pass.tensor(1, x.size(1), x.size(2) * patch, x.size(3) * patch, 3);
      Tensor tokens = x.view(1, -1, config.pixelChannels());
      pass.kernels().unpatchify(tokens, 1, patch, patch, true, pixels);
      x.close();
    }
    pass.kernels().channelAffine(pixels, half, half, 0, 1, pixels);
    return pixels;
  }

  @Override
  public void close() {
    // The weights belong to whoever brought them.
  }
}
