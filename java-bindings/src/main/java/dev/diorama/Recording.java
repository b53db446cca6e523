package dev.diorama;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/**
 * What a graph stands on: the tensors made before it that its operations use. Those made while it
 * was recorded lie in memory of the graph's own and may come and go.
 */
final class Recording {
  final Thread thread = Thread.currentThread();
  private final Set<Lifetime> kept = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Set<Lifetime> own = Collections.newSetFromMap(new IdentityHashMap<>());

  void allocated(Lifetime lifetime) {
    own.add(lifetime);
  }

  /** Whether the graph takes over the use of a tensor that an operation ends. */
  boolean keeps(Lifetime lifetime) {
    return !own.contains(lifetime) && kept.add(lifetime);
  }

  void release() {
    kept.forEach(Lifetime::release);
    kept.clear();
    own.clear();
  }
}
