package dev.diorama.benchmarks.splat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.diorama.benchmarks.Peer;
import dev.diorama.model.ElementType;
import dev.diorama.model.SafetensorsWriter;
import dev.diorama.model.SafetensorsWriter.Declaration;
import dev.diorama.splat.Camera;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.edit.Filters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a user would run instead of our rasterizer: PyTorch tile by tile ({@code
 * benchmarks/peer/torch_splat.py}), and the viewer of a .html page in a headless browser ({@code
 * benchmarks/viewer}).
 */
public final class SplatRivals {
  /** A frame takes PyTorch seconds, with a million Gaussians most of a minute. */
  private static final int REPEATS = 3;

  private final Optional<Peer> torch;
  private final Optional<ViewerPeer> viewer;

  /**
   * Names the rivals.
   *
   * @param torch a peer that runs torch_splat.py
   * @param viewer the browser
   */
  public SplatRivals(Optional<Peer> torch, Optional<ViewerPeer> viewer) {
    this.torch = torch;
    this.viewer = viewer;
  }

  /**
   * What a rival took.
   *
   * @param name name and version
   * @param medianMs milliseconds of a frame
   */
  public record Answer(String name, double medianMs) {}

  /** PyTorch's time, or null where it is not there. */
  Answer measure(SplatScene scene, String name, boolean backward) throws IOException {
    return torch.isEmpty() ? null : measure(torch.get(), scene, name, backward, null);
  }

  /**
   * Lets PyTorch draw a scene.
   *
   * @param peer runs torch_splat.py
   * @param scene of any degree; the peer gets the constant colour alone
   * @param name of the case
   * @param backward with its gradient
   * @param picture where the picture goes, f32 [H, W, 3], or null
   * @return its time
   */
  static Answer measure(Peer peer, SplatScene scene, String name, boolean backward, Path picture)
      throws IOException {
    Path file = Files.createTempFile("splat", ".safetensors");
    try {
      write(scene, file);
      ObjectNode request = JsonNodeFactory.instance.objectNode();
      request.put("op", "splat").put("case", name).put("scene", file.toString());
      request.put("backward", backward).put("repeats", REPEATS);
      if (picture != null) {
        request.put("picture", picture.toString());
      }
      JsonNode answer = peer.ask(request);
      return new Answer(
          "PyTorch " + answer.path("torch").asText(), answer.path("median_ms").asDouble());
    } finally {
      Files.deleteIfExists(file);
    }
  }

  /** The viewer's time for a frame, or empty where there is no browser. */
  Optional<Answer> viewer(SplatScene scene) {
    return viewer.flatMap(v -> v.measure(scene));
  }

  private static void write(SplatScene scene, Path file) throws IOException {
    Gaussians g = Filters.maxSh(0).apply(scene.gaussians());
    long n = g.count();
    Camera c = scene.camera();
    float[] view = c.toSplatCamera().view();
    List<Declaration> tensors =
        List.of(
            new Declaration("means", ElementType.F32, n, 3),
            new Declaration("quats", ElementType.F32, n, 4),
            new Declaration("log_scales", ElementType.F32, n, 3),
            new Declaration("logit_opacities", ElementType.F32, n),
            new Declaration("sh", ElementType.F32, n, 1, 3),
            new Declaration("view", ElementType.F32, 4, 4),
            new Declaration("camera", ElementType.F32, 6));
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, Map.of(), tensors)) {
      writer.write(g.means());
      writer.write(g.quats());
      writer.write(g.logScales());
      writer.write(g.logitOpacities());
      writer.write(g.sh());
      writer.write(view);
      writer.write(
          new float[] {
            (float) c.fx(), (float) c.fy(), (float) c.cx(), (float) c.cy(), c.width(), c.height()
          });
      writer.finish();
    }
  }
}
