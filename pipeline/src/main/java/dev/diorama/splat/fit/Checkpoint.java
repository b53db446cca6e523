package dev.diorama.splat.fit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.diorama.Context;
import dev.diorama.Tensor;
import dev.diorama.model.ElementType;
import dev.diorama.model.Safetensors;
import dev.diorama.model.SafetensorsWriter;
import dev.diorama.model.SafetensorsWriter.Declaration;
import dev.diorama.splat.SceneException;
import dev.diorama.splat.data.Dataset;
import dev.diorama.splat.data.View;
import dev.diorama.splat.fit.Parameters.Group;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * A fit on disk: a safetensors file with the parameters, Adam's running means, what the strategy
 * keeps, and in its header the options, the iteration, the measurements and a checksum of the
 * dataset. A fit that goes on from it ends bit for bit as one that was not interrupted.
 */
public final class Checkpoint implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final String FORMAT = "diorama.fit";
  private static final String VERSION = "1";
  private static final int PART = 1 << 20;

  private final Path file;
  private final Safetensors tensors;
  private final FitOptions options;
  private final int iteration;
  private final double seconds;
  private final List<Evaluation> history;

  private Checkpoint(Path file, Safetensors tensors) throws IOException {
    this.file = file;
    this.tensors = tensors;
    if (!VERSION.equals(tensors.metadata().get(FORMAT))) {
      throw new SceneException("%s is not a checkpoint of a fit".formatted(file));
    }
    try {
      options = JSON.readValue(text("options"), FitOptions.class);
      history = JSON.readValue(text("history"), new TypeReference<>() {});
      iteration = Integer.parseInt(text("iteration"));
      seconds = Double.parseDouble(text("seconds"));
    } catch (JsonProcessingException | NumberFormatException e) {
      throw new SceneException("%s: the checkpoint's header is damaged".formatted(file), e);
    }
    if (iteration < 0 || iteration > options.iterations() || !(seconds >= 0)) {
      throw new SceneException(
          "%s: the checkpoint is at iteration %d of %d"
              .formatted(file, iteration, options.iterations()));
    }
  }

  private String text(String name) throws SceneException {
    String value = tensors.metadata().get(name);
    if (value == null) {
      throw new SceneException("%s: the checkpoint's header has no %s".formatted(file, name));
    }
    return value;
  }

  /**
   * Opens a checkpoint.
   *
   * @param file that {@link #write} made
   * @param dataset that it was made with
   * @return to be closed
   * @throws IOException when it is no checkpoint, damaged, or of another dataset
   */
  public static Checkpoint open(Path file, Dataset dataset) throws IOException {
    Safetensors tensors = Safetensors.open(file);
    try {
      Checkpoint checkpoint = new Checkpoint(file, tensors);
      if (!checkpoint.text("dataset").equals(checksum(dataset))) {
        throw new SceneException(
            "%s was made with another dataset: its pictures, cameras or points differ"
                .formatted(file));
      }
      tensors = null;
      return checkpoint;
    } finally {
      if (tensors != null) {
        tensors.close();
      }
    }
  }

  /**
   * Writes a checkpoint; one that is there is replaced when the new one is whole.
   *
   * @param file where
   * @param training between two steps
   * @param dataset of the training
   * @param history what was measured so far
   * @throws IOException when it can't be written
   */
  public static void write(Path file, Training training, Dataset dataset, List<Evaluation> history)
      throws IOException {
    Map<String, String> header = new LinkedHashMap<>();
    header.put(FORMAT, VERSION);
    header.put("iteration", Integer.toString(training.iteration()));
    header.put("seconds", Double.toString(training.seconds()));
    header.put("options", JSON.writeValueAsString(training.options()));
    header.put("history", JSON.writeValueAsString(history));
    header.put("dataset", checksum(dataset));
    Parameters parameters = training.parameters();
    float[][] state = training.densifier().state();
    int n = parameters.count();
    List<Declaration> declarations = new ArrayList<>();
    List<Tensor> values = new ArrayList<>();
    for (Group group : parameters.groups()) {
      declarations.add(new Declaration(group.name, ElementType.F32, n, group.columns));
      declarations.add(new Declaration(group.name + ".m", ElementType.F32, n + 1, group.columns));
      declarations.add(new Declaration(group.name + ".v", ElementType.F32, n + 1, group.columns));
      values.addAll(List.of(group.x, group.m, group.v));
    }
    for (int i = 0; i < state.length; i++) {
      declarations.add(new Declaration("state." + i, ElementType.F32, state[i].length));
    }
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, header, declarations)) {
      for (Tensor tensor : values) {
        write(writer, tensor);
      }
      for (float[] row : state) {
        writer.write(row);
      }
      writer.finish();
    }
  }

  /** In parts: a second copy of all colours would be large. */
  private static void write(SafetensorsWriter writer, Tensor tensor) throws IOException {
    long rows = tensor.size(0);
    long part = Math.max(1, PART / tensor.size(1));
    for (long from = 0; from < rows; from += part) {
      writer.write(tensor.slice(0, from, Math.min(from + part, rows)).toFloats());
    }
  }

  /** CRC-32 of all pictures, masks, cameras and points. */
  private static String checksum(Dataset dataset) {
    CRC32 sum = new CRC32();
    for (View view : dataset.views()) {
      sum.update(view.picture().rgb());
      if (view.mask() != null) {
        sum.update(view.mask());
      }
      ByteBuffer camera = ByteBuffer.allocate(20 * Double.BYTES + 3 * Integer.BYTES);
      camera.putDouble(view.camera().fx()).putDouble(view.camera().fy());
      camera.putDouble(view.camera().cx()).putDouble(view.camera().cy());
      for (double value : view.camera().worldToCamera()) {
        camera.putDouble(value);
      }
      camera.putInt(view.camera().model().ordinal());
      camera.putInt(view.camera().width()).putInt(view.camera().height());
      sum.update(camera.array());
    }
    if (dataset.points() != null) {
      ByteBuffer positions = ByteBuffer.allocate(dataset.points().positions().length * Float.BYTES);
      positions.asFloatBuffer().put(dataset.points().positions());
      sum.update(positions);
      sum.update(dataset.points().colours());
    }
    return "%08x".formatted(sum.getValue());
  }

  /** The parameters and Adam's means, copied into a context. */
  Parameters parameters(Context context) {
    try {
      Parameters parameters = new Parameters(context, count(), options.shDegree());
      for (Group group : parameters.groups()) {
        copy(context, group.name, group.x);
        copy(context, group.name + ".m", group.m);
        copy(context, group.name + ".v", group.v);
      }
      return parameters;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private int count() throws IOException {
    long[] shape = tensors.entry("means").shape();
    if (shape.length != 2 || shape[0] < 1 || shape[0] > Integer.MAX_VALUE / 4) {
      throw new SceneException("%s: the checkpoint holds no Gaussians".formatted(file));
    }
    return (int) shape[0];
  }

  private void copy(Context context, String name, Tensor to) throws IOException {
    Tensor mapped = tensors.tensor(name, to.shape());
    if (!context.backend().onDevice()) {
      context.kernels().copy(mapped, to);
      return;
    }
    try (Tensor uploaded = context.upload(mapped)) {
      context.kernels().copy(uploaded, to);
    }
  }

  /**
   * What the strategy kept.
   *
   * @param lengths of its arrays where there are any
   */
  float[][] densifierState(int... lengths) {
    if (!tensors.contains("state.0")) {
      return new float[0][];
    }
    float[][] rows = new float[lengths.length][];
    try {
      for (int i = 0; i < lengths.length; i++) {
        rows[i] = tensors.floats("state." + i);
        if (rows[i].length != lengths[i]) {
          throw new SceneException(
              "%s: state.%d has %d values, expected %d"
                  .formatted(file, i, rows[i].length, lengths[i]));
        }
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return rows;
  }

  /**
   * How the fit was begun.
   *
   * @return its options
   */
  public FitOptions options() {
    return options;
  }

  /**
   * How far it had come.
   *
   * @return iterations done
   */
  public int iteration() {
    return iteration;
  }

  /**
   * The time it had taken.
   *
   * @return seconds of training
   */
  public double seconds() {
    return seconds;
  }

  /**
   * What was measured until then.
   *
   * @return in order
   */
  public List<Evaluation> history() {
    return history;
  }

  @Override
  public void close() {
    tensors.close();
  }
}
