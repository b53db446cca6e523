package dev.diorama.splat.format;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.diorama.splat.Framing;
import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/**
 * .html, a page that shows the scene in a browser and needs nothing but itself: PlayCanvas'
 * SuperSplat viewer with the scene inside as a .sog. It is written and not read.
 *
 * <p>The viewer turns what it shows by half a turn about z, so a scene with y down stands upright.
 * The first camera looks at the middle of the scene from the side of -z, from a little above. The
 * scene is one data: URL, whose length browsers limit; Chromium opens a page of 2 million
 * Gaussians, 41 MB, without ado.
 */
final class HtmlFormat implements SceneFormat {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CAMERA = "\"@diorama-camera@\"";
  private static final String SCENE = "@diorama-scene@";

  /** In units of the radius that holds half of the Gaussians. */
  private static final double DISTANCE = 3.5;

  private static final double ELEVATION = Math.toRadians(20);
  private static final double FIELD_OF_VIEW = 60;

  @Override
  public String name() {
    return ".html";
  }

  @Override
  public boolean reads(Path file, byte[] head) {
    return false;
  }

  @Override
  public boolean writes(Path file) {
    return SceneFiles.hasSuffix(file, ".html");
  }

  @Override
  public Gaussians read(Path file) throws IOException {
    throw new SceneException("%s is a page, which is written and not read".formatted(file));
  }

  @Override
  public void write(Gaussians scene, Path file) throws IOException {
    String page = viewer();
    int camera = page.indexOf(CAMERA);
    int content = page.indexOf(SCENE);
    ByteArrayOutputStream sog = new ByteArrayOutputStream();
    SogFormat.bundle(scene, sog);
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      out.write(page.substring(0, camera).getBytes(StandardCharsets.UTF_8));
      out.write(JSON.writeValueAsBytes(camera(Framing.of(scene))));
      out.write(page.substring(camera + CAMERA.length(), content).getBytes(StandardCharsets.UTF_8));
      out.write(Base64.getEncoder().encode(sog.toByteArray()));
      out.write(page.substring(content + SCENE.length()).getBytes(StandardCharsets.UTF_8));
    }
  }

  private static String viewer() throws IOException {
    try (InputStream in = HtmlFormat.class.getResourceAsStream("viewer.html")) {
      if (in == null) {
        throw new SceneException(
            "cannot write .html: the viewer was not packed when Diorama was built, as npm was not"
                + " there or had no network; install Node.js 20 or later with npm and build again");
      }
      String page = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      if (page.indexOf(CAMERA) < 0 || page.indexOf(SCENE) < page.indexOf(CAMERA)) {
        throw new IllegalStateException("the packed viewer has no places for camera and scene");
      }
      return page;
    }
  }

  /** In the viewer's axes, where x and y point the other way. */
  private static ObjectNode camera(Framing framing) {
    double[] c = framing.center();
    double distance = DISTANCE * framing.radius();
    double up = distance * Math.sin(ELEVATION);
    double back = distance * Math.cos(ELEVATION);
    ObjectNode camera = JSON.createObjectNode();
    camera.set("position", JSON.valueToTree(new double[] {-c[0], -c[1] + up, c[2] - back}));
    camera.set("target", JSON.valueToTree(new double[] {-c[0], -c[1], c[2]}));
    camera.put("fov", FIELD_OF_VIEW);
    return camera;
  }
}
