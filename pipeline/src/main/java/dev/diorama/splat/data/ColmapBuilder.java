package dev.diorama.splat.data;

import dev.diorama.splat.Poses;
import dev.diorama.splat.SceneException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Puts COLMAP's cameras and images together, whichever of its encodings they come from. */
final class ColmapBuilder {
  private final Map<Integer, Lens> lenses = new HashMap<>();
  private final List<Shot> shots = new ArrayList<>();
  private final Path pictures;

  /**
   * Begins with nothing.
   *
   * @param pictures the folder that the images' names are in; null where no pictures are wanted
   */
  ColmapBuilder(Path pictures) {
    this.pictures = pictures;
  }

  void camera(String file, int id, ColmapModel model, long width, long height, double[] parameters)
      throws SceneException {
    if (width < 1 || height < 1 || width > Lens.MAX_SIDE || height > Lens.MAX_SIDE) {
      throw new SceneException(
          "%s: camera %d has a picture of %sx%s pixels, expected 1 to %d"
              .formatted(
                  file,
                  id,
                  Long.toUnsignedString(width),
                  Long.toUnsignedString(height),
                  Lens.MAX_SIDE));
    }
    Lens lens = model.lens((int) width, (int) height, parameters);
    if (lens == null) {
      throw new SceneException(
          "%s: camera %d has the model %s, which is not drawn; colmap image_undistorter makes a pinhole of it"
              .formatted(file, id, model.name()));
    }
    if (lens.fault() != null) {
      throw new SceneException("%s: camera %d has %s".formatted(file, id, lens.fault()));
    }
    lenses.put(id, lens);
  }

  void image(String file, String name, double[] quaternion, double[] translation, int camera)
      throws SceneException {
    Lens lens = lenses.get(camera);
    if (lens == null) {
      throw new SceneException(
          "%s: the image %s is of camera %d, which is not among the cameras"
              .formatted(file, printable(name), camera));
    }
    double[] pose = Poses.of(quaternion, translation);
    if (!Arrays.stream(pose).allMatch(Double::isFinite)) {
      throw new SceneException(
          "%s: the image %s has no pose: its rotation is 0 or a number is not finite"
              .formatted(file, printable(name)));
    }
    shots.add(new Shot(name, picture(file, name), null, lens, pose, shots.size()));
  }

  private Path picture(String file, String name) throws SceneException {
    if (pictures == null) {
      return null;
    }
    try {
      return pictures.resolve(name);
    } catch (InvalidPathException e) {
      throw new SceneException(
          "%s: the image's name %s is no path".formatted(file, printable(name)), e);
    }
  }

  static String printable(String text) {
    String shown = text.length() > 60 ? text.substring(0, 60) + "..." : text;
    return shown.replaceAll("\\p{Cntrl}", "?");
  }

  /** The shots by name: COLMAP's own order is that of a hash table. */
  Capture capture(String file, PointCloud points) throws SceneException {
    if (shots.isEmpty()) {
      throw new SceneException("%s has no image with a pose".formatted(file));
    }
    shots.sort(Comparator.comparing(Shot::name));
    List<Shot> ordered = new ArrayList<>(shots.size());
    for (Shot s : shots) {
      ordered.add(
          new Shot(s.name(), s.picture(), s.mask(), s.lens(), s.worldToCamera(), ordered.size()));
    }
    return new Capture(List.copyOf(ordered), null, points);
  }
}
