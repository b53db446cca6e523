package dev.diorama.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * PyTorch on the same cores, in a process of its own that answers case by case, so that both sides
 * are measured in turn within one run. Its scripts are in {@code benchmarks/peer}.
 */
public final class Peer implements Rival, AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process process;
  private final Writer requests;
  private final BufferedReader answers;
  private String version = "PyTorch";

  private Peer(Process process) {
    this.process = process;
    this.requests = process.outputWriter();
    this.answers = process.inputReader();
  }

  /**
   * Starts a peer when Python with PyTorch is on the PATH.
   *
   * @param home the clone
   * @param name the script's, in benchmarks/peer
   * @param threads of PyTorch
   * @return the peer, or empty with the reason printed to standard error
   */
  public static Optional<Peer> start(Path home, String name, int threads) throws IOException {
    Path script = home.resolve("benchmarks/peer").resolve(name);
    if (!Files.isRegularFile(script)) {
      System.err.println("No rival measured: " + script + " is not there.");
      return Optional.empty();
    }
    String python = System.getenv().getOrDefault("PYTHON", "python3");
    if (!runs(List.of(python, "-c", "import torch"))) {
      System.err.println(
          "No rival measured: `"
              + python
              + "` has no PyTorch; install it, or set PYTHON to one that has.");
      return Optional.empty();
    }
    ProcessBuilder builder =
        new ProcessBuilder(python, script.toString(), "--threads", String.valueOf(threads));
    builder.environment().put("OMP_NUM_THREADS", String.valueOf(threads));
    Peer peer = new Peer(builder.redirectError(ProcessBuilder.Redirect.INHERIT).start());
    try {
      // Loading PyTorch takes a core for seconds: nobody is measured meanwhile.
      peer.ask(JSON.createObjectNode().put("op", "none").put("case", ""));
      return Optional.of(peer);
    } catch (IOException e) {
      peer.close();
      throw e;
    }
  }

  private static boolean runs(List<String> command) {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Override
  public Optional<double[]> measure(String operation, String name, int repeats) {
    try {
      JsonNode answer =
          ask(
              JSON.createObjectNode()
                  .put("op", operation)
                  .put("case", name)
                  .put("repeats", repeats));
      if (answer.has("absent")) {
        return Optional.empty();
      }
      version = "PyTorch " + answer.path("torch").asText();
      return Optional.of(
          answer.path("times_ms").valueStream().mapToDouble(JsonNode::asDouble).toArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Sends one request and waits for its answer.
   *
   * @param request what the script understands
   * @return one line of JSON
   * @throws IOException when the script has ended
   */
  public JsonNode ask(JsonNode request) throws IOException {
    requests.write(request + "\n");
    requests.flush();
    String line = answers.readLine();
    if (line == null) {
      throw new IOException("the PyTorch peer ended before it answered " + request);
    }
    return JSON.readTree(line);
  }

  /** Name and version, once a case has been measured. */
  @Override
  public String version() {
    return version;
  }

  @Override
  public void close() throws IOException {
    requests.close();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
