package dev.diorama.media;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_ID_WEBP;
import static org.bytedeco.ffmpeg.global.avcodec.AV_EF_EXPLODE;
import static org.bytedeco.ffmpeg.global.avcodec.av_new_packet;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_encoder_by_name;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_packet;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_packet;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_ARGB;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_BGRA;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_free;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_set;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_make_q;

import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.javacpp.BytePointer;

/**
 * Lossless WebP with an alpha channel, for bytes that are data rather than a picture: libwebp
 * writes, FFmpeg's own decoder reads.
 *
 * <p>Every byte comes back as it was, with one exception: where alpha is 0, libwebp is free to
 * change red, green and blue.
 */
public final class LosslessWebp {

  /** The longest side that WebP has. */
  public static final int MAX_SIDE = 16383;

  private static final int RIFF_HEADER = 30;

  private LosslessWebp() {}

  /**
   * An image of four bytes for each pixel.
   *
   * @param width pixels
   * @param height pixels
   * @param rgba [height, width, 4] red, green, blue, alpha; not copied
   */
  public record Image(int width, int height, byte[] rgba) {

    /**
     * Checks the length.
     *
     * @throws IllegalArgumentException when sides and length do not fit each other
     */
    public Image {
      if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE) {
        throw new IllegalArgumentException(
            "the image is %d x %d, WebP holds 1 to %d".formatted(width, height, MAX_SIDE));
      }
      if (rgba.length != 4L * width * height) {
        throw new IllegalArgumentException(
            "the image has %d bytes, expected %d x %d x 4".formatted(rgba.length, width, height));
      }
    }
  }

  /**
   * Encodes.
   *
   * @param image what to encode
   * @return the file's bytes
   * @throws MediaException when FFmpeg cannot be loaded or refuses
   */
  public static byte[] encode(Image image) throws MediaException {
    Ffmpeg.load();
    AVCodec codec = avcodec_find_encoder_by_name("libwebp");
    if (codec == null) {
      throw new MediaException("cannot write WebP: this build of FFmpeg lacks libwebp");
    }
    AVCodecContext encoder = avcodec_alloc_context3(codec);
    AVDictionary options = new AVDictionary(null);
    AVPacket packet = av_packet_alloc();
    AVFrame frame = av_frame_alloc();
    try {
      encoder.width(image.width());
      encoder.height(image.height());
      encoder.pix_fmt(AV_PIX_FMT_BGRA);
      encoder.time_base(av_make_q(1, 1));
      av_dict_set(options, "lossless", "1", 0);
      checkWrite(avcodec_open2(encoder, codec, options));
      fill(frame, image);
      checkWrite(avcodec_send_frame(encoder, frame));
      checkWrite(avcodec_send_frame(encoder, null));
      checkWrite(avcodec_receive_packet(encoder, packet));
      byte[] bytes = new byte[packet.size()];
      try (BytePointer data = new BytePointer(packet.data())) {
        data.get(bytes);
      }
      return bytes;
    } finally {
      av_dict_free(options);
      av_frame_free(frame);
      av_packet_free(packet);
      avcodec_free_context(encoder);
    }
  }

  private static void fill(AVFrame frame, Image image) throws MediaException {
    int width = image.width();
    frame.format(AV_PIX_FMT_BGRA);
    frame.width(width);
    frame.height(image.height());
    checkWrite(av_frame_get_buffer(frame, 0));
    byte[] rgba = image.rgba();
    byte[] row = new byte[width * 4];
    long stride = frame.linesize(0);
    try (BytePointer plane = new BytePointer(frame.data(0))) {
      for (int y = 0; y < image.height(); y++) {
        int at = y * width * 4;
        for (int x = 0; x < row.length; x += 4) {
          row[x] = rgba[at + x + 2];
          row[x + 1] = rgba[at + x + 1];
          row[x + 2] = rgba[at + x];
          row[x + 3] = rgba[at + x + 3];
        }
        plane.position(y * stride).put(row, 0, row.length);
      }
    }
  }

  private static void checkWrite(int code) throws MediaException {
    if (code < 0) {
      throw new MediaException("cannot write WebP (%s)".formatted(Ffmpeg.message(code)));
    }
  }

  /**
   * Decodes.
   *
   * @param file a whole WebP file
   * @param maxPixels more are refused before anything is allocated for them
   * @return the image
   * @throws MediaException when the bytes are no lossless WebP, are damaged, or the image is too
   *     large; the message begins with "it"
   */
  public static Image decode(byte[] file, long maxPixels) throws MediaException {
    checkHeader(file);
    Ffmpeg.load();
    AVCodecContext decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_WEBP));
    AVPacket packet = av_packet_alloc();
    AVFrame frame = av_frame_alloc();
    try {
      // FFmpeg counts the padding of its rows among the pixels.
      decoder.max_pixels(maxPixels + 256L * MAX_SIDE);
      decoder.err_recognition(AV_EF_EXPLODE);
      decoder.thread_count(1);
      checkRead(avcodec_open2(decoder, null, (AVDictionary) null));
      checkRead(av_new_packet(packet, file.length));
      try (BytePointer data = new BytePointer(packet.data())) {
        data.put(file, 0, file.length);
      }
      checkRead(avcodec_send_packet(decoder, packet));
      checkRead(avcodec_send_packet(decoder, null));
      checkRead(avcodec_receive_frame(decoder, frame));
      long pixels = (long) frame.width() * frame.height();
      if (pixels > maxPixels) {
        throw new MediaException(
            "it has %d x %d pixels, expected at most %d"
                .formatted(frame.width(), frame.height(), maxPixels));
      }
      if (frame.format() != AV_PIX_FMT_ARGB) {
        throw new MediaException("it is a lossy WebP, expected a lossless one");
      }
      return copy(frame);
    } finally {
      av_frame_free(frame);
      av_packet_free(packet);
      avcodec_free_context(decoder);
    }
  }

  private static void checkHeader(byte[] file) throws MediaException {
    if (file.length < RIFF_HEADER || !tag(file, 0, "RIFF") || !tag(file, 8, "WEBP")) {
      throw new MediaException("it is no WebP image");
    }
  }

  private static boolean tag(byte[] file, int at, String text) {
    for (int i = 0; i < text.length(); i++) {
      if (file[at + i] != text.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private static void checkRead(int code) throws MediaException {
    if (code < 0) {
      throw new MediaException(
          "it is damaged, animated or too large (%s)".formatted(Ffmpeg.message(code)));
    }
  }

  private static Image copy(AVFrame frame) {
    int width = frame.width();
    int height = frame.height();
    byte[] rgba = new byte[width * height * 4];
    byte[] row = new byte[width * 4];
    long stride = frame.linesize(0);
    try (BytePointer plane = new BytePointer(frame.data(0))) {
      for (int y = 0; y < height; y++) {
        plane.position(y * stride).get(row, 0, row.length);
        int at = y * width * 4;
        for (int x = 0; x < row.length; x += 4) {
          rgba[at + x] = row[x + 1];
          rgba[at + x + 1] = row[x + 2];
          rgba[at + x + 2] = row[x + 3];
          rgba[at + x + 3] = row[x];
        }
      }
    }
    return new Image(width, height, rgba);
  }
}
