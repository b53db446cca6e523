package example;

import java.io.IOException;

/** Finds the natives that came with the dependency. */
public final class Consumer {
  public static void main(String[] args) throws IOException {
    String sums = "/dev/diorama/natives/linux-x86_64/SHA256SUMS";
    try (var in = Consumer.class.getResourceAsStream(sums)) {
      System.out.write(in.readAllBytes());
    }
  }
}
