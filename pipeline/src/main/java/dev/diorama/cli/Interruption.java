package dev.diorama.cli;

import dev.diorama.video.CancellationToken;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C and SIGTERM: asks the running request to stop and holds the JVM until it has cleaned up
 * after itself.
 */
final class Interruption {
  private static final long PATIENCE_SECONDS = 60;
  private static final CountDownLatch FINISHED = new CountDownLatch(1);

  private Interruption() {}

  /** A token that is cancelled when the JVM is told to end. */
  static CancellationToken token() {
    CancellationToken token = new CancellationToken();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(token), "stop"));
    return token;
  }

  private static void stop(CancellationToken token) {
    token.cancel();
    try {
      if (!FINISHED.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        System.err.println("diorama: the work did not stop in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Says that everything is cleaned up. */
  static void finished() {
    FINISHED.countDown();
  }
}
