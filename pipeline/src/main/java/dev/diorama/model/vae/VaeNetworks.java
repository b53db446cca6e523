package dev.diorama.model.vae;

import dev.diorama.model.ModelException;
import java.util.ArrayList;
import java.util.List;

/** How the encoder and the decoder of Wan 2.1's and Wan 2.2's VAE are wired. */
final class VaeNetworks {
  /** Layers of a decoder up to its middle, whose attention sees the whole picture. */
  static final int FRONT = 4;

  /** Layers of an encoder from its middle on. */
  static final int BACK = 4;

  private VaeNetworks() {}

  /** From pixels (patches of them in Wan 2.2) to means and log variances. */
  static List<Layer> encoder(VaeConfig config, VaeWeights weights) throws ModelException {
    List<Layer> layers = new ArrayList<>();
    int width = config.baseDim();
    layers.add(
        weights.patchedConv("encoder.conv_in", width, config.pixelChannels(), config.patch()));
    int stages = config.stages();
    int index = 0;
    double scale = 1;
    for (int stage = 0; stage < stages; stage++) {
      int out = config.baseDim() * config.dimMult()[stage];
      boolean down = stage < stages - 1;
      boolean overTime = down && config.temporalDownsample()[stage];
      if (config.residual()) {
        layers.add(downBlock(config, weights, stage, width, out, down, overTime));
        width = out;
        continue;
      }
      for (int i = 0; i < config.resBlocks(); i++) {
        layers.add(new ResidualBlock(weights, "encoder.down_blocks." + index++, width, out));
        width = out;
        if (config.attendsAt(scale)) {
          layers.add(new SpatialAttention(weights, "encoder.down_blocks." + index++, out));
        }
      }
      if (down) {
        layers.add(new Downsample(weights, "encoder.down_blocks." + index++, out, overTime));
        scale /= 2;
      }
    }
    middle(layers, weights, "encoder.mid_block", width);
    layers.add(
        new NormedConv(
            weights.norm("encoder.norm_out", width, 3),
            weights.conv("encoder.conv_out", 2 * config.zDim(), width, 3, 3, 3)));
    return layers;
  }

  private static Layer downBlock(
      VaeConfig config,
      VaeWeights weights,
      int stage,
      int in,
      int out,
      boolean down,
      boolean overTime)
      throws ModelException {
    String name = "encoder.down_blocks." + stage;
    List<Layer> blocks = new ArrayList<>();
    for (int i = 0; i < config.resBlocks(); i++) {
      blocks.add(new ResidualBlock(weights, name + ".resnets." + i, i == 0 ? in : out, out));
    }
    Downsample downsample =
        down ? new Downsample(weights, name + ".downsampler", out, overTime) : null;
    return new DownBlock(blocks, downsample, overTime, out);
  }

  /** From latents to pixels (patches of them in Wan 2.2). */
  static List<Layer> decoder(VaeConfig config, VaeWeights weights) throws ModelException {
    List<Layer> layers = new ArrayList<>();
    int stages = config.stages();
    int width = config.decoderBaseDim() * config.dimMult()[stages - 1];
    layers.add(weights.conv("decoder.conv_in", width, config.zDim(), 3, 3, 3));
    middle(layers, weights, "decoder.mid_block", width);
    for (int stage = 0; stage < stages; stage++) {
      int mirrored = stages - 1 - stage;
      int out = config.decoderBaseDim() * config.dimMult()[mirrored];
      String name = "decoder.up_blocks." + stage;
      List<Layer> blocks = new ArrayList<>();
      for (int i = 0; i <= config.resBlocks(); i++) {
        blocks.add(new ResidualBlock(weights, name + ".resnets." + i, i == 0 ? width : out, out));
      }
      width = out;
      if (stage == stages - 1) {
        layers.addAll(blocks);
      } else if (config.residual()) {
        boolean overTime = config.temporalDownsample()[mirrored - 1];
        Upsample upsample = new Upsample(weights, name + ".upsampler", out, out, overTime);
        layers.add(new UpBlock(blocks, upsample, overTime));
      } else {
        layers.addAll(blocks);
        width = out / 2;
        layers.add(
            new Upsample(
                weights,
                name + ".upsamplers.0",
                out,
                width,
                config.temporalDownsample()[mirrored - 1]));
      }
    }
    layers.add(
        new NormedConv(
            weights.norm("decoder.norm_out", width, 3),
            weights.unpatchedConv(
                "decoder.conv_out", config.pixelChannels(), width, config.patch())));
    return layers;
  }

  private static void middle(List<Layer> layers, VaeWeights weights, String name, int width)
      throws ModelException {
    layers.add(new ResidualBlock(weights, name + ".resnets.0", width, width));
    layers.add(new SpatialAttention(weights, name + ".attentions.0", width));
    layers.add(new ResidualBlock(weights, name + ".resnets.1", width, width));
  }
}
