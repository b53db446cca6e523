package dev.diorama.media;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Where a video goes and in which format.
 *
 * @param path the file, or the folder of frames
 * @param format how it is written
 */
public record Output(Path path, Format format) {

  /** The formats that can be written. */
  public enum Format {
    /** H.264 in MP4. */
    MP4,
    /** VP9 in WebM. */
    WEBM,
    /** An endless GIF. */
    GIF,
    /** A folder of PNG pictures. */
    PNG,
    /** One PNG picture. */
    PICTURE,
    /** One tensor of floating-point numbers, never enlarged. */
    SAFETENSORS;

    /** Whether the format is for looking at, so that its frames may be enlarged. */
    public boolean isForViewing() {
      return this != SAFETENSORS;
    }
  }

  /**
   * Reads a path as a user writes it: the end of the name chooses the format; a slash at the end,
   * or a folder that exists, means PNG frames, .png without it one picture.
   *
   * @throws IllegalArgumentException with a sentence for the user when the name says no known
   *     format
   */
  public static Output parse(String name) {
    Path path;
    try {
      path = Path.of(name);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("the output name is not a path: " + e.getMessage(), e);
    }
    if (name.isEmpty()) {
      throw new IllegalArgumentException("the output name is empty");
    }
    String lower = name.toLowerCase(Locale.ROOT);
    if (name.endsWith("/") || Files.isDirectory(path)) {
      return new Output(path, Format.PNG);
    } else if (lower.endsWith(".mp4")) {
      return new Output(path, Format.MP4);
    } else if (lower.endsWith(".webm")) {
      return new Output(path, Format.WEBM);
    } else if (lower.endsWith(".gif")) {
      return new Output(path, Format.GIF);
    } else if (lower.endsWith(".png")) {
      return new Output(path, Format.PICTURE);
    } else if (lower.endsWith(".safetensors")) {
      return new Output(path, Format.SAFETENSORS);
    }
    throw new IllegalArgumentException(
        "the output %s has no known format: use *.mp4, *.webm, *.gif, *.safetensors or FOLDER/"
            .formatted(name));
  }

  /**
   * Finds out early whether something can be written there.
   *
   * @throws MediaException with a sentence for the user when it cannot
   */
  public void check() throws MediaException {
    Partial partial = format == Format.PNG ? Partial.folder(path) : Partial.file(path);
    partial.close();
  }

  /**
   * Starts writing.
   *
   * @param clip what is going to be written
   * @throws MediaException with a sentence for the user when the place or the size is not possible
   */
  public FrameSink open(Clip clip) throws MediaException {
    return switch (format) {
      case MP4 -> VideoSink.open(path, clip, VideoCodec.H264);
      case WEBM -> VideoSink.open(path, clip, VideoCodec.VP9);
      case GIF -> new GifSink(path, clip);
      case PNG -> new PngSink(path, clip);
      case PICTURE -> new PictureSink(path, clip);
      case SAFETENSORS -> new SafetensorsSink(path, clip);
    };
  }
}
