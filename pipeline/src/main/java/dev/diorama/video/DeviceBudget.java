package dev.diorama.video;

import dev.diorama.Backend;
import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.model.Safetensors;
import dev.diorama.model.TensorEntry;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How much of a device a model may still take. Only its own use is counted, so the same request
 * makes the same choices whatever else goes on. Safe from many threads.
 */
final class DeviceBudget {
  /** Of what was free at the beginning; the rest is for the driver's own needs. */
  private static final double USABLE = 0.94;

  /** Kept for what kernels take while they work, as a share of the limit. */
  private static final long WORKSPACE_SHARE = 16;

  /** Tables of which a device gets only the rows that are asked for. */
  private static final Set<String> ON_HOST = Set.of("shared.weight", "encoder.embed_tokens.weight");

  private final long limit;
  private final AtomicLong weights = new AtomicLong();

  DeviceBudget(Backend backend, long most) {
    try (Context context = backend.newContext()) {
      long free = (long) (USABLE * context.deviceMemory().freeBytes());
      long wanted = most == 0 ? free : Math.min(most, free);
      limit = wanted - wanted / WORKSPACE_SHARE;
    }
  }

  long limit() {
    return limit;
  }

  /** Bytes that are left beside the weights that are there and what the context holds. */
  long left(Context context) {
    return limit - weights.get() - context.memory().reservedBytes();
  }

  void loaded(long bytes) {
    weights.addAndGet(bytes);
  }

  void freed(long bytes) {
    weights.addAndGet(-bytes);
  }

  /** What a file's tensors take on the device. */
  static long bytes(Safetensors file, DType dtype) throws IOException {
    long bytes = 0;
    for (String name : file.names()) {
      TensorEntry entry = file.entry(name);
      if (!ON_HOST.contains(name)) {
        long own = entry.end() - entry.begin();
        boolean narrowed = dtype == DType.BF16 && entry.type().dtype() == DType.F32;
        bytes += narrowed && entry.shape().length > 1 ? own / 2 : own;
      }
    }
    return bytes;
  }
}
