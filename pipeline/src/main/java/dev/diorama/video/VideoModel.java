package dev.diorama.video;

import dev.diorama.Backend;
import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.model.Component;
import dev.diorama.model.ModelDirectory;
import dev.diorama.model.Placement;
import dev.diorama.model.Safetensors;
import dev.diorama.model.Weights;
import dev.diorama.model.text.Tokenizer;
import dev.diorama.model.vae.Codecs;
import dev.diorama.model.vae.VideoCodec;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.stream.Stream;

/**
 * A video model: a directory in the diffusers layout, opened on a backend. The weights are mapped
 * once and shared by every {@link VideoGenerator}; safe from many threads.
 */
public final class VideoModel implements AutoCloseable {
  /** Models below this share of the machine's memory stay loaded. */
  private static final double SMALL = 0.25;

  /** A card has nothing else to do. */
  private static final double SMALL_ON_DEVICE = 0.5;

  private final ModelDirectory directory;
  private final ModelTraits traits;
  private final Backend backend;
  private final Execution execution;
  private final boolean keeps;
  private final DType dtype;
  private final DeviceBudget budget;
  private final Map<String, Shared<Safetensors>> weights = new LinkedHashMap<>();
  private final Shared<Loaded<VideoCodec>> codec;
  private final Shared<Tokenizer> tokenizer;

  private VideoModel(ModelDirectory directory, Backend backend, Execution execution)
      throws IOException {
    this.directory = directory;
    this.backend = backend;
    this.execution = execution;
    if (execution.maxDeviceBytes() > 0 && !backend.onDevice()) {
      throw new IllegalArgumentException(
          ("a limit of the card's memory is for graphics cards; the backend %s reads weights where"
                  + " their file is mapped")
              .formatted(backend.name()));
    }
    boolean cuda = backend.onDevice() && !backend.name().equals("simt");
    dtype = execution.dtype() != null ? execution.dtype() : cuda ? DType.BF16 : DType.F32;
    budget = backend.onDevice() ? new DeviceBudget(backend, execution.maxDeviceBytes()) : null;
    keeps = execution.residency() != null ? execution.residency() == Residency.ALL : isSmall();
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
    return open(directory, backend, Execution.AUTOMATIC);
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
    return open(directory, backend, Execution.AUTOMATIC.withResidency(residency));
  }

  /**
   * Opens a model directory and says how it runs.
   *
   * @param directory the folder that holds {@code model_index.json}
   * @param backend where the model runs; must stay open longer than the model
   * @param execution precision, memory, tiles
   * @return the model
   * @throws IOException when a file cannot be read, with a sentence that names it
   * @throws IllegalArgumentException when the backend has no memory of its own to limit
   */
  public static VideoModel open(Path directory, Backend backend, Execution execution)
      throws IOException {
    return new VideoModel(ModelDirectory.open(directory), backend, execution);
  }

  private boolean isSmall() throws IOException {
    long weightBytes = weightBytes(directory.path());
    return budget == null
        ? weightBytes < SMALL * memoryBytes()
        : weightBytes < SMALL_ON_DEVICE * budget.limit();
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
    return keeps;
  }

  Execution execution() {
    return execution;
  }

  /** What products and attention read. */
  DType dtype() {
    return dtype;
  }

  /** The device's memory; null on the host. */
  DeviceBudget budget() {
    return budget;
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

  /** Begins to load the codec. */
  void prepareCodec(Executor worker) {
    codec.prepare(worker);
  }

  /** Closes a codec that was prepared and not used. */
  void settleCodec() {
    codec.settle();
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
    Component vae = directory.component("vae");
    return load("vae", false, () -> {}, weights -> Codecs.open(vae, weights));
  }

  /** Makes a part of its weights. */
  @FunctionalInterface
  interface PartOpener<T> {
    T open(Weights weights) throws IOException;
  }

  /**
   * Loads a part with a context of its own, which may work while a generator's does. On a device
   * the weights are there when this returns.
   *
   * @param streamed whether blocks are uploaded when they are needed
   * @param quiesce waits for whoever works with the weights, before they are closed
   */
  <T extends AutoCloseable> Loaded<T> load(
      String name, boolean streamed, AutoCloseable quiesce, PartOpener<T> opener)
      throws IOException {
    Shared<Safetensors>.Lease file = weights(name);
    Context owner = backend.newContext();
    boolean done = false;
    try {
      Weights weights = Weights.on(owner, file.get(), new Placement(dtype, streamed));
      T part = opener.open(weights);
      owner.synchronize();
      long bytes = budget == null ? 0 : owner.memory().reservedBytes();
      done = true;
      return new Loaded<>(part, quiesce, weights, owner, counted(bytes), file);
    } finally {
      if (!done) {
        owner.close();
        file.close();
      }
    }
  }

  private AutoCloseable counted(long bytes) {
    if (budget == null) {
      return () -> {};
    }
    budget.loaded(bytes);
    return () -> budget.freed(bytes);
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
