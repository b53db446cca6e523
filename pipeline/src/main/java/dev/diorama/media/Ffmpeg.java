package dev.diorama.media;

import static org.bytedeco.ffmpeg.global.avutil.AV_LOG_QUIET;
import static org.bytedeco.ffmpeg.global.avutil.av_log_set_level;
import static org.bytedeco.ffmpeg.global.avutil.av_strerror;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.bytedeco.javacpp.Loader;

/**
 * Loads FFmpeg once and translates its error codes.
 *
 * <p>Only avutil, avcodec, avformat and swscale are used: libavdevice needs sound servers. FFmpeg
 * itself is kept silent; what went wrong is in the exceptions.
 */
final class Ffmpeg {
  private static final String CACHE = "org.bytedeco.javacpp.cachedir";

  private Ffmpeg() {}

  private static final class Holder {
    private static final Throwable FAILURE = load();

    /** Unpacks beside the project's own natives. */
    private static Path cache() {
      String base = System.getenv("XDG_CACHE_HOME");
      Path folder =
          base != null && base.startsWith("/")
              ? Path.of(base)
              : Path.of(System.getProperty("user.home"), ".cache");
      return folder.resolve("diorama").resolve("ffmpeg");
    }

    private static Throwable load() {
      try {
        if (System.getProperty(CACHE) == null) {
          System.setProperty(CACHE, cache().toString());
        }
        Loader.load(org.bytedeco.ffmpeg.global.avutil.class);
        av_log_set_level(AV_LOG_QUIET);
        Loader.load(org.bytedeco.ffmpeg.global.swscale.class);
        Loader.load(org.bytedeco.ffmpeg.global.avcodec.class);
        Loader.load(org.bytedeco.ffmpeg.global.avformat.class);
        return null;
      } catch (LinkageError | RuntimeException e) {
        return e;
      }
    }
  }

  /** Loads the libraries, or says which package is missing. */
  static void load() throws MediaException {
    Throwable failure = Holder.FAILURE;
    if (failure != null) {
      throw new MediaException(
          "FFmpeg does not load (%s): it needs glibc 2.35 or later, libstdc++.so.6 and"
                  .formatted(firstLine(failure))
              + " libudev.so.1 (Debian packages libstdc++6 and libudev1)",
          failure);
    }
  }

  private static String firstLine(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    return message.lines().findFirst().orElse(message);
  }

  /** The text of a negative return code. */
  static String message(int code) {
    byte[] text = new byte[256];
    av_strerror(code, text, text.length);
    int end = 0;
    while (end < text.length && text[end] != 0) {
      end++;
    }
    return new String(text, 0, end, StandardCharsets.UTF_8);
  }
}
