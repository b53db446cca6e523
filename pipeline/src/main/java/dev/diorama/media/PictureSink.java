package dev.diorama.media;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** One picture in a .png; a second one is refused. */
final class PictureSink implements FrameSink {
  private final Clip clip;
  private final Partial partial;
  private boolean written;

  PictureSink(Path path, Clip clip) throws MediaException {
    this.clip = clip;
    this.partial = Partial.file(path);
  }

  @Override
  public void add(float[] rgb) throws IOException {
    add(Samples.toBytes(rgb));
  }

  @Override
  public void add(byte[] rgb) throws IOException {
    clip.check(rgb.length);
    if (written) {
      throw new MediaException(
          "cannot write %s: a .png holds one picture; write frames into FOLDER/"
              .formatted(partial.target()));
    }
    try (PngEncoder encoder = new PngEncoder(clip)) {
      Files.write(partial.path(), encoder.encode(rgb));
    } catch (IOException e) {
      throw MediaException.writing(partial.target(), e);
    }
    written = true;
  }

  @Override
  public void commit() throws IOException {
    if (!written) {
      throw new MediaException("cannot write %s: there are no frames".formatted(partial.target()));
    }
    partial.commit();
  }

  @Override
  public void close() {
    partial.close();
  }
}
