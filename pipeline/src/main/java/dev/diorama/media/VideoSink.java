package dev.diorama.media;

import static org.bytedeco.ffmpeg.avformat.AVFormatContext.AVFMT_FLAG_BITEXACT;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_BITEXACT;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_CLOSED_GOP;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_GLOBAL_HEADER;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_rescale_ts;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_encoder_by_name;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_from_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_packet;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_frame;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_GLOBALHEADER;
import static org.bytedeco.ffmpeg.global.avformat.AVIO_FLAG_WRITE;
import static org.bytedeco.ffmpeg.global.avformat.av_interleaved_write_frame;
import static org.bytedeco.ffmpeg.global.avformat.av_write_trailer;
import static org.bytedeco.ffmpeg.global.avformat.avformat_alloc_output_context2;
import static org.bytedeco.ffmpeg.global.avformat.avformat_free_context;
import static org.bytedeco.ffmpeg.global.avformat.avformat_new_stream;
import static org.bytedeco.ffmpeg.global.avformat.avformat_write_header;
import static org.bytedeco.ffmpeg.global.avformat.avio_closep;
import static org.bytedeco.ffmpeg.global.avformat.avio_open;
import static org.bytedeco.ffmpeg.global.avutil.AVCHROMA_LOC_LEFT;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_PRI_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_MPEG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_TRC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EAGAIN;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV420P;
import static org.bytedeco.ffmpeg.global.avutil.av_d2q;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_free;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_set;
import static org.bytedeco.ffmpeg.global.avutil.av_inv_q;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVRational;

/**
 * A video file of one stream, encoded as the frames come.
 *
 * <p>The same frames give the same bytes: one encoder thread, FFmpeg's bit-exact mode, no time
 * stamps of the day.
 */
final class VideoSink implements FrameSink {
  private static final int MAX_FPS_TERM = 1_001_000;

  private final Clip clip;
  private final VideoCodec codec;
  private final Partial partial;
  private AVFormatContext container;
  private AVStream stream;
  private AVCodecContext encoder;
  private AVPacket packet;
  private YuvFrame picture;
  private long frames;
  private boolean failed;

  private VideoSink(Path path, Clip clip, VideoCodec codec) throws MediaException {
    this.clip = clip;
    this.codec = codec;
    this.partial = Partial.file(path);
  }

  /** Opens the encoder and the file. */
  static VideoSink open(Path path, Clip clip, VideoCodec codec) throws MediaException {
    if (clip.width() % 2 != 0 || clip.height() % 2 != 0) {
      throw new MediaException(
          "cannot write %s: %s needs an even width and height, got %dx%d"
              .formatted(path, codec, clip.width(), clip.height()));
    }
    if (clip.width() < 16 || clip.height() < 16) {
      throw new MediaException(
          "cannot write %s: %s needs at least 16x16 pixels, got %dx%d"
              .formatted(path, codec, clip.width(), clip.height()));
    }
    Ffmpeg.load();
    VideoSink sink = new VideoSink(path, clip, codec);
    try {
      sink.openContainer();
      sink.openEncoder();
      sink.writeHeader();
      return sink;
    } catch (MediaException | RuntimeException e) {
      sink.failed = true;
      sink.close();
      throw e;
    }
  }

  private void openContainer() throws MediaException {
    String file = partial.path().toString();
    container = new AVFormatContext(null);
    check(avformat_alloc_output_context2(container, null, codec.container(), file));
    container.flags(container.flags() | AVFMT_FLAG_BITEXACT);
    stream = avformat_new_stream(container, null);
    AVIOContext io = new AVIOContext(null);
    check(avio_open(io, file, AVIO_FLAG_WRITE));
    container.pb(io);
  }

  private void openEncoder() throws MediaException {
    AVCodec implementation = avcodec_find_encoder_by_name(codec.encoder());
    if (implementation == null) {
      throw failure("this FFmpeg has no encoder " + codec.encoder());
    }
    encoder = avcodec_alloc_context3(implementation);
    AVRational rate = av_d2q(clip.fps(), MAX_FPS_TERM);
    encoder.width(clip.width());
    encoder.height(clip.height());
    encoder.pix_fmt(AV_PIX_FMT_YUV420P);
    encoder.framerate(rate);
    encoder.time_base(av_inv_q(rate));
    encoder.gop_size((int) Math.max(1, Math.ceil(2 * clip.fps())));
    encoder.max_b_frames(0);
    encoder.thread_count(1);
    encoder.color_range(AVCOL_RANGE_MPEG);
    encoder.colorspace(AVCOL_SPC_BT709);
    encoder.color_primaries(AVCOL_PRI_BT709);
    encoder.color_trc(AVCOL_TRC_BT709);
    encoder.chroma_sample_location(AVCHROMA_LOC_LEFT);
    int flags = AV_CODEC_FLAG_BITEXACT | AV_CODEC_FLAG_CLOSED_GOP;
    if ((container.oformat().flags() & AVFMT_GLOBALHEADER) != 0) {
      flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    }
    encoder.flags(encoder.flags() | flags);
    codec.tune(encoder, clip);
    AVDictionary options = dictionary(codec.options());
    int opened = avcodec_open2(encoder, implementation, options);
    av_dict_free(options);
    if (opened < 0) {
      throw failure(
          "%s does not encode %dx%d at %s frames a second (%s)"
              .formatted(codec, clip.width(), clip.height(), clip.fps(), Ffmpeg.message(opened)));
    }
    check(avcodec_parameters_from_context(stream.codecpar(), encoder));
    stream.time_base(encoder.time_base());
    stream.avg_frame_rate(rate);
    packet = av_packet_alloc();
    picture = new YuvFrame(clip.width(), clip.height());
  }

  private void writeHeader() throws MediaException {
    container.metadata(dictionary(tags()));
    AVDictionary options = dictionary(Map.of("movflags", "+faststart"));
    int written = avformat_write_header(container, options);
    av_dict_free(options);
    check(written);
  }

  /** MP4 knows a fixed set of tags only, so all of ours go into its comment together. */
  private Map<String, String> tags() {
    Map<String, String> tags = new LinkedHashMap<>();
    if (codec == VideoCodec.VP9) {
      tags.putAll(clip.metadata());
    }
    if (clip.metadata().containsKey("prompt")) {
      tags.put("description", clip.metadata().get("prompt"));
    }
    if (!clip.metadata().isEmpty()) {
      tags.put("comment", Tags.json(clip.metadata()));
    }
    return tags;
  }

  private static AVDictionary dictionary(Map<String, String> entries) {
    AVDictionary dictionary = new AVDictionary(null);
    entries.forEach((key, value) -> av_dict_set(dictionary, key, value, 0));
    return dictionary;
  }

  @Override
  public void add(float[] rgb) throws IOException {
    add(Samples.toBytes(rgb));
  }

  @Override
  public void add(byte[] rgb) throws IOException {
    clip.check(rgb.length);
    if (failed) {
      throw failure("an earlier frame failed");
    }
    encode(picture.fill(rgb, frames++));
  }

  private void encode(AVFrame frame) throws MediaException {
    check(avcodec_send_frame(encoder, frame));
    while (true) {
      int received = avcodec_receive_packet(encoder, packet);
      if (received == AVERROR_EAGAIN() || received == AVERROR_EOF()) {
        return;
      }
      check(received);
      packet.duration(1);
      av_packet_rescale_ts(packet, encoder.time_base(), stream.time_base());
      packet.stream_index(stream.index());
      check(av_interleaved_write_frame(container, packet));
    }
  }

  @Override
  public void commit() throws IOException {
    if (failed) {
      throw failure("an earlier frame failed");
    }
    if (frames == 0) {
      throw failure("there are no frames");
    }
    encode(null);
    check(av_write_trailer(container));
    AVIOContext io = container.pb();
    int error = io.error();
    int closed = avio_closep(io);
    container.pb(null);
    check(error < 0 ? error : closed);
    partial.commit();
  }

  private void check(int code) throws MediaException {
    if (code < 0) {
      failed = true;
      throw failure(Ffmpeg.message(code));
    }
  }

  private MediaException failure(String reason) {
    return new MediaException("cannot write %s: %s".formatted(partial.target(), reason));
  }

  @Override
  public void close() {
    if (picture != null) {
      picture.close();
      picture = null;
    }
    if (packet != null) {
      av_packet_free(packet);
      packet = null;
    }
    if (encoder != null) {
      avcodec_free_context(encoder);
      encoder = null;
    }
    if (container != null && !container.isNull()) {
      if (container.pb() != null) {
        avio_closep(container.pb());
        container.pb(null);
      }
      avformat_free_context(container);
    }
    container = null;
    partial.close();
  }
}
