package dev.diorama.media;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A folder of pictures {@code frame_0000.png} and so on, each with the metadata as international
 * text.
 */
final class PngSink implements FrameSink {
  private final Clip clip;
  private final Partial partial;
  private final PngEncoder encoder;
  private int frames;

  PngSink(Path path, Clip clip) throws MediaException {
    this.clip = clip;
    this.encoder = new PngEncoder(clip);
    this.partial = Partial.folder(path);
  }

  @Override
  public void add(float[] rgb) throws IOException {
    add(Samples.toBytes(rgb));
  }

  @Override
  public void add(byte[] rgb) throws IOException {
    clip.check(rgb.length);
    byte[] encoded = encoder.encode(rgb);
    try {
      Files.write(partial.path().resolve("frame_%04d.png".formatted(frames)), encoded);
    } catch (IOException e) {
      throw MediaException.writing(partial.target(), e);
    }
    frames++;
  }

  @Override
  public void commit() throws IOException {
    if (frames == 0) {
      throw new MediaException("cannot write %s: there are no frames".formatted(partial.target()));
    }
    partial.commit();
  }

  @Override
  public void close() {
    partial.close();
    encoder.close();
  }
}
