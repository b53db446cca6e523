package dev.diorama.model.wan;

import dev.diorama.Context;
import dev.diorama.Graph;
import dev.diorama.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * Forward passes as graphs. A pass over the same tensors runs as it is the first time, which makes
 * the pool's memory and chooses the kernels' ways; it is recorded the second time and launched from
 * then on.
 */
final class StepGraphs implements AutoCloseable {

  /** More kinds of passes than a step has are not one video's; older ones are forgotten. */
  private static final int MOST = 8;

  private final Context context;
  private final Map<Key, Graph> graphs = new HashMap<>();

  /**
   * What a pass reads and writes, by identity.
   *
   * @param layout changes when tensors inside the transformer come to lie elsewhere
   */
  record Key(Tensor latents, WanCondition condition, Tensor out, int layout) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Key that
          && latents == that.latents
          && condition == that.condition
          && out == that.out
          && layout == that.layout;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(latents) * 31 + System.identityHashCode(out);
    }
  }

  StepGraphs(Context context) {
    this.context = context;
  }

  void run(Key key, Runnable pass) {
    if (!graphs.containsKey(key)) {
      if (graphs.size() == MOST) {
        close();
      }
      graphs.put(key, null);
      pass.run();
      return;
    }
    Graph graph = graphs.get(key);
    if (graph == null) {
      graph = context.record(pass);
      graphs.put(key, graph);
    }
    graph.launch();
  }

  /** Forgets all passes of some prompt, whose tensors may then be closed. */
  void forget(WanCondition condition) {
    graphs
        .entrySet()
        .removeIf(entry -> {
          boolean its = entry.getKey().condition == condition;
          if (its && entry.getValue() != null) {
            entry.getValue().close();
          }
          return its;
        });
  }

  @Override
  public void close() {
    graphs
        .values()
        .forEach(graph -> {
          if (graph != null) {
            graph.close();
          }
        });
    graphs.clear();
  }
}
