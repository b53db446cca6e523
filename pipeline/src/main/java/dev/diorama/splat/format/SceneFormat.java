package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * One layout of scenes in files. Readers check every count and length against the file's size
 * before they allocate, so that a lying header costs nothing; what is wrong is said by a {@link
 * dev.diorama.splat.SceneException}. Without state: any thread may use one.
 */
public interface SceneFormat {

  /**
   * What people call it.
   *
   * @return for messages, such as "compressed .ply"
   */
  String name();

  /**
   * Whether a file is of this format.
   *
   * @param file its path; a folder where the format has folders
   * @param head its first bytes, at most 4096; empty for a folder
   * @return true when this format should read it
   */
  boolean reads(Path file, byte[] head);

  /**
   * Whether a name asks for this format.
   *
   * @param file where a scene shall be written
   * @return true when this format should write it
   */
  boolean writes(Path file);

  /**
   * What the folder that holds a scene belongs to as a whole, where the scene is spread over
   * several files in it.
   *
   * @param file where a scene shall be written
   * @return the names of all files of such a scene; empty where the file is alone
   */
  default Optional<Pattern> filesBeside(Path file) {
    return Optional.empty();
  }

  /**
   * Reads a scene.
   *
   * @param file of this format
   * @return the scene
   * @throws IOException when it can't be read or used
   */
  Gaussians read(Path file) throws IOException;

  /**
   * Writes a scene.
   *
   * @param scene what to write
   * @param file does not exist yet, or is empty; the caller moves it to its place when whole, with
   *     its folder where the format has files beside it
   * @throws IOException when it can't be written
   */
  void write(Gaussians scene, Path file) throws IOException;

  /**
   * The same format, set up as asked.
   *
   * @param options of which most concern other formats
   * @return this one where none concerns it
   */
  default SceneFormat with(WriteOptions options) {
    return this;
  }
}
