package dev.diorama.cli;

import dev.diorama.CameraModel;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options of {@code diorama render} that say where the scene is seen from. */
final class CameraOptions {

  @Option(
      names = "--cameras",
      paramLabel = "FILE",
      description =
          "Cameras from a transforms.json, a COLMAP folder, a .npz or a path of keyframes (.json).")
  Path cameras;

  @ArgGroup Move move;

  /** What moves; one of them. */
  static final class Move {
    @Option(
        names = "--orbit",
        description =
            "Turn once around the scene, as the cameras in the SCENE or --cameras went where there"
                + " are some. Default, where there are no --cameras.")
    boolean orbit;

    @Option(
        names = "--dolly",
        paramLabel = "X",
        description = "From the first camera, go straight ahead by X units of the scene.")
    Double dolly;

    @Option(
        names = "--pan",
        paramLabel = "DEGREES",
        description = "From the first camera, turn to the right.")
    Double pan;

    @Option(names = "--spline", description = "A smooth way through the --cameras.")
    boolean spline;
  }

  @Option(names = "--loop", description = "With --spline: back to the first camera.")
  boolean loop;

  @Option(
      names = "--frame",
      paramLabel = "N",
      description = "Only this camera of the path, counted from 0.")
  Integer frame;

  @Option(
      names = "--frames",
      paramLabel = "N",
      description = "Frames of a move. Default: 96; one for a .png.")
  Integer frames;

  @Option(
      names = "--fps",
      paramLabel = "N",
      description = "Frames a second. Default: the path's own, else 24.")
  Double fps;

  @Option(
      names = "--radius",
      paramLabel = "X",
      description =
          "Of the orbit, in units of the scene. Default: so that the scene fills the picture.")
  Double radius;

  @Option(
      names = "--elevation",
      paramLabel = "DEGREES",
      description = "Of the orbit above the horizon. Default: 20.")
  Double elevation;

  @Option(
      names = "--center",
      paramLabel = "X,Y,Z",
      converter = Numbers.Triple.class,
      description = "Of the orbit. Default: the median of the scene's positions.")
  Numbers center;

  @Option(
      names = "--up",
      paramLabel = "AXIS",
      converter = Numbers.Direction.class,
      description =
          "x, y, z, -x, -y, -z or X,Y,Z. Default: as the cameras in the SCENE or --cameras are"
              + " held; without any -y, as COLMAP and INRIA's scenes lie.")
  Numbers up;

  @Option(
      names = "--fov",
      paramLabel = "DEGREES",
      defaultValue = "50",
      description =
          "Of the orbit's camera, from the top to the bottom of the picture. Default: 50.")
  double fov;

  @Option(
      names = "--projection",
      paramLabel = "NAME",
      defaultValue = "pinhole",
      converter = ProjectionConverter.class,
      description = "Of the orbit's camera: pinhole, fisheye or orthographic. Default: pinhole.")
  CameraModel projection;

  boolean isOrbit() {
    return move != null && move.orbit;
  }

  /** A projection in small letters. */
  static final class ProjectionConverter implements ITypeConverter<CameraModel> {
    @Override
    public CameraModel convert(String value) {
      for (CameraModel model : CameraModel.values()) {
        if (model.name().toLowerCase(Locale.ROOT).equals(value)) {
          return model;
        }
      }
      throw new TypeConversionException(
          "must be pinhole, fisheye or orthographic, got '%s'".formatted(value));
    }
  }
}
