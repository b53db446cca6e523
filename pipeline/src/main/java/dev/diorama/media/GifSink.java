package dev.diorama.media;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** An endless GIF; each frame has a palette of its own, so soft gradients stay soft. */
final class GifSink implements FrameSink {
  private static final int FASTEST = 50;

  private final Clip clip;
  private final Partial partial;
  private final OutputStream out;
  private final Dither dither;
  private int frames;

  GifSink(Path path, Clip clip) throws MediaException {
    if (clip.fps() > FASTEST) {
      throw new MediaException(
          "cannot write %s: a GIF shows at most %d frames a second, got %s"
              .formatted(path, FASTEST, clip.fps()));
    }
    this.clip = clip;
    this.dither = new Dither(clip.width(), clip.height());
    this.partial = Partial.file(path);
    try {
      this.out = new BufferedOutputStream(Files.newOutputStream(partial.path()), 1 << 16);
    } catch (IOException e) {
      partial.close();
      throw MediaException.writing(path, e);
    }
    try {
      writeStart();
    } catch (IOException e) {
      close();
      throw MediaException.writing(path, e);
    }
  }

  private void writeStart() throws IOException {
    out.write(ascii("GIF89a"));
    writeShort(clip.width());
    writeShort(clip.height());
    out.write(new byte[] {0x70, 0, 0});
    out.write(new byte[] {0x21, (byte) 0xff, 11});
    out.write(ascii("NETSCAPE2.0"));
    out.write(new byte[] {3, 1, 0, 0, 0});
    if (!clip.metadata().isEmpty()) {
      out.write(new byte[] {0x21, (byte) 0xfe});
      byte[] comment = ascii(Tags.json(clip.metadata()));
      for (int at = 0; at < comment.length; at += 255) {
        int length = Math.min(255, comment.length - at);
        out.write(length);
        out.write(comment, at, length);
      }
      out.write(0);
    }
  }

  @Override
  public void add(float[] rgb) throws IOException {
    add(Samples.toBytes(rgb));
  }

  @Override
  public void add(byte[] rgb) throws IOException {
    clip.check(rgb.length);
    Palette palette = Palette.of(rgb);
    try {
      writeFrame(dither.map(rgb, palette), palette);
    } catch (IOException e) {
      throw MediaException.writing(partial.target(), e);
    }
    frames++;
  }

  private void writeFrame(byte[] indices, Palette palette) throws IOException {
    int depth = Math.max(1, 32 - Integer.numberOfLeadingZeros(palette.size() - 1));
    out.write(new byte[] {0x21, (byte) 0xf9, 4, 4});
    writeShort(hundredths(frames + 1) - hundredths(frames));
    out.write(new byte[] {0, 0, 0x2c, 0, 0, 0, 0});
    writeShort(clip.width());
    writeShort(clip.height());
    out.write(0x80 | depth - 1);
    for (int i = 0; i < 1 << depth; i++) {
      int color = i < palette.size() ? palette.color(i) : 0;
      out.write(color >> 16);
      out.write(color >> 8);
      out.write(color);
    }
    GifLzw.write(indices, depth, out);
  }

  /** When a frame begins; rounded from the exact time, so that delays do not drift. */
  private int hundredths(int frame) {
    return (int) Math.round(frame * 100 / clip.fps());
  }

  private void writeShort(int value) throws IOException {
    out.write(value);
    out.write(value >> 8);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Override
  public void commit() throws IOException {
    if (frames == 0) {
      throw new MediaException("cannot write %s: there are no frames".formatted(partial.target()));
    }
    try {
      out.write(0x3b);
      out.close();
    } catch (IOException e) {
      throw MediaException.writing(partial.target(), e);
    }
    partial.commit();
  }

  @Override
  public void close() {
    try (partial) {
      out.close();
    } catch (IOException e) {
      // Nothing of value is lost: a committed file was closed before.
      return;
    }
  }
}
