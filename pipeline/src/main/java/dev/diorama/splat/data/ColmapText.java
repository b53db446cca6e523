package dev.diorama.splat.data;

import dev.diorama.splat.SceneException;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.Arrays;

/** COLMAP's cameras.txt, images.txt and points3D.txt. */
final class ColmapText {
  private static final int CAMERA_WORDS = 4;
  private static final int IMAGE_WORDS = 10;
  private static final int POINT_WORDS = 8;

  private final String file;
  private final BufferedReader in;
  private int number;

  ColmapText(String file, BufferedReader in) {
    this.file = file;
    this.in = in;
  }

  /** The next line that is neither empty nor a comment, or null. */
  private String line() throws IOException {
    String line = in.readLine();
    number++;
    while (line != null && (line.isBlank() || line.startsWith("#"))) {
      line = in.readLine();
      number++;
    }
    return line;
  }

  void cameras(ColmapBuilder to) throws IOException {
    for (String line = line(); line != null; line = line()) {
      String[] words = words(line, CAMERA_WORDS, "a camera: CAMERA_ID MODEL WIDTH HEIGHT PARAMS[]");
      ColmapModel model = ColmapModel.of(words[1]);
      if (model == null) {
        throw new SceneException(
            "%s: camera %s has the model %s, which is not known; colmap image_undistorter makes a pinhole of it"
                .formatted(file, words[0], words[1]));
      }
      if (words.length != CAMERA_WORDS + model.parameters()) {
        throw new SceneException(
            "%s, line %d: a %s camera has %d parameters, got %d"
                .formatted(
                    file, number, model.name(), model.parameters(), words.length - CAMERA_WORDS));
      }
      double[] parameters = new double[model.parameters()];
      for (int i = 0; i < parameters.length; i++) {
        parameters[i] = real(words[CAMERA_WORDS + i]);
      }
      int id = (int) whole(words[0]);
      to.camera(file, id, model, whole(words[2]), whole(words[3]), parameters);
    }
  }

  void images(ColmapBuilder to) throws IOException {
    for (String line = line(); line != null; line = line()) {
      String[] words =
          words(line, IMAGE_WORDS, "an image: IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME");
      double[] quaternion = new double[4];
      double[] translation = new double[3];
      for (int i = 0; i < 4; i++) {
        quaternion[i] = real(words[1 + i]);
      }
      for (int i = 0; i < 3; i++) {
        translation[i] = real(words[5 + i]);
      }
      // Names may hold spaces.
      String name = String.join(" ", Arrays.copyOfRange(words, IMAGE_WORDS - 1, words.length));
      to.image(file, name, quaternion, translation, (int) whole(words[8]));
      // Its points stand on the next line, which may be empty.
      in.readLine();
      number++;
    }
  }

  PointCloud points() throws IOException {
    float[] positions = new float[3 << 10];
    byte[] colours = new byte[3 << 10];
    int at = 0;
    for (String line = line(); line != null; line = line()) {
      String[] words = words(line, POINT_WORDS, "a point: POINT3D_ID X Y Z R G B ERROR TRACK[]");
      if (at == positions.length) {
        positions = Arrays.copyOf(positions, 2 * at);
        colours = Arrays.copyOf(colours, 2 * at);
      }
      for (int i = 0; i < 3; i++) {
        positions[at + i] = (float) real(words[1 + i]);
        long colour = whole(words[4 + i]);
        if (colour < 0 || colour > 255) {
          throw wrong(words[4 + i], "a colour from 0 to 255");
        }
        colours[at + i] = (byte) colour;
      }
      at += 3;
    }
    return ColmapBinary.finite(Arrays.copyOf(positions, at), Arrays.copyOf(colours, at));
  }

  private String[] words(String line, int least, String what) throws SceneException {
    String[] words = line.strip().split("\\s+");
    if (words.length < least) {
      throw wrong(line, what);
    }
    return words;
  }

  private double real(String word) throws SceneException {
    try {
      return Double.parseDouble(word);
    } catch (NumberFormatException e) {
      throw wrong(word, "a number");
    }
  }

  private long whole(String word) throws SceneException {
    try {
      return Integer.parseInt(word);
    } catch (NumberFormatException e) {
      throw wrong(word, "a whole number");
    }
  }

  private SceneException wrong(String found, String wanted) {
    return new SceneException(
        "%s, line %d: %s, expected %s"
            .formatted(file, number, ColmapBuilder.printable(found), wanted));
  }
}
