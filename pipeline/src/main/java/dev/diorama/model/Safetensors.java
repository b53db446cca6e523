package dev.diorama.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.diorama.MappedFile;
import dev.diorama.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The tensors of a safetensors file, or of several files that an index binds together. The files
 * are mapped, not read: opening costs the headers, and a tensor's pages are loaded when a kernel
 * touches them.
 *
 * <p>Safe from many threads until it is closed. Tensors taken from it must not be used afterwards.
 */
public final class Safetensors implements AutoCloseable {

  private static final int MAX_RANK = 8;
  private static final String INDEX_SUFFIX = ".safetensors.index.json";

  private final Path path;
  private final Map<String, Location> tensors;
  private final Map<String, String> metadata;
  private final Iterable<Shard> shards;

  private record Shard(Path path, MappedFile file, SafetensorsHeader header) {}

  private record Location(Shard shard, TensorEntry entry) {}

  private Safetensors(
      Path path,
      Map<String, Location> tensors,
      Map<String, String> metadata,
      Iterable<Shard> shards) {
    this.path = path;
    this.tensors = Collections.unmodifiableMap(tensors);
    this.metadata = metadata;
    this.shards = shards;
  }

  /**
   * Opens one file, or all files of an index ({@code *.safetensors.index.json}).
   *
   * @param file the file
   * @return its tensors
   * @throws ModelException when the file is not what it says it is
   * @throws IOException when it cannot be read
   */
  public static Safetensors open(Path file) throws IOException {
    return file.toString().endsWith(".json") ? openIndex(file) : openFile(file);
  }

  /**
   * Opens the weights in a component's folder: an index with its shards, or else the one file.
   *
   * @param folder the folder
   * @return its tensors
   * @throws ModelException when there are none or they are not what they say they are
   * @throws IOException when they cannot be read
   */
  public static Safetensors openFolder(Path folder) throws IOException {
    for (String name : new String[] {"diffusion_pytorch_model", "model"}) {
      Path index = folder.resolve(name + INDEX_SUFFIX);
      if (Files.isRegularFile(index)) {
        return openIndex(index);
      }
      Path file = folder.resolve(name + ".safetensors");
      if (Files.isRegularFile(file)) {
        return openFile(file);
      }
    }
    throw new ModelException(
        ("%s holds no weights: neither diffusion_pytorch_model.safetensors nor model.safetensors,"
                + " nor an index of theirs.")
            .formatted(folder));
  }

  private static Safetensors openFile(Path path) throws IOException {
    Shard shard = openShard(path);
    Map<String, Location> tensors = new LinkedHashMap<>();
    shard.header.tensors().forEach((name, entry) -> tensors.put(name, new Location(shard, entry)));
    return new Safetensors(path, tensors, shard.header.metadata(), Set.of(shard));
  }

  private static Safetensors openIndex(Path index) throws IOException {
    JsonNode map = Json.read(index).get("weight_map");
    if (map == null || !map.isObject()) {
      throw new ModelException("%s: 'weight_map' is missing or not an object.".formatted(index));
    }
    Map<String, Shard> shards = new HashMap<>();
    Map<String, Location> tensors = new LinkedHashMap<>();
    boolean done = false;
    try {
      for (Map.Entry<String, JsonNode> pair : map.properties()) {
        String name = pair.getKey();
        Path file = shardPath(index, name, pair.getValue());
        Shard shard = shards.get(file.toString());
        if (shard == null) {
          shard = openShard(file);
          shards.put(file.toString(), shard);
        }
        TensorEntry entry = shard.header.tensors().get(name);
        if (entry == null) {
          throw new ModelException(
              "%s: tensor '%s' should be in %s, but is not."
                  .formatted(index, name, file.getFileName()));
        }
        tensors.put(name, new Location(shard, entry));
      }
      done = true;
    } finally {
      if (!done) {
        shards.values().forEach(shard -> shard.file.close());
      }
    }
    return new Safetensors(index, tensors, Map.of(), shards.values());
  }

  /** A shard lies beside its index; a name with a path in it could lead anywhere. */
  private static Path shardPath(Path index, String tensor, JsonNode value) throws ModelException {
    String name = value.isTextual() ? value.textValue() : "";
    boolean plain = !name.isEmpty() && !name.equals(".") && !name.equals("..");
    if (!plain || name.contains("/") || name.contains("\\")) {
      throw new ModelException(
          "%s: tensor '%s' is said to be in %s, which is not the name of a file beside the index."
              .formatted(index, tensor, value));
    }
    Path file;
    try {
      file = index.resolveSibling(name);
    } catch (InvalidPathException e) {
      throw new ModelException("%s: %s is not a file name.".formatted(index, value), e);
    }
    if (!Files.isRegularFile(file)) {
      throw new ModelException("%s: the shard %s is missing.".formatted(index, name));
    }
    return file;
  }

  private static Shard openShard(Path path) throws IOException {
    if (!Files.isRegularFile(path)) {
      throw new ModelException("%s does not exist or is not a file.".formatted(path));
    }
    long fileSize = Files.size(path);
    if (fileSize < SafetensorsHeader.LENGTH_BYTES) {
      throw new ModelException(
          "%s: %d bytes are too few for a safetensors file.".formatted(path, fileSize));
    }
    String name = path.toString();
    MappedFile file = MappedFile.open(path);
    try {
      long length =
          file.bytes(0, SafetensorsHeader.LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN).getLong();
      byte[] json = new byte[SafetensorsHeader.checkLength(name, length, file.size())];
      file.bytes(SafetensorsHeader.LENGTH_BYTES, json.length).get(json);
      Shard shard = new Shard(path, file, SafetensorsHeader.parse(name, json, file.size()));
      file = null;
      return shard;
    } finally {
      if (file != null) {
        file.close();
      }
    }
  }

  /**
   * The file, or the index.
   *
   * @return its path
   */
  public Path path() {
    return path;
  }

  /**
   * The names of all tensors.
   *
   * @return the names, in the order of the header or of the index
   */
  public Set<String> names() {
    return tensors.keySet();
  }

  /**
   * Whether there is a tensor of that name.
   *
   * @param name its name
   * @return true when there is
   */
  public boolean contains(String name) {
    return tensors.containsKey(name);
  }

  /**
   * Free text that the file's writer left. An index has none.
   *
   * @return names and values
   */
  public Map<String, String> metadata() {
    return metadata;
  }

  /**
   * What the header says about a tensor.
   *
   * @param name its name
   * @return type and shape
   * @throws ModelException when there is no such tensor
   */
  public TensorEntry entry(String name) throws ModelException {
    return locate(name).entry;
  }

  /**
   * A tensor, straight from the mapped file and in its own type. A single number has shape [1].
   *
   * @param name its name
   * @return the tensor, valid until this is closed
   * @throws ModelException when there is no such tensor, or no kernel reads its type
   */
  public Tensor tensor(String name) throws ModelException {
    Location location = locate(name);
    TensorEntry entry = location.entry;
    long[] shape = entry.shape();
    long offset = location.shard.header.dataStart() + entry.begin();
    if (entry.type().dtype() == null || shape.length > MAX_RANK || entry.elements() == 0) {
      throw new ModelException(
          "%s: tensor '%s' is %s, which no kernel reads."
              .formatted(location.shard.path, name, entry.describe()));
    }
    if (offset % entry.type().bytes() != 0) {
      throw new ModelException(
          ("%s: tensor '%s' begins at byte %d, which is no multiple of its %d bytes an element;"
                  + " save the file again.")
              .formatted(location.shard.path, name, offset, entry.type().bytes()));
    }
    return location.shard.file.tensor(
        offset, entry.type().dtype(), shape.length == 0 ? new long[] {1} : shape);
  }

  /**
   * A tensor whose shape must be the one given.
   *
   * @param name its name
   * @param shape the shape that the configuration asks for
   * @return the tensor, valid until this is closed
   * @throws ModelException when there is no such tensor, or its shape is another
   */
  public Tensor tensor(String name, long... shape) throws ModelException {
    Location location = locate(name);
    if (!Arrays.equals(location.entry.shape(), shape)) {
      throw new ModelException(
          "%s: tensor '%s' has the shape %s, but the configuration asks for %s."
              .formatted(
                  location.shard.path,
                  name,
                  TensorEntry.describe(location.entry.shape()),
                  TensorEntry.describe(shape)));
    }
    return tensor(name);
  }

  /**
   * A copy of a floating-point tensor's values.
   *
   * @param name its name
   * @return the values, outermost dimension first
   * @throws ModelException when there is no such tensor, or its values are not F32, F16, BF16 or
   *     F64
   */
  public float[] floats(String name) throws ModelException {
    Location location = locate(name);
    ElementType type = location.entry.type();
    float[] values = new float[count(location)];
    ByteBuffer bytes = bytes(location);
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (type) {
            case F32 -> bytes.getFloat();
            case F16 -> Float.float16ToFloat(bytes.getShort());
            case BF16 -> Float.intBitsToFloat(bytes.getShort() << Short.SIZE);
            case F64 -> (float) bytes.getDouble();
            default -> throw wrongType(location, "floating-point numbers");
          };
    }
    return values;
  }

  /**
   * A copy of an integer tensor's values.
   *
   * @param name its name
   * @return the values, outermost dimension first
   * @throws ModelException when there is no such tensor, or its values are not I64, I32, U8 or BOOL
   */
  public long[] longs(String name) throws ModelException {
    Location location = locate(name);
    ElementType type = location.entry.type();
    long[] values = new long[count(location)];
    ByteBuffer bytes = bytes(location);
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (type) {
            case I64 -> bytes.getLong();
            case I32 -> bytes.getInt();
            case U8, BOOL -> Byte.toUnsignedLong(bytes.get());
            default -> throw wrongType(location, "whole numbers");
          };
    }
    return values;
  }

  private static ModelException wrongType(Location location, String wanted) {
    return new ModelException(
        "%s: tensor '%s' is %s; %s are needed."
            .formatted(
                location.shard.path, location.entry.name(), location.entry.describe(), wanted));
  }

  private int count(Location location) throws ModelException {
    TensorEntry entry = location.entry;
    if (entry.end() - entry.begin() > Integer.MAX_VALUE - 8) {
      throw new ModelException(
          "%s: tensor '%s' is %s, too large for a Java array."
              .formatted(location.shard.path, entry.name(), entry.describe()));
    }
    return (int) entry.elements();
  }

  private ByteBuffer bytes(Location location) {
    TensorEntry entry = location.entry;
    long offset = location.shard.header.dataStart() + entry.begin();
    return location
        .shard
        .file
        .bytes(offset, (int) (entry.end() - entry.begin()))
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  private Location locate(String name) throws ModelException {
    Location location = tensors.get(name);
    if (location == null) {
      throw new ModelException("%s: tensor '%s' is missing.".formatted(path, name));
    }
    return location;
  }

  /** Unmaps the files. */
  @Override
  public void close() {
    shards.forEach(shard -> shard.file.close());
  }
}
