package dev.diorama.cli;

import dev.diorama.SplatSettings;
import dev.diorama.SplatStats;
import dev.diorama.media.Clip;
import dev.diorama.media.FrameSink;
import dev.diorama.media.FrameTensors;
import dev.diorama.media.Output;
import dev.diorama.splat.Camera;
import dev.diorama.splat.DepthColors;
import dev.diorama.splat.Renderer;
import dev.diorama.splat.Rendering;
import dev.diorama.splat.Rendering.Channel;
import java.io.IOException;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Draws what its output holds, and hands it there: colours, painted depth, or tensors of all. */
final class RenderWriter implements AutoCloseable {
  private final FrameSink sink;
  private final FrameTensors tensors;
  private final RenderOptions options;
  private DepthColors colors;

  /** Opens the output. */
  RenderWriter(Output output, Clip clip, int frames, RenderOptions options) throws IOException {
    this.options = options;
    boolean viewing = output.format().isForViewing();
    this.sink = viewing ? output.open(clip) : null;
    this.tensors = viewing ? null : FrameTensors.open(output.path(), clip, frames, channels());
    if (options.depthRange != null) {
      colors = new DepthColors(options.depthRange.values()[0], options.depthRange.values()[1]);
    }
  }

  private static Map<String, Integer> channels() {
    Map<String, Integer> channels = new LinkedHashMap<>();
    channels.put("rgb", 3);
    channels.put("depth", 1);
    channels.put("alpha", 1);
    return channels;
  }

  /**
   * One picture.
   *
   * @param rgb 8-bit colours, where the output is for viewing them; else null
   * @param picture the channels of other outputs, else null
   * @param stats what it took
   */
  record Drawn(byte[] rgb, Rendering picture, SplatStats stats) {}

  /** Draws one picture; may be called by several threads at a time. */
  Drawn draw(Renderer renderer, Camera camera) {
    SplatSettings settings = options.settings();
    if (tensors == null && !options.depth) {
      byte[] rgb = renderer.renderRgb8(camera, settings);
      return new Drawn(rgb, null, renderer.stats());
    }
    Rendering picture = renderer.render(camera, settings, wanted());
    return new Drawn(null, picture, renderer.stats());
  }

  private Set<Channel> wanted() {
    return tensors != null
        ? EnumSet.of(Channel.RGB, Channel.DEPTH, Channel.ALPHA)
        : EnumSet.of(Channel.EXPECTED_DEPTH, Channel.ALPHA);
  }

  void add(Drawn drawn) throws IOException {
    Rendering picture = drawn.picture();
    if (tensors != null) {
      tensors.add(List.of(picture.rgb(), picture.depth(), picture.alpha()));
    } else if (options.depth) {
      colors = colors == null ? DepthColors.of(picture) : colors;
      float[] background = new float[3];
      for (int c = 0; c < 3; c++) {
        background[c] = (float) options.background.values()[c];
      }
      sink.add(colors.paint(picture, background));
    } else {
      sink.add(drawn.rgb());
    }
  }

  void commit() throws IOException {
    if (tensors != null) {
      tensors.commit();
    } else {
      sink.commit();
    }
  }

  @Override
  public void close() {
    if (tensors != null) {
      tensors.close();
    }
    if (sink != null) {
      sink.close();
    }
  }
}
