package dev.diorama.model;

import dev.diorama.Context;
import java.util.List;

/** Blocks whose weights all lie where they are computed with. */
record ResidentBlocks<T>(List<T> blocks) implements Blocks<T> {

  @Override
  public int size() {
    return blocks.size();
  }

  @Override
  public boolean resident() {
    return true;
  }

  @Override
  public void forEach(Context context, Visitor<T> visitor) {
    for (int i = 0; i < blocks.size(); i++) {
      visitor.visit(i, blocks.get(i));
    }
  }

  @Override
  public void close() {
    // The tensors belong to the weights that they came from.
  }
}
