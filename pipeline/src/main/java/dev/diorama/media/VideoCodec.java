package dev.diorama.media;

import java.util.Map;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;

/** The video encoders and their settings: high quality, since the videos are small and short. */
enum VideoCodec {
  /**
   * OpenH264, the only software H.264 encoder in FFmpeg's build without GPL parts. Its quality mode
   * follows a bit rate; the quantizer's upper limit is what keeps pictures crisp.
   */
  H264("mp4", "libopenh264", Map.of("profile", "high", "rc_mode", "quality")),
  /** libvpx in constant-quality mode. */
  VP9(
      "webm",
      "libvpx-vp9",
      Map.of("deadline", "good", "cpu-used", "2", "crf", "18", "row-mt", "0"));

  private static final int H264_BITS_PER_PIXEL = 1;
  private static final int H264_FINEST = 12;
  private static final int H264_COARSEST = 20;

  private final String container;
  private final String encoder;
  private final Map<String, String> options;

  VideoCodec(String container, String encoder, Map<String, String> options) {
    this.container = container;
    this.encoder = encoder;
    this.options = options;
  }

  String container() {
    return container;
  }

  String encoder() {
    return encoder;
  }

  Map<String, String> options() {
    return options;
  }

  void tune(AVCodecContext context, Clip clip) {
    if (this == H264) {
      context.bit_rate(H264_BITS_PER_PIXEL * (long) (clip.width() * clip.height() * clip.fps()));
      context.qmin(H264_FINEST);
      context.qmax(H264_COARSEST);
    }
  }
}
