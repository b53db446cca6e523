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
 * One tensor {@code frames} [F,H,W,3] of 32-bit floats, streamed.
 *
 * <p>The header stands at the front but names the number of frames, so room for the longest header
 * is kept and filled at the end; the format allows spaces after it.
 */
final class SafetensorsSink implements FrameSink {
  private final Clip clip;
  private final Partial partial;
  private final FileChannel channel;
  private final ByteBuffer buffer;
  private final int headerLength;
  private long frames;

  SafetensorsSink(Path path, Clip clip) throws MediaException {
    this.clip = clip;
    this.buffer =
        ByteBuffer.allocate(Math.multiplyExact(clip.samples(), Float.BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    this.headerLength = (header(Integer.MAX_VALUE).length + 7) / 8 * 8;
    this.partial = Partial.file(path);
    try {
      this.channel = FileChannel.open(partial.path(), StandardOpenOption.WRITE);
    } catch (IOException e) {
      partial.close();
      throw MediaException.writing(path, e);
    }
    try {
      channel.position(Long.BYTES + headerLength);
    } catch (IOException e) {
      close();
      throw MediaException.writing(path, e);
    }
  }

  private byte[] header(long count) {
    long bytes = count * clip.samples() * Float.BYTES;
    Map<String, Object> tensor = new LinkedHashMap<>();
    tensor.put("dtype", "F32");
    tensor.put("shape", List.of(count, clip.height(), clip.width(), 3));
    tensor.put("data_offsets", List.of(0, bytes));
    Map<String, String> metadata = new LinkedHashMap<>(clip.metadata());
    metadata.put("fps", Double.toString(clip.fps()));
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("__metadata__", metadata);
    all.put("frames", tensor);
    return Tags.json(all).getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void add(float[] rgb) throws IOException {
    clip.check(rgb.length);
    buffer.clear();
    buffer.asFloatBuffer().put(rgb);
    write(buffer);
    frames++;
  }

  @Override
  public void add(byte[] rgb) throws IOException {
    add(Samples.toFloats(rgb));
  }

  @Override
  public void commit() throws IOException {
    if (frames == 0) {
      throw new MediaException("cannot write %s: there are no frames".formatted(partial.target()));
    }
    byte[] header = header(frames);
    ByteBuffer front = ByteBuffer.allocate(Long.BYTES + headerLength);
    front.order(ByteOrder.LITTLE_ENDIAN).putLong(headerLength).put(header);
    while (front.hasRemaining()) {
      front.put((byte) ' ');
    }
    try {
      channel.position(0);
      write(front.flip());
      channel.close();
    } catch (IOException e) {
      throw e instanceof MediaException m ? m : MediaException.writing(partial.target(), e);
    }
    partial.commit();
  }

  private void write(ByteBuffer bytes) throws MediaException {
    try {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    } catch (IOException e) {
      throw MediaException.writing(partial.target(), e);
    }
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
