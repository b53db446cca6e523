package dev.diorama.media;

import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_DISPLAYMATRIX;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_side_data_get;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_to_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_packet;
import static org.bytedeco.ffmpeg.global.avformat.av_find_best_stream;
import static org.bytedeco.ffmpeg.global.avformat.av_read_frame;
import static org.bytedeco.ffmpeg.global.avformat.avformat_close_input;
import static org.bytedeco.ffmpeg.global.avformat.avformat_find_stream_info;
import static org.bytedeco.ffmpeg.global.avformat.avformat_open_input;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EAGAIN;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AVMEDIA_TYPE_VIDEO;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_free;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_set;
import static org.bytedeco.ffmpeg.global.avutil.av_display_rotation_get;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_unref;

import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avcodec.AVPacketSideData;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.javacpp.IntPointer;

/**
 * The frames of a video file in the order of showing, turned upright as the file says.
 *
 * <p>Only the file itself is read: lists that point to other files or to a network are refused.
 * Memory is bounded: frames of more than {@value Pictures#MAX_MEGAPIXELS} megapixels are refused.
 * Used by one thread at a time.
 */
public final class VideoFrames implements AutoCloseable {
  /** Containers of one file each; playlists and lists of files are none of them. */
  private static final String FORMATS =
      "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,mpeg,mpegts,ogg,flv,asf,h264,hevc,ivf,nut,apng";

  private final Path file;
  private AVFormatContext container = new AVFormatContext(null);
  private AVCodecContext decoder;
  private AVPacket packet;
  private AVFrame frame;
  private RgbFrame conversion;
  private Orientation orientation = Orientation.NORMAL;
  private int stream;
  private boolean drained;

  private VideoFrames(Path file) {
    this.file = file;
  }

  /**
   * Opens a file.
   *
   * @param file any container and codec that FFmpeg knows
   * @return to be closed
   * @throws MediaException when it does not exist or shows no video
   */
  public static VideoFrames open(Path file) throws MediaException {
    if (!Files.isRegularFile(file)) {
      throw new MediaException(
          "cannot read the video %s: it %s"
              .formatted(file, Files.exists(file) ? "is no file" : "does not exist"));
    }
    Ffmpeg.load();
    VideoFrames frames = new VideoFrames(file);
    try {
      frames.openContainer();
      frames.openDecoder();
      return frames;
    } catch (MediaException | RuntimeException e) {
      frames.close();
      throw e;
    }
  }

  private void openContainer() throws MediaException {
    AVDictionary options = new AVDictionary(null);
    av_dict_set(options, "protocol_whitelist", "file", 0);
    av_dict_set(options, "format_whitelist", FORMATS, 0);
    int opened = avformat_open_input(container, "file:" + file.toAbsolutePath(), null, options);
    av_dict_free(options);
    check(opened);
    check(avformat_find_stream_info(container, (AVDictionary) null));
    stream = av_find_best_stream(container, AVMEDIA_TYPE_VIDEO, -1, -1, (AVCodec) null, 0);
    if (stream < 0) {
      throw failure("it shows no video");
    }
  }

  private void openDecoder() throws MediaException {
    AVStream source = container.streams(stream);
    AVCodec codec = avcodec_find_decoder(source.codecpar().codec_id());
    if (codec == null) {
      throw failure("this FFmpeg has no decoder for it");
    }
    decoder = avcodec_alloc_context3(codec);
    check(avcodec_parameters_to_context(decoder, source.codecpar()));
    decoder.max_pixels(Pictures.MAX_PIXELS);
    check(avcodec_open2(decoder, codec, (AVDictionary) null));
    packet = av_packet_alloc();
    frame = av_frame_alloc();
    orientation = orientation(source);
  }

  private Orientation orientation(AVStream source) throws MediaException {
    AVPacketSideData all = source.codecpar().coded_side_data();
    int count = source.codecpar().nb_coded_side_data();
    AVPacketSideData matrix =
        count == 0 ? null : av_packet_side_data_get(all, count, AV_PKT_DATA_DISPLAYMATRIX);
    if (matrix == null || matrix.isNull()) {
      return Orientation.NORMAL;
    }
    double counterclockwise = av_display_rotation_get(new IntPointer(matrix.data()));
    long quarters = Double.isNaN(counterclockwise) ? 0 : Math.round(counterclockwise / 90);
    return switch (Math.floorMod(quarters, 4)) {
      case 1 -> Orientation.TURNED_RIGHT;
      case 2 -> Orientation.UPSIDE_DOWN;
      case 3 -> Orientation.TURNED_LEFT;
      default -> Orientation.NORMAL;
    };
  }

  /**
   * The next frame.
   *
   * @return null behind the last one
   * @throws MediaException when the data are damaged
   */
  public Picture next() throws MediaException {
    while (true) {
      int received = avcodec_receive_frame(decoder, frame);
      if (received == AVERROR_EOF()) {
        return null;
      }
      if (received != AVERROR_EAGAIN()) {
        check(received);
        return picture();
      }
      feed();
    }
  }

  private Picture picture() throws MediaException {
    Pictures.checkSize(file, frame.width(), frame.height());
    if (conversion == null || !conversion.fits(frame)) {
      if (conversion != null) {
        conversion.close();
      }
      conversion = new RgbFrame(file, frame);
    }
    Picture picture = conversion.convert(frame);
    av_frame_unref(frame);
    return orientation.apply(picture);
  }

  /** Gives the decoder one more packet, or the end. */
  private void feed() throws MediaException {
    while (!drained) {
      int read = av_read_frame(container, packet);
      if (read == AVERROR_EOF()) {
        drained = true;
        check(avcodec_send_packet(decoder, null));
        return;
      }
      check(read);
      boolean wanted = packet.stream_index() == stream;
      int sent = wanted ? avcodec_send_packet(decoder, packet) : 0;
      av_packet_unref(packet);
      check(sent);
      if (wanted) {
        return;
      }
    }
    throw failure("its decoder stops before the end");
  }

  private void check(int code) throws MediaException {
    if (code < 0) {
      throw failure(Ffmpeg.message(code));
    }
  }

  private MediaException failure(String reason) {
    return new MediaException("cannot read the video %s: %s".formatted(file, reason));
  }

  @Override
  public void close() {
    if (conversion != null) {
      conversion.close();
      conversion = null;
    }
    if (frame != null) {
      av_frame_free(frame);
      frame = null;
    }
    if (packet != null) {
      av_packet_free(packet);
      packet = null;
    }
    if (decoder != null) {
      avcodec_free_context(decoder);
      decoder = null;
    }
    if (container != null && !container.isNull()) {
      avformat_close_input(container);
    }
    container = null;
  }
}
