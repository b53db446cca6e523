package dev.diorama.model;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Writes a safetensors file from values that arrive in order, a part at a time.
 *
 * <p>The file appears under its name only when {@link #finish} has succeeded; until then the bytes
 * go to a temporary file beside it, which {@link #close} deletes. Used by one thread.
 */
public final class SafetensorsWriter implements AutoCloseable {

  private static final int ALIGNMENT = 64;
  private static final int BUFFER_BYTES = 1 << 18;

  private final Path target;
  private final Path temporary;
  private final FileChannel channel;
  private final ByteBuffer buffer =
      ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final long dataBytes;
  private long written;
  private boolean finished;

  /**
   * A tensor to be written.
   *
   * @param name its name
   * @param type the type of its elements
   * @param shape its sizes, outermost first
   */
  public record Declaration(String name, ElementType type, long... shape) {

    private long bytes() {
      return Arrays.stream(shape).reduce(type.bytes(), Math::multiplyExact);
    }
  }

  private SafetensorsWriter(Path target, Path temporary, FileChannel channel, long dataBytes) {
    this.target = target;
    this.temporary = temporary;
    this.channel = channel;
    this.dataBytes = dataBytes;
  }

  /**
   * Begins a file.
   *
   * @param target the file; one that exists is replaced at the end
   * @param metadata free text for the header
   * @param tensors the tensors, in the order in which their values will be written
   * @return the writer
   * @throws IOException when the folder cannot be written to
   */
  public static SafetensorsWriter create(
      Path target, Map<String, String> metadata, List<Declaration> tensors) throws IOException {
    JsonMapper mapper = JsonMapper.builder().build();
    ObjectNode header = mapper.createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode text = header.putObject("__metadata__");
      metadata.forEach(text::put);
    }
    long position = 0;
    for (Declaration tensor : tensors) {
      ObjectNode entry = header.putObject(tensor.name());
      entry.put("dtype", tensor.type().name());
      entry.set("shape", mapper.valueToTree(tensor.shape()));
      long end = Math.addExact(position, tensor.bytes());
      entry.putArray("data_offsets").add(position).add(end);
      position = end;
    }
    byte[] json = mapper.writeValueAsBytes(header);
    Path folder = target.toAbsolutePath().getParent();
    String random = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());
    Path temporary = folder.resolve("." + target.getFileName() + "." + random + ".part");
    // Opened by name: a temporary file of the JDK would be readable by its owner alone.
    FileChannel channel =
        FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    SafetensorsWriter writer = new SafetensorsWriter(target, temporary, channel, position);
    try {
      writer.writeHeader(json);
      return writer;
    } catch (IOException e) {
      writer.close();
      throw e;
    }
  }

  private void writeHeader(byte[] json) throws IOException {
    int unaligned = (SafetensorsHeader.LENGTH_BYTES + json.length) % ALIGNMENT;
    byte[] padding =
        " ".repeat((ALIGNMENT - unaligned) % ALIGNMENT).getBytes(StandardCharsets.US_ASCII);
    buffer.putLong(json.length + (long) padding.length);
    put(json);
    put(padding);
  }

  /**
   * Appends values to the F32 tensor that is being written.
   *
   * @param values the next values
   * @throws IOException when the disk is full, for example
   */
  public void write(float[] values) throws IOException {
    count((long) values.length * Float.BYTES);
    int from = 0;
    while (from < values.length) {
      int part = Math.min(buffer.remaining() / Float.BYTES, values.length - from);
      buffer.asFloatBuffer().put(values, from, part);
      buffer.position(buffer.position() + part * Float.BYTES);
      from += part;
      if (buffer.remaining() < Float.BYTES) {
        flush();
      }
    }
  }

  /**
   * Appends bytes as they are, little-endian values of any type.
   *
   * @param bytes the next bytes
   * @throws IOException when the disk is full, for example
   */
  public void write(byte[] bytes) throws IOException {
    count(bytes.length);
    put(bytes);
  }

  private void count(long bytes) {
    if (finished || bytes > dataBytes - written) {
      throw new IllegalStateException(
          "%s: %d more bytes do not fit behind %d of %d."
              .formatted(target, bytes, written, dataBytes));
    }
    written += bytes;
  }

  private void put(byte[] bytes) throws IOException {
    int from = 0;
    while (from < bytes.length) {
      int part = Math.min(buffer.remaining(), bytes.length - from);
      buffer.put(bytes, from, part);
      from += part;
      if (!buffer.hasRemaining()) {
        flush();
      }
    }
  }

  private void flush() throws IOException {
    buffer.flip();
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
    buffer.clear();
  }

  /**
   * Ends the file and gives it its name.
   *
   * @throws IOException when the last bytes cannot be written or the file cannot be moved
   * @throws IllegalStateException when values are missing
   */
  public void finish() throws IOException {
    if (finished || written != dataBytes) {
      throw new IllegalStateException(
          "%s: %d of %d bytes were written.".formatted(target, written, dataBytes));
    }
    flush();
    channel.force(true);
    channel.close();
    Files.move(
        temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    finished = true;
  }

  /** Deletes what was written when {@link #finish} was not reached. */
  @Override
  public void close() throws IOException {
    channel.close();
    if (!finished) {
      Files.deleteIfExists(temporary);
    }
  }
}
