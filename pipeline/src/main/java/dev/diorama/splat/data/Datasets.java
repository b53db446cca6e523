package dev.diorama.splat.data;

import dev.diorama.media.Picture;
import dev.diorama.media.VideoFrames;
import dev.diorama.splat.SceneException;
import dev.diorama.splat.format.PlyPoints;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Reads posed pictures: nerfstudio's transforms.json or the folder it is in, a folder with a COLMAP
 * model, or a video with poses.
 *
 * <p>Cameras are used as they are, neither centred nor scaled. Distorted pictures (OpenCV's k1, k2,
 * p1, p2 and beyond; fisheyes' k1 to k4) are undistorted to our ideal pinhole and fisheye; what a
 * picture then lacks at its border its mask leaves out. Pictures in another size than their
 * camera's, such as the smaller copies of the Mip-NeRF 360 scenes, get a camera of their size.
 */
public final class Datasets {
  private static final String TRANSFORMS = "transforms.json";

  private Datasets() {}

  /**
   * Reads a dataset and all its pictures.
   *
   * @param path a transforms.json, or a folder with one or with a COLMAP model (sparse/0, sparse,
   *     colmap/sparse/0 or the folder itself) and a folder images
   * @return the views, and the points where there are some
   * @throws IOException when it is no dataset, something in it is wrong, or a picture can't be read
   */
  public static Dataset read(Path path) throws IOException {
    Capture capture = capture(path, true);
    List<View> views = new ArrayList<>();
    for (Shot shot : capture.shots()) {
      views.add(shot.read());
    }
    return new Dataset(views, points(capture));
  }

  /**
   * Reads a video and the poses of its frames.
   *
   * @param poses a transforms.json whose frames need no file_path; frame i is the video's frame i,
   *     counted from 0, or the one that its key {@code frame} names
   * @param video any file that FFmpeg decodes
   * @return a view for each pose, in the order of the video
   * @throws IOException when either can't be read or the video ends before the last pose
   */
  public static Dataset read(Path poses, Path video) throws IOException {
    Capture capture = capture(poses, false);
    List<Shot> shots = new ArrayList<>(capture.shots());
    shots.sort(Comparator.comparingInt(Shot::videoFrame));
    List<View> views = new ArrayList<>();
    try (VideoFrames frames = VideoFrames.open(video)) {
      int index = -1;
      Picture picture = null;
      for (Shot shot : shots) {
        while (index < shot.videoFrame()) {
          picture = frames.next();
          index++;
          if (picture == null) {
            throw new SceneException(
                "%s has %d frames, but %s has a pose for frame %d (counted from 0)"
                    .formatted(video, index, poses, shot.videoFrame()));
          }
        }
        views.add(shot.view(picture, "frame %d of %s".formatted(index, video)));
      }
    }
    return new Dataset(views, points(capture));
  }

  /** The cameras and files, without a look at the pictures. */
  static Capture capture(Path path, boolean hasPictures) throws IOException {
    if (!Files.exists(path)) {
      throw new NoSuchFileException(path.toString());
    }
    if (Files.isRegularFile(path)) {
      return Transforms.read(path, JsonFile.read(path), hasPictures);
    }
    Path transforms = path.resolve(TRANSFORMS);
    if (Files.isRegularFile(transforms)) {
      return Transforms.read(transforms, JsonFile.read(transforms), hasPictures);
    }
    Path model = Colmap.model(path);
    if (model == null) {
      throw new SceneException(
          "%s is no dataset: it has neither %s nor a COLMAP model (cameras and images, .bin or .txt, in sparse/0, sparse, colmap/sparse/0 or itself)"
              .formatted(path, TRANSFORMS));
    }
    return Colmap.read(path, model, hasPictures);
  }

  private static PointCloud points(Capture capture) throws IOException {
    if (capture.pointFile() == null) {
      return capture.points();
    }
    PlyPoints points = PlyPoints.read(capture.pointFile());
    return ColmapBinary.finite(points.positions(), points.colours());
  }
}
