package dev.diorama.media;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Several tensors [frames, height, width, channels] of 32-bit floats in one safetensors file, all
 * growing frame by frame: each value is written to its place, so memory does not grow. What is
 * written stays invisible until {@link #commit}. Used by one thread at a time.
 */
public final class FrameTensors implements AutoCloseable {
  private final Partial partial;
  private final FileChannel channel;
  private final List<Integer> channels;
  private final int frames;
  private final int pixels;
  private final long begin;
  private int written;

  private FrameTensors(
      Partial partial,
      FileChannel channel,
      List<Integer> channels,
      int frames,
      int pixels,
      long begin) {
    this.partial = partial;
    this.channel = channel;
    this.channels = channels;
    this.frames = frames;
    this.pixels = pixels;
    this.begin = begin;
  }

  /**
   * Begins a file.
   *
   * @param path replaced at the end when it exists
   * @param clip the size of the pictures, their speed and what is written about them
   * @param frames how many there will be
   * @param channels the tensors' names and numbers of channels, in the order of the file
   * @return to be closed
   * @throws MediaException when it can't be written there
   */
  public static FrameTensors open(Path path, Clip clip, int frames, Map<String, Integer> channels)
      throws MediaException {
    byte[] header = header(clip, frames, channels);
    Partial partial = Partial.file(path);
    try {
      FileChannel channel = FileChannel.open(partial.path(), StandardOpenOption.WRITE);
      FrameTensors tensors =
          new FrameTensors(
              partial,
              channel,
              List.copyOf(channels.values()),
              frames,
              Math.multiplyExact(clip.width(), clip.height()),
              Long.BYTES + (long) header.length);
      tensors.writeHeader(header);
      return tensors;
    } catch (IOException e) {
      partial.close();
      throw e instanceof MediaException m ? m : MediaException.writing(path, e);
    }
  }

  private static byte[] header(Clip clip, int frames, Map<String, Integer> channels) {
    Map<String, Object> all = new LinkedHashMap<>();
    Map<String, String> metadata = new LinkedHashMap<>(clip.metadata());
    metadata.put("fps", Double.toString(clip.fps()));
    all.put("__metadata__", metadata);
    long at = 0;
    for (Map.Entry<String, Integer> tensor : channels.entrySet()) {
      long plane = (long) clip.width() * clip.height() * tensor.getValue() * Float.BYTES;
      long end = Math.addExact(at, Math.multiplyExact(plane, frames));
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("dtype", "F32");
      entry.put("shape", List.of(frames, clip.height(), clip.width(), tensor.getValue()));
      entry.put("data_offsets", List.of(at, end));
      all.put(tensor.getKey(), entry);
      at = end;
    }
    String json = Tags.json(all);
    // Spaces bring the data to a multiple of 8 bytes, as the format recommends.
    return (json + " ".repeat((8 - json.length() % 8) % 8)).getBytes(StandardCharsets.US_ASCII);
  }

  private void writeHeader(byte[] header) throws IOException {
    ByteBuffer front = ByteBuffer.allocate(Long.BYTES + header.length);
    write(front.order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).put(header).flip(), 0);
  }

  /**
   * Adds a frame.
   *
   * @param values of each tensor, in the order in which they were named: [height, width, channels]
   * @throws MediaException when it can't be written
   */
  public void add(List<float[]> values) throws MediaException {
    if (values.size() != channels.size() || written == frames) {
      throw new IllegalArgumentException(
          "%d tensors for frame %d, expected %d tensors and %d frames"
              .formatted(values.size(), written, channels.size(), frames));
    }
    long start = begin;
    for (int i = 0; i < channels.size(); i++) {
      int samples = pixels * channels.get(i);
      if (values.get(i).length != samples) {
        throw new IllegalArgumentException(
            "a frame has %d samples, expected %d".formatted(values.get(i).length, samples));
      }
      ByteBuffer bytes = ByteBuffer.allocate(samples * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(values.get(i));
      try {
        write(bytes, start + (long) written * bytes.capacity());
      } catch (IOException e) {
        throw MediaException.writing(partial.target(), e);
      }
      start += (long) frames * bytes.capacity();
    }
    written++;
  }

  private void write(ByteBuffer bytes, long at) throws IOException {
    long position = at;
    while (bytes.hasRemaining()) {
      position += channel.write(bytes, position);
    }
  }

  /**
   * Gives the file its name.
   *
   * @throws MediaException when frames are missing or it can't be moved
   */
  public void commit() throws MediaException {
    if (written < frames) {
      throw new MediaException(
          "cannot write %s: there are %d of %d frames"
              .formatted(partial.target(), written, frames));
    }
    try {
      channel.close();
    } catch (IOException e) {
      throw MediaException.writing(partial.target(), e);
    }
    partial.commit();
  }

  @Override
  public void close() {
    try (partial) {
      channel.close();
    } catch (IOException e) {
      // Nothing of value is lost: a committed file was closed before.
      return;
    }
  }
}
