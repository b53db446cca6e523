package dev.diorama.media;

import static org.bytedeco.ffmpeg.global.avutil.AVCHROMA_LOC_LEFT;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_PRI_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_MPEG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_TRC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV420P;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_make_writable;
import static org.bytedeco.ffmpeg.global.swscale.SWS_ACCURATE_RND;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BICUBIC;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BITEXACT;
import static org.bytedeco.ffmpeg.global.swscale.SWS_CS_ITU709;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INP;
import static org.bytedeco.ffmpeg.global.swscale.sws_freeContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_getCoefficients;
import static org.bytedeco.ffmpeg.global.swscale.sws_getContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale;
import static org.bytedeco.ffmpeg.global.swscale.sws_setColorspaceDetails;

import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.IntPointer;

/** One picture on its way from RGB to what encoders take: 4:2:0, BT.709, limited range. */
final class YuvFrame implements AutoCloseable {
  private static final int FLAGS =
      SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP | SWS_BITEXACT;

  private final int width;
  private final int height;
  private final AVFrame rgb;
  private final AVFrame yuv;
  private final SwsContext conversion;

  YuvFrame(int width, int height) throws MediaException {
    this.width = width;
    this.height = height;
    rgb = frame(AV_PIX_FMT_RGB24);
    yuv = frame(AV_PIX_FMT_YUV420P);
    yuv.color_range(AVCOL_RANGE_MPEG);
    yuv.colorspace(AVCOL_SPC_BT709);
    yuv.color_primaries(AVCOL_PRI_BT709);
    yuv.color_trc(AVCOL_TRC_BT709);
    yuv.chroma_location(AVCHROMA_LOC_LEFT);
    conversion =
        sws_getContext(
            width,
            height,
            AV_PIX_FMT_RGB24,
            width,
            height,
            AV_PIX_FMT_YUV420P,
            FLAGS,
            null,
            null,
            (DoublePointer) null);
    if (conversion == null) {
      close();
      throw new MediaException("no memory for a picture of %dx%d".formatted(width, height));
    }
    IntPointer table = sws_getCoefficients(SWS_CS_ITU709);
    int full = 1;
    int limited = 0;
    int neutral = 1 << 16;
    sws_setColorspaceDetails(conversion, table, full, table, limited, 0, neutral, neutral);
  }

  private AVFrame frame(int format) throws MediaException {
    AVFrame frame = av_frame_alloc();
    frame.format(format);
    frame.width(width);
    frame.height(height);
    if (av_frame_get_buffer(frame, 0) < 0) {
      throw new MediaException("no memory for a picture of %dx%d".formatted(width, height));
    }
    return frame;
  }

  /** Converts a picture; the result is valid until the next call. */
  AVFrame fill(byte[] pixels, long index) throws MediaException {
    int stride = rgb.linesize(0);
    try (BytePointer to = new BytePointer(rgb.data(0))) {
      for (int y = 0; y < height; y++) {
        to.position((long) y * stride).put(pixels, y * width * 3, width * 3);
      }
    }
    if (av_frame_make_writable(yuv) < 0) {
      throw new MediaException("no memory for a picture of %dx%d".formatted(width, height));
    }
    sws_scale(conversion, rgb.data(), rgb.linesize(), 0, height, yuv.data(), yuv.linesize());
    yuv.pts(index);
    return yuv;
  }

  @Override
  public void close() {
    if (rgb != null) {
      av_frame_free(rgb);
    }
    if (yuv != null) {
      av_frame_free(yuv);
    }
    if (conversion != null) {
      sws_freeContext(conversion);
    }
  }
}
