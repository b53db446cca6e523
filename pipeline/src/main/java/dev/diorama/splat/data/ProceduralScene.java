package dev.diorama.splat.data;

import dev.diorama.Backend;
import dev.diorama.CameraModel;
import dev.diorama.media.Picture;
import dev.diorama.splat.Camera;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Scenes that are made, not photographed: what a fit finds can be compared with what is there. Both
 * lie around the origin within a radius of about 1.4, up is -y, and are black where nothing is.
 */
public enum ProceduralScene {
  /**
   * 20,000 Gaussians of a knot, a ball and a chequered disc. The points are a third of their means,
   * moved by noise.
   */
  KNOWN,
  /**
   * Solids with painted surfaces under a lamp, drawn by casting rays. There are no points: a fit
   * begins at random.
   */
  SOLIDS;

  /** How many views there are. */
  public static final int VIEWS = 48;

  /** Every so many-th view is meant to be held out: 8 of them, and 40 are left. */
  public static final int TEST_EVERY = 6;

  private static final double DISTANCE = 3.6;
  private static final double FIELD_OF_VIEW = 45;
  private static final double LOWEST = 4;
  private static final double HIGHEST = 62;

  /**
   * By its name on the command line.
   *
   * @param name "known" or "solids"
   * @return the scene
   * @throws IllegalArgumentException when there is none of that name
   */
  public static ProceduralScene named(String name) {
    for (ProceduralScene scene : values()) {
      if (scene.toString().equals(name)) {
        return scene;
      }
    }
    throw new IllegalArgumentException(
        "there is no procedural scene '%s', only known and solids".formatted(name));
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Takes its pictures.
   *
   * @param backend draws the Gaussians; solids need none
   * @param size width and height of the pictures, at least 1
   * @return {@value #VIEWS} views from around and above
   */
  public Dataset dataset(Backend backend, int size) {
    List<Camera> cameras = cameras(size);
    List<Picture> pictures;
    PointCloud points = null;
    if (this == KNOWN) {
      GaussianScene scene = new GaussianScene();
      pictures = scene.pictures(backend, cameras);
      points = scene.noisyThird();
    } else {
      SolidScene scene = new SolidScene();
      pictures = cameras.stream().map(scene::picture).toList();
    }
    List<View> views = new ArrayList<>();
    for (int i = 0; i < cameras.size(); i++) {
      views.add(new View("%s-%02d".formatted(this, i), cameras.get(i), pictures.get(i)));
    }
    return new Dataset(views, points);
  }

  /** Evenly over a band of the sphere: steps of the golden angle (Vogel 1979). */
  private static List<Camera> cameras(int size) {
    double focal = Camera.focalLength(CameraModel.PINHOLE, size, FIELD_OF_VIEW);
    double low = Math.sin(Math.toRadians(LOWEST));
    double high = Math.sin(Math.toRadians(HIGHEST));
    double goldenAngle = Math.PI * (3 - Math.sqrt(5));
    List<Camera> cameras = new ArrayList<>();
    for (int i = 0; i < VIEWS; i++) {
      // Heights in an order of their own, so that the held-out views are both high and low.
      double share = i * 29 % VIEWS / (VIEWS - 1.0);
      double height = low + (high - low) * share;
      double reach = Math.sqrt(1 - height * height);
      double angle = i * goldenAngle;
      double[] position = {
        DISTANCE * reach * Math.cos(angle), -DISTANCE * height, DISTANCE * reach * Math.sin(angle)
      };
      cameras.add(
          Camera.lookAt(
              CameraModel.PINHOLE,
              size,
              size,
              focal,
              position,
              new double[3],
              new double[] {0, -1, 0}));
    }
    return cameras;
  }
}
