package dev.diorama.splat.fit;

import dev.diorama.Context;
import dev.diorama.Tensor;
import java.util.SplittableRandom;

/**
 * Random choices that depend on the seed, the iteration and the purpose alone: a resumed run goes
 * on exactly as the run that was not interrupted, without any state of generators in the file.
 *
 * @param seed of the run
 */
record Draws(long seed) {
  /** What numbers are drawn for; each has a stream of its own. */
  enum Purpose {
    ORDER,
    NOISE,
    REFINE,
    SPLIT,
    BACKGROUND,
    BEGIN
  }

  /** A source of single numbers. */
  SplittableRandom random(Purpose purpose, long iteration) {
    return new SplittableRandom(key(purpose, iteration));
  }

  /** Fills a tensor [N, 3] with normal numbers, where it lies. */
  void normal(Context context, Purpose purpose, long iteration, Tensor out) {
    context.splats().noise(key(purpose, iteration), out);
  }

  /** The view that an iteration looks at: all once, in random order, then all again. */
  int view(long iteration, int views) {
    int[] order = new int[views];
    for (int i = 0; i < views; i++) {
      order[i] = i;
    }
    SplittableRandom random = random(Purpose.ORDER, iteration / views);
    for (int i = views - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      int swapped = order[i];
      order[i] = order[other];
      order[other] = swapped;
    }
    return order[(int) (iteration % views)];
  }

  /** SplitMix64's finalizer (Steele et al. 2014) over the three. */
  private long key(Purpose purpose, long iteration) {
    long z = seed * 0x9E3779B97F4A7C15L + (iteration * Purpose.values().length + purpose.ordinal());
    z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return z ^ z >>> 31;
  }
}
