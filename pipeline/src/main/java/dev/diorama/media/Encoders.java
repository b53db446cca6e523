package dev.diorama.media;

import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_encoder_by_name;
import static org.bytedeco.ffmpeg.global.avutil.av_version_info;

/** Tells whether video files can be written. */
public final class Encoders {

  private Encoders() {}

  /** FFmpeg's version and encoders in one line, or what is missing. */
  public static String describe() {
    try {
      Ffmpeg.load();
    } catch (MediaException e) {
      return e.getMessage();
    }
    StringBuilder line = new StringBuilder("FFmpeg ").append(av_version_info().getString());
    for (VideoCodec codec : VideoCodec.values()) {
      boolean there = avcodec_find_encoder_by_name(codec.encoder()) != null;
      line.append(", ").append(codec).append(there ? " by " : " absent: no ");
      line.append(codec.encoder());
    }
    return line.toString();
  }
}
