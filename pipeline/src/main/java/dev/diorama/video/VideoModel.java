package dev.diorama.video;

import dev.diorama.Backend;
import dev.diorama.Context;
import dev.diorama.model.Component;
import dev.diorama.model.ModelDirectory;
import dev.diorama.model.Safetensors;
import dev.diorama.model.text.Tokenizer;
import dev.diorama.model.vae.Codecs;
import dev.diorama.model.vae.VideoCodec;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A video model: a directory in the diffusers layout, opened on a backend. The weights are mapped
 * once and shared by every {@link VideoGenerator}; safe from many threads.
 */
public final class VideoModel implements AutoCloseable {
  /** Models below this share of the machine's memory stay loaded. */
  private static final double SMALL = 0.25;

  private final ModelDirectory directory;
  private final ModelTraits traits;
  private final Backend backend;
  private final Residency residency;
  private final Map<String, Shared<Safetensors>> weights = new LinkedHashMap<>();
  private final Shared<Loaded<VideoCodec>> codec;
  private final Shared<Tokenizer> tokenizer;

  private VideoModel(ModelDirectory directory, Backend backend, Residency residency)
      throws IOException {
    this.directory = directory;
    this.backend = backend;
    this.residency = residency;
    traits = ModelTraits.read(directory);
    codec = new Shared<>(keeps(), this::openCodec);
    tokenizer = new Shared<>(keeps(), () -> Tokenizer.open(component("tokenizer")));
  }

  /**
   * Opens a model directory. Reads configurations only; weights are mapped when they are first
   * used. A model that is small beside the machine's memory stays loaded between requests, any
   * other has one part in memory at a time.
   *
   * @param directory the folder that holds {@code model_index.json}
   * @param backend where the model runs; must stay open longer than the model
   * @return the model
   * @throws IOException when a file cannot be read, with a sentence that names it
   */
  public static VideoModel open(Path directory, Backend backend) throws IOException {
    ModelDirectory model = ModelDirectory.open(directory);
    boolean small = weightBytes(directory) < SMALL * memoryBytes();
    return new VideoModel(model, backend, small ? Residency.ALL : Residency.ONE_AT_A_TIME);
  }

  /**
   * Opens a model directory and says what stays in memory.
   *
   * @param directory the folder that holds {@code model_index.json}
   * @param backend where the model runs; must stay open longer than the model
   * @param residency which parts stay loaded
   * @return the model
   * @throws IOException when a file cannot be read, with a sentence that names it
   */
  public static VideoModel open(Path directory, Backend backend, Residency residency)
      throws IOException {
    return new VideoModel(ModelDirectory.open(directory), backend, residency);
  }

  private static long weightBytes(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory, 2)) {
      return files
          .filter(file -> file.toString().endsWith(".safetensors"))
          .mapToLong(file -> file.toFile().length())
          .sum();
    }
  }

  private static long memoryBytes() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getTotalMemorySize()
        : Runtime.getRuntime().maxMemory();
  }

  /**
   * The model's own values for everything but the prompt.
   *
   * @return a request with an empty prompt
   * @throws IOException when the scheduler's configuration is not understood
   */
  public VideoRequest defaults() throws IOException {
    return traits.defaults();
  }

  /**
   * Checks a request against this model, cheaply: no weights are read.
   *
   * @param request the request
   * @throws IllegalArgumentException with one sentence that says what is wrong and what would be
   *     right
   */
  public void check(VideoRequest request) {
    RequestCheck.check(traits, request);
  }

  /**
   * A worker on this model, for one thread at a time.
   *
   * @return a new generator, to be closed before the model
   */
  public VideoGenerator newGenerator() {
    return new VideoGenerator(this);
  }

  /**
   * The name of the model's folder.
   *
   * @return for example {@code nano}
   */
  public String name() {
    return traits.name();
  }

  /**
   * What the width must be a multiple of.
   *
   * @return pixels
   */
  public int widthMultiple() {
    return traits.widthMultiple();
  }

  /**
   * What the height must be a multiple of.
   *
   * @return pixels
   */
  public int heightMultiple() {
    return traits.heightMultiple();
  }

  /**
   * Frames of video that one latent frame after the first stands for: a video has {@code 1 + n *
   * stride} frames.
   *
   * @return frames
   */
  public int frameStride() {
    return traits.codec().temporalStride();
  }

  /**
   * Whether a request may, must or must not bring a first frame.
   *
   * @return the rule
   */
  public ImageUse imageUse() {
    return traits.imageUse();
  }

  /** What a model does with a first frame. */
  public enum ImageUse {
    /** Text only. */
    NONE,
    /** With or without. */
    OPTIONAL,
    /** Image to video only. */
    REQUIRED
  }

  ModelTraits traits() {
    return traits;
  }

  Backend backend() {
    return backend;
  }

  boolean keeps() {
    return residency == Residency.ALL;
  }

  Component component(String name) throws IOException {
    return directory.component(name);
  }

  /** A use of a part's mapped weights. */
  Shared<Safetensors>.Lease weights(String name) throws IOException {
    Component component = directory.component(name);
    Shared<Safetensors> shared;
    synchronized (weights) {
      shared = weights.computeIfAbsent(name, key -> new Shared<>(keeps(), component::weights));
    }
    return shared.acquire();
  }

  /** A use of the codec, whose weights all generators share. */
  Shared<Loaded<VideoCodec>>.Lease codec() throws IOException {
    return codec.acquire();
  }

  /** A use of the tokenizer. */
  Shared<Tokenizer>.Lease tokenizer() throws IOException {
    return tokenizer.acquire();
  }

  private Loaded<VideoCodec> openCodec() throws IOException {
    Shared<Safetensors>.Lease file = weights("vae");
    Context owner = backend.newContext();
    boolean done = false;
    try {
      VideoCodec opened = Codecs.open(owner, directory.component("vae"), file.get());
      owner.synchronize();
      done = true;
      return new Loaded<>(opened, owner, file);
    } finally {
      if (!done) {
        owner.close();
        file.close();
      }
    }
  }

  /**
   * Unmaps the weights.
   *
   * @throws IllegalStateException when a generator is still open
   */
  @Override
  public void close() {
    codec.close();
    tokenizer.close();
    synchronized (weights) {
      weights.values().forEach(Shared::close);
    }
  }
}
