package dev.diorama.model.vae;

import dev.diorama.Tensor;
import java.util.List;

/** A stage of the residual decoder: its blocks and its up-sampling beside a repeating shortcut. */
final class UpBlock implements Layer {
  private final List<Layer> blocks;
  private final Upsample upsample;
  private final int factorTime;

  UpBlock(List<Layer> blocks, Upsample upsample, boolean overTime) {
    this.blocks = blocks;
    this.upsample = upsample;
    factorTime = overTime ? 2 : 1;
  }

  @Override
  public Tensor apply(Pass pass, Tensor x) {
    Tensor input = pass.tensor(x.shape());
    pass.kernels().copy(x, input);
    Tensor y = x;
    for (Layer block : blocks) {
      y = block.apply(pass, y);
    }
    y = upsample.apply(pass, y);
    int skip = pass.first() ? factorTime - 1 : 0;
    pass.kernels().dupUp(input, factorTime, 2, skip, y);
    input.close();
    return y;
  }
}
