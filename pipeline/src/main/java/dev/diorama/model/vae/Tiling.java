package dev.diorama.model.vae;

import dev.diorama.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Latents cut into tiles for the part of a codec that sees its neighbourhood only. Each tile is
 * worked on with a margin as wide as its layers can see, which is cut off afterwards: what remains
 * is what the whole would have given, so there is no seam and nothing to blend.
 *
 * <p>Tiles begin at even latents, because fast convolutions work on pairs of pixels and round
 * according to where a pair begins.
 */
final class Tiling {

  /** A range of latents along one axis, and the wider one with its margin. */
  record Span(long from, long to, long outerFrom, long outerTo) {
    long outer() {
      return outerTo - outerFrom;
    }
  }

  /**
   * One tile.
   *
   * @param rows from top to bottom
   * @param columns from left to right
   */
  record Tile(Span rows, Span columns) {
    /** The tile with its margin out of a whole picture, each latent `scale` of its pixels. */
    Tensor outer(Tensor pixels, long scale) {
      return pixels
          .slice(2, rows.outerFrom * scale, rows.outerTo * scale)
          .slice(3, columns.outerFrom * scale, columns.outerTo * scale);
    }

    /** The tile without its margin out of its own pixels. */
    Tensor inner(Tensor pixels, long scale) {
      return pixels
          .slice(2, (rows.from - rows.outerFrom) * scale, (rows.to - rows.outerFrom) * scale)
          .slice(
              3,
              (columns.from - columns.outerFrom) * scale,
              (columns.to - columns.outerFrom) * scale);
    }

    /** Its place in the whole picture. */
    Tensor place(Tensor pixels, long scale) {
      return pixels
          .slice(2, rows.from * scale, rows.to * scale)
          .slice(3, columns.from * scale, columns.to * scale);
    }

    long outerArea() {
      return rows.outer() * columns.outer();
    }
  }

  private final List<Tile> tiles = new ArrayList<>();

  /**
   * Cuts.
   *
   * @param height latents from top to bottom
   * @param width latents from left to right
   * @param margin latents that a result depends on to each side
   */
  Tiling(VideoCodec.Tiles wanted, long height, long width, int margin) {
    for (Span rows : spans(height, wanted.rows(), margin)) {
      for (Span columns : spans(width, wanted.columns(), margin)) {
        tiles.add(new Tile(rows, columns));
      }
    }
  }

  private static List<Span> spans(long size, int count, int margin) {
    List<Span> spans = new ArrayList<>();
    long even = margin + margin % 2;
    long from = 0;
    for (int i = 1; i <= count; i++) {
      long to = i == count ? size : size * i / count / 2 * 2;
      if (to > from) {
        spans.add(new Span(from, to, Math.max(0, from - even), Math.min(size, to + even)));
        from = to;
      }
    }
    return spans;
  }

  List<Tile> tiles() {
    return tiles;
  }

  /** What all tiles with their margins are, over the whole. */
  double overhead(long height, long width) {
    return (double) tiles.stream().mapToLong(Tile::outerArea).sum() / (height * width);
  }

  /** The largest tile with its margin, over the whole. */
  double largest(long height, long width) {
    return (double) tiles.stream().mapToLong(Tile::outerArea).max().orElse(0) / (height * width);
  }
}
