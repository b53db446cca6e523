package dev.diorama;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * How long the kernels' threads wait for each other before they sleep.
 *
 * <p>Left alone, libgomp's threads spin for milliseconds at every barrier. Where other programs
 * want the cores as well, that makes a run of many small kernels more than ten times as long.
 * libgomp reads its settings from the environment when it is loaded, so they are set just before.
 */
final class Barriers {
  private static final String POLICY = "OMP_WAIT_POLICY";
  private static final String SPINS = "GOMP_SPINCOUNT";

  /** Some tens of microseconds. */
  private static final String FEW = "10000";

  private Barriers() {}

  /** Lets threads spin a little only, unless the user decided. */
  static void doNotSpinLong() {
    if (System.getenv(POLICY) != null || System.getenv(SPINS) != null) {
      return;
    }
    Linker linker = Linker.nativeLinker();
    linker
        .defaultLookup()
        .find("setenv")
        .map(address ->
            linker.downcallHandle(
                address,
                FunctionDescriptor.of(
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_INT)))
        .ifPresent(Barriers::set);
  }

  private static void set(MethodHandle setenv) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(SPINS);
      MemorySegment value = arena.allocateFrom(FEW);
      int status = (int) setenv.invokeExact(name, value, 0);
      assert status == 0;
    } catch (Throwable e) {
      throw new DioramaException("the environment cannot be set: " + e.getMessage(), e);
    }
  }
}
