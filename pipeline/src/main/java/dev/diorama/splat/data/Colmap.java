package dev.diorama.splat.data;

import dev.diorama.splat.SceneException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A COLMAP model: cameras, images and points3D, .bin or .txt, world to camera in OpenCV's axes. The
 * model is looked for in sparse/0, sparse and colmap/sparse/0 of a folder and in itself; the
 * pictures in the folder's images, of which COLMAP's names are relative paths.
 */
final class Colmap {
  private static final List<String> PLACES = List.of("sparse/0", "sparse", "colmap/sparse/0", "");

  private Colmap() {}

  /** The folder of the model in a dataset's folder, or null. */
  static Path model(Path folder) {
    for (String place : PLACES) {
      Path candidate = folder.resolve(place);
      if (hasFile(candidate, "cameras") && hasFile(candidate, "images")) {
        return candidate;
      }
    }
    return null;
  }

  private static boolean hasFile(Path folder, String name) {
    return Files.isRegularFile(folder.resolve(name + ".bin"))
        || Files.isRegularFile(folder.resolve(name + ".txt"));
  }

  /**
   * Reads what is around the pictures.
   *
   * @param folder of the dataset
   * @param model as found by {@link #model}
   * @param hasPictures whether the pictures must be there
   */
  static Capture read(Path folder, Path model, boolean hasPictures) throws IOException {
    ColmapBuilder builder = new ColmapBuilder(hasPictures ? pictures(folder, model) : null);
    try {
      boolean binary = Files.isRegularFile(model.resolve("cameras.bin"));
      return binary ? binary(model, builder) : text(model, builder);
    } catch (CharacterCodingException e) {
      throw new SceneException("%s holds a .txt that is not UTF-8".formatted(model), e);
    }
  }

  /** The folder of the pictures: beside the model's own, or above it where it was named itself. */
  private static Path pictures(Path folder, Path model) throws SceneException {
    Path place = folder.toAbsolutePath().normalize();
    boolean isModel = place.equals(model.toAbsolutePath().normalize());
    for (int up = 0; place != null && up <= (isModel ? 3 : 0); up++) {
      Path images = place.resolve("images");
      if (Files.isDirectory(images)) {
        return images;
      }
      place = place.getParent();
    }
    throw new SceneException(
        "%s has a COLMAP model but no folder images with the pictures".formatted(folder));
  }

  private static Capture binary(Path model, ColmapBuilder builder) throws IOException {
    Path cameras = model.resolve("cameras.bin");
    Path images = model.resolve("images.bin");
    Path points = model.resolve("points3D.bin");
    try (InputStream in = Files.newInputStream(cameras)) {
      ColmapBinary.cameras(cameras.toString(), input(cameras, in), builder);
    }
    try (InputStream in = Files.newInputStream(images)) {
      ColmapBinary.images(images.toString(), input(images, in), builder);
    }
    PointCloud cloud = null;
    if (Files.isRegularFile(points)) {
      try (InputStream in = Files.newInputStream(points)) {
        cloud = ColmapBinary.points(input(points, in));
      }
    }
    return builder.capture(images.toString(), cloud);
  }

  private static BinaryInput input(Path file, InputStream in) throws IOException {
    return new BinaryInput(file.toString(), in, Files.size(file));
  }

  private static Capture text(Path model, ColmapBuilder builder) throws IOException {
    Path cameras = model.resolve("cameras.txt");
    Path images = model.resolve("images.txt");
    Path points = model.resolve("points3D.txt");
    try (BufferedReader in = Files.newBufferedReader(cameras)) {
      new ColmapText(cameras.toString(), in).cameras(builder);
    }
    try (BufferedReader in = Files.newBufferedReader(images)) {
      new ColmapText(images.toString(), in).images(builder);
    }
    PointCloud cloud = null;
    if (Files.isRegularFile(points)) {
      try (BufferedReader in = Files.newBufferedReader(points)) {
        cloud = new ColmapText(points.toString(), in).points();
      }
    }
    return builder.capture(images.toString(), cloud);
  }
}
