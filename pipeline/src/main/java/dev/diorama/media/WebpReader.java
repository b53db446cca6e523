package dev.diorama.media;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_WEBP;
import static org.bytedeco.ffmpeg.global.avcodec.AV_EF_EXPLODE;
import static org.bytedeco.ffmpeg.global.avcodec.av_new_packet;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_packet;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.swscale.SWS_ACCURATE_RND;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BICUBIC;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BITEXACT;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INT;
import static org.bytedeco.ffmpeg.global.swscale.sws_freeContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_getContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;

/** Reads WebP through FFmpeg's decoder; the file is one packet, so no container code runs. */
final class WebpReader {
  private static final long MAX_FILE = 256L << 20;

  private WebpReader() {}

  static Picture read(Path file) throws IOException {
    if (Files.size(file) > MAX_FILE) {
      throw Pictures.unreadable(file, "it is larger than 256 MiB");
    }
    byte[] bytes = Files.readAllBytes(file);
    checkSize(file, bytes);
    Ffmpeg.load();
    AVCodecContext decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_WEBP));
    AVPacket packet = av_packet_alloc();
    AVFrame frame = av_frame_alloc();
    try {
      decoder.max_pixels(Pictures.MAX_PIXELS);
      decoder.err_recognition(AV_EF_EXPLODE);
      decoder.thread_count(1);
      check(file, avcodec_open2(decoder, null, (AVDictionary) null));
      check(file, av_new_packet(packet, bytes.length));
      try (BytePointer data = new BytePointer(packet.data())) {
        data.put(bytes, 0, bytes.length);
      }
      check(file, avcodec_send_packet(decoder, packet));
      check(file, avcodec_send_packet(decoder, null));
      check(file, avcodec_receive_frame(decoder, frame));
      Pictures.checkSize(file, frame.width(), frame.height());
      return toRgb(file, frame);
    } finally {
      av_frame_free(frame);
      av_packet_free(packet);
      avcodec_free_context(decoder);
    }
  }

  private static void check(Path file, int code) throws MediaException {
    if (code < 0) {
      throw Pictures.unreadable(
          file, "its WebP data is damaged or animated (%s)".formatted(Ffmpeg.message(code)));
    }
  }

  /** The size stands in the first chunk, which has three kinds. */
  private static void checkSize(Path file, byte[] bytes) throws MediaException {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.length < 30) {
      throw Pictures.unreadable(file, "it ends too early");
    }
    String kind = new String(bytes, 12, 4, java.nio.charset.StandardCharsets.US_ASCII);
    switch (kind) {
      case "VP8X" ->
          Pictures.checkSize(file, 1 + (in.getInt(24) & 0xffffff), 1 + (in.getInt(26) >>> 8));
      case "VP8L" -> {
        int sizes = in.getInt(21);
        Pictures.checkSize(file, 1 + (sizes & 0x3fff), 1 + (sizes >> 14 & 0x3fff));
      }
      case "VP8 " -> Pictures.checkSize(file, in.getShort(26) & 0x3fff, in.getShort(28) & 0x3fff);
      default -> throw Pictures.unreadable(file, "its WebP data begins with an unknown chunk");
    }
  }

  private static Picture toRgb(Path file, AVFrame frame) throws MediaException {
    int width = frame.width();
    int height = frame.height();
    SwsContext conversion =
        sws_getContext(
            width,
            height,
            frame.format(),
            width,
            height,
            AV_PIX_FMT_RGB24,
            SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT,
            null,
            null,
            (DoublePointer) null);
    if (conversion == null) {
      throw Pictures.unreadable(file, "its pixel format is unknown");
    }
    AVFrame out = av_frame_alloc();
    byte[] rgb = new byte[width * height * 3];
    try {
      out.format(AV_PIX_FMT_RGB24);
      out.width(width);
      out.height(height);
      check(file, av_frame_get_buffer(out, 0));
      sws_scale(conversion, frame.data(), frame.linesize(), 0, height, out.data(), out.linesize());
      long stride = out.linesize(0);
      try (BytePointer plane = new BytePointer(out.data(0))) {
        for (int y = 0; y < height; y++) {
          plane.position(y * stride).get(rgb, y * width * 3, width * 3);
        }
      }
    } finally {
      av_frame_free(out);
      sws_freeContext(conversion);
    }
    return new Picture(width, height, rgb);
  }
}
