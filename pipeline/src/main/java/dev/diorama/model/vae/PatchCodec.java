package dev.diorama.model.vae;

import dev.diorama.Context;
import dev.diorama.Conv3d;
import dev.diorama.DType;
import dev.diorama.PaddingMode;
import dev.diorama.Tensor;
import dev.diorama.model.Config;
import dev.diorama.model.ModelException;
import dev.diorama.model.Weights;
import java.io.IOException;

/**
 * The linear codec of the nano model. The first frame is cut into blocks of pixels, each later
 * group of frames into blocks of pixels over time; a matrix product makes a latent of each block.
 * Decoding looks at 3x3 latents, and at the latent frame before for all but the first.
 */
public final class PatchCodec implements VideoCodec {
  private static final Conv3d FIRST = new Conv3d(1, 1, 1, 0, 1, 1, 1, 1, PaddingMode.REPLICATE, 1);
  private static final Conv3d NEXT = new Conv3d(1, 1, 1, 1, 1, 1, 1, 1, PaddingMode.REPLICATE, 1);
  private static final int MAX_SIZE = 1 << 12;

  private final int channels;
  private final int patch;
  private final int stride;
  private final ChannelLinear encodeFirst;
  private final ChannelLinear encodeNext;
  private final Tensor decodeFirst;
  private final Tensor decodeFirstBias;
  private final Tensor decodeNext;
  private final Tensor decodeNextBias;
  private final Tensor half;

  private PatchCodec(Codecs.Shape shape, VaeWeights weights) throws ModelException {
    channels = shape.channels();
    patch = shape.spatialStride();
    stride = shape.temporalStride();
    int block = 3 * patch * patch;
    int group = block * stride;
    encodeFirst = weights.linear("encoder.first", channels, block, 0);
    encodeNext = weights.linear("encoder.next", channels, group, 0);
    decodeFirst = weights.kernel("decoder.first.weight", block, channels, 3, 3);
    decodeFirstBias = weights.vector("decoder.first.bias", block);
    decodeNext = weights.kernel("decoder.next.weight", group, channels, 2, 3, 3);
    decodeNextBias = weights.vector("decoder.next.bias", group);
    half = weights.constant(0.5f);
  }

  /**
   * Opens a codec.
   *
   * @param json its {@code config.json}
   * @param weights its weights; must stay open longer
   * @return the codec
   * @throws ModelException when the configuration is not understood or the weights do not fit it
   */
  public static PatchCodec open(Config json, Weights weights) throws ModelException {
    return new PatchCodec(shape(json), new VaeWeights(weights.exact()));
  }

  static Codecs.Shape shape(Config json) throws ModelException {
    return new Codecs.Shape(
        size(json, "latent_channels"), size(json, "patch_size"), size(json, "temporal_patch_size"));
  }

  private static int size(Config json, String key) throws ModelException {
    int size = json.size(key);
    if (size > MAX_SIZE) {
      throw new ModelException(
          "%s: '%s' must be at most %d.".formatted(json.file(), key, MAX_SIZE));
    }
    return size;
  }

  @Override
  public int latentChannels() {
    return channels;
  }

  @Override
  public int spatialStride() {
    return patch;
  }

  @Override
  public int temporalStride() {
    return stride;
  }

  @Override
  public long encodeBytes(Size size, Tiles tiles) {
    long latentHeight = size.height() / patch;
    long latentWidth = size.width() / patch;
    return decodeBytes(new long[] {channels, 1, latentHeight, latentWidth}, tiles);
  }

  @Override
  public boolean encodesInTiles() {
    return false;
  }

  @Override
  public void encode(
      Context context,
      FrameSource video,
      Size size,
      Tiles tiles,
      Tensor latents,
      Runnable checkpoint) {
    int height = size.height() / patch;
    int width = size.width() / patch;
    try (Pass pass = new Pass(context, DType.F32, checkpoint)) {
      int frame = 0;
      for (int index = 0; frame < size.frames(); index++) {
        int count = index == 0 ? 1 : stride;
        pass.beginChunk();
        try {
          Tensor pixels = pass.tensor(1, count, size.height(), size.width(), 3);
          video.read(frame, pixels);
          Tensor blocks = pass.tensor(1, 1, height, width, 3L * patch * patch * count);
          pass.kernels()
              .patchify(pixels, count, patch, patch, false, blocks.view(1, -1, blocks.size(4)));
          Tensor x = (index == 0 ? encodeFirst : encodeNext).apply(pass, blocks);
          Tensor target = latents.slice(1, index, index + 1).permute(1, 2, 3, 0);
          pass.kernels().copy(x.select(0, 0), target);
        } finally {
          pass.endChunk();
        }
        frame += count;
      }
    }
  }

  @Override
  public long decodeBytes(long[] latents, Tiles tiles) {
    long blocks = 3L * patch * patch * stride * latents[2] * latents[3];
    return DType.F32.bytes() * (2 * blocks + 2L * channels * latents[2] * latents[3]);
  }

  @Override
  public boolean decodesInTiles() {
    return false;
  }

  @Override
  public void decode(
      Context context, Tensor latents, Tiles tiles, PixelSink sink, Runnable checkpoint)
      throws IOException {
    long height = latents.size(2);
    long width = latents.size(3);
    try (Pass pass = new Pass(context, DType.F32, checkpoint)) {
      int frame = 0;
      for (int index = 0; index < latents.size(1); index++) {
        int count = index == 0 ? 1 : stride;
        pass.beginChunk();
        try {
          Tensor x = pass.tensor(1, 1, height, width, channels);
          pass.kernels()
              .copy(latents.slice(1, index, index + 1).permute(1, 2, 3, 0), x.select(0, 0));
          Tensor blocks = pass.tensor(1, 1, height, width, 3L * patch * patch * count);
          convolve(pass, x, blocks);
          Tensor pixels = pass.tensor(1, count, height * patch, width * patch, 3);
          pass.kernels()
              .unpatchify(blocks.view(1, -1, blocks.size(4)), count, patch, patch, false, pixels);
          pass.kernels().channelAffine(pixels, half, half, 0, 1, pixels);
          sink.write(frame, pixels);
        } finally {
          pass.endChunk();
        }
        frame += count;
      }
    }
  }

  private void convolve(Pass pass, Tensor x, Tensor blocks) {
    Tensor carry = pass.carry(this, x, 1);
    if (pass.first()) {
      pass.kernels().conv3d(x, null, decodeFirst, decodeFirstBias, null, FIRST, blocks);
    } else {
      pass.kernels().conv3d(x, carry, decodeNext, decodeNextBias, null, NEXT, blocks);
    }
    pass.kernels().carryUpdate(x, carry);
  }

  @Override
  public void close() {
    // The weights belong to whoever brought them.
  }
}
