package dev.diorama.video;

import dev.diorama.Context;
import dev.diorama.model.vae.VideoCodec.Tiles;
import java.util.function.ToLongFunction;

/** Cuts a codec's frames into as few tiles as there is room for. */
final class TileChoice {
  private final VideoModel model;
  private final Context context;

  TileChoice(VideoModel model, Context context) {
    this.model = model;
    this.context = context;
  }

  /**
   * Chooses.
   *
   * @param latents their shape, [channels, frames, height, width]
   * @param bytes what the codec takes beside its weights
   */
  Tiles of(long[] latents, ToLongFunction<Tiles> bytes) {
    Tiles tiles = model.execution().tiles() ? Tiles.FOUR : Tiles.NONE;
    if (model.budget() == null) {
      return tiles;
    }
    context.trim();
    long left = model.budget().left(context);
    Tiles best = tiles;
    while (bytes.applyAsLong(best) > left && tiles.canBeSmaller(latents)) {
      tiles = tiles.smaller(latents);
      // More tiles are more margins: at some point they take more than they spare.
      if (bytes.applyAsLong(tiles) < bytes.applyAsLong(best)) {
        best = tiles;
      }
    }
    return best;
  }
}
