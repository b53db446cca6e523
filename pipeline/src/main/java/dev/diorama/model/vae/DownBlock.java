package dev.diorama.model.vae;

import dev.diorama.Tensor;
import java.util.List;

/**
 * A stage of the residual encoder: its blocks and its down-sampling beside an averaging shortcut.
 */
final class DownBlock implements Layer {
  private final List<Layer> blocks;
  private final Downsample downsample;
  private final int factorTime;
  private final int out;

  /** With null instead of a down-sampling the stage keeps its size. */
  DownBlock(List<Layer> blocks, Downsample downsample, boolean overTime, int out) {
    this.blocks = blocks;
    this.downsample = downsample;
    factorTime = overTime ? 2 : 1;
    this.out = out;
  }

  @Override
  public Tensor apply(Pass pass, Tensor x) {
    int factorSpace = downsample == null ? 1 : 2;
    long frames = (x.size(1) + factorTime - 1) / factorTime;
    Tensor shortcut = pass.tensor(1, frames, x.size(2) / factorSpace, x.size(3) / factorSpace, out);
    pass.kernels().avgDown(x, factorTime, factorSpace, shortcut);
    Tensor y = x;
    for (Layer block : blocks) {
      y = block.apply(pass, y);
    }
    if (downsample != null) {
      y = downsample.apply(pass, y, shortcut);
    } else {
      Tensor[] sum = {y, shortcut};
      pass.kernels().combine(sum, new Tensor[] {y}, new double[] {1, 1});
    }
    shortcut.close();
    return y;
  }
}
