package dev.diorama.media;

import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_JPEG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_BT2020_CL;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_BT2020_NCL;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.swscale.SWS_ACCURATE_RND;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BICUBIC;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BITEXACT;
import static org.bytedeco.ffmpeg.global.swscale.SWS_CS_BT2020;
import static org.bytedeco.ffmpeg.global.swscale.SWS_CS_ITU601;
import static org.bytedeco.ffmpeg.global.swscale.SWS_CS_ITU709;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INT;
import static org.bytedeco.ffmpeg.global.swscale.sws_freeContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_getCoefficients;
import static org.bytedeco.ffmpeg.global.swscale.sws_getContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale;
import static org.bytedeco.ffmpeg.global.swscale.sws_setColorspaceDetails;

import java.nio.file.Path;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.IntPointer;

/** Decoded frames of one size and format to RGB, with the colour matrix that the frames state. */
final class RgbFrame implements AutoCloseable {
  private static final int FLAGS =
      SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT;

  private final Path file;
  private final int width;
  private final int height;
  private final int format;
  private final SwsContext conversion;
  private final AVFrame rgb;

  RgbFrame(Path file, AVFrame like) throws MediaException {
    this.file = file;
    this.width = like.width();
    this.height = like.height();
    this.format = like.format();
    this.conversion =
        sws_getContext(
            width,
            height,
            format,
            width,
            height,
            AV_PIX_FMT_RGB24,
            FLAGS,
            null,
            null,
            (DoublePointer) null);
    if (conversion == null) {
      throw new MediaException(
          "cannot read the video %s: its pixel format is unknown".formatted(file));
    }
    int full = 1;
    int neutral = 1 << 16;
    IntPointer matrix = sws_getCoefficients(matrix(like.colorspace()));
    IntPointer own = sws_getCoefficients(SWS_CS_ITU709);
    int range = like.color_range() == AVCOL_RANGE_JPEG ? full : 0;
    sws_setColorspaceDetails(conversion, matrix, range, own, full, 0, neutral, neutral);
    rgb = av_frame_alloc();
    rgb.format(AV_PIX_FMT_RGB24);
    rgb.width(width);
    rgb.height(height);
    if (av_frame_get_buffer(rgb, 0) < 0) {
      close();
      throw new MediaException("no memory for a picture of %dx%d".formatted(width, height));
    }
  }

  /** What a file does not state is BT.601, as FFmpeg itself has it. */
  private static int matrix(int stated) {
    if (stated == AVCOL_SPC_BT709) {
      return SWS_CS_ITU709;
    }
    boolean wide = stated == AVCOL_SPC_BT2020_NCL || stated == AVCOL_SPC_BT2020_CL;
    return wide ? SWS_CS_BT2020 : SWS_CS_ITU601;
  }

  boolean fits(AVFrame frame) {
    return frame.width() == width && frame.height() == height && frame.format() == format;
  }

  Picture convert(AVFrame frame) throws MediaException {
    int rows =
        sws_scale(
            conversion, frame.data(), frame.linesize(), 0, height, rgb.data(), rgb.linesize());
    if (rows != height) {
      throw new MediaException(
          "cannot read the video %s: a frame of it cannot be converted".formatted(file));
    }
    byte[] pixels = new byte[width * height * 3];
    long stride = rgb.linesize(0);
    try (BytePointer plane = new BytePointer(rgb.data(0))) {
      for (int y = 0; y < height; y++) {
        plane.position(y * stride).get(pixels, y * width * 3, width * 3);
      }
    }
    return new Picture(width, height, pixels);
  }

  @Override
  public void close() {
    sws_freeContext(conversion);
    if (rgb != null) {
      av_frame_free(rgb);
    }
  }
}
