package dev.diorama.cli;

import dev.diorama.splat.edit.Decimation;
import dev.diorama.splat.edit.Edit;
import dev.diorama.splat.edit.Filters;
import dev.diorama.splat.edit.Floaters;
import dev.diorama.splat.edit.Morton;
import dev.diorama.splat.edit.Transforms;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Edits of a scene, kept in the order in which they stand on the command line. */
final class EditOptions {
  private static final String DEFAULT_FLOATERS = "0.05,0.1,0.004";

  private final List<Edit> edits = new ArrayList<>();

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  List<Edit> edits() {
    return List.copyOf(edits);
  }

  @Option(names = "--translate", paramLabel = "X,Y,Z", description = "Move.")
  void translate(String offset) {
    add(offset, () -> Transforms.translate(numbers("--translate", offset)));
  }

  @Option(
      names = "--rotate",
      paramLabel = "X,Y,Z",
      description = "Turn about the origin by degrees, about x first, then y, then z.")
  void rotate(String degrees) {
    add(degrees, () -> Transforms.rotate(numbers("--rotate", degrees)));
  }

  @Option(names = "--scale", paramLabel = "FACTOR", description = "Scale about the origin.")
  void scale(String factor) {
    add(factor, () -> Transforms.scale(number("--scale", factor)));
  }

  @Option(
      names = "--crop",
      paramLabel = "x,y,z,X,Y,Z",
      description = "Keep what lies in a box (x,y,z,X,Y,Z) or a sphere (x,y,z,radius).")
  void crop(String shape) {
    add(
        shape,
        () -> {
          double[] numbers = numbers("--crop", shape);
          return switch (numbers.length) {
            case 4 -> Filters.sphere(numbers);
            case 6 -> Filters.box(numbers);
            default ->
                throw new UsageException(
                    "--crop takes the 6 numbers of a box, x,y,z,X,Y,Z, or the 4 of a sphere,"
                        + " x,y,z,radius; it got "
                        + numbers.length);
          };
        });
  }

  @Option(
      names = "--max-sh",
      paramLabel = "DEGREE",
      description = "Leave out spherical harmonics above a degree, 0 to 3.")
  void maxSh(String degree) {
    add(degree, () -> Filters.maxSh(whole("--max-sh", degree)));
  }

  @Option(
      names = "--decimate",
      paramLabel = "N|N%",
      description = "Merge pairs until N Gaussians, or N%% of them, are left.")
  void decimate(String count) {
    add(
        count,
        () ->
            count.endsWith("%")
                ? Decimation.toPercent(number("--decimate", count.substring(0, count.length() - 1)))
                : Decimation.to(whole("--decimate", count)));
  }

  @Option(
      names = "--drop-invalid",
      description = "Leave out Gaussians with values that are not finite.")
  void dropInvalid(boolean on) {
    if (on) {
      edits.add(Filters.dropInvalid());
    }
  }

  @Option(
      names = "--floaters",
      arity = "0..1",
      fallbackValue = DEFAULT_FLOATERS,
      paramLabel = "SIZE,OPACITY,MIN",
      description =
          "Leave out Gaussians that contribute less than MIN to every solid voxel; voxels of SIZE"
              + " are solid from OPACITY on. Default: "
              + DEFAULT_FLOATERS
              + ".")
  void floaters(String values) {
    add(
        values,
        () -> {
          double[] n = numbers("--floaters", values);
          if (n.length != 3) {
            throw new UsageException(
                "--floaters takes SIZE,OPACITY,MIN, such as %s; it got %d numbers"
                    .formatted(DEFAULT_FLOATERS, n.length));
          }
          return Floaters.drop(n[0], n[1], n[2]);
        });
  }

  @Option(names = "--morton", description = "Sort along the Z-order curve.")
  void morton(boolean on) {
    if (on) {
      edits.add(Morton.order());
    }
  }

  /** picocli calls every setter once with null before it parses. */
  private void add(String value, Supplier<Edit> edit) {
    if (value == null) {
      return;
    }
    try {
      edits.add(edit.get());
    } catch (IllegalArgumentException | UsageException e) {
      // The one kind that passes through picocli as it is.
      throw new ParameterException(command.commandLine(), e.getMessage(), e);
    }
  }

  private static double[] numbers(String option, String text) {
    String[] parts = text.split(",", -1);
    double[] values = new double[parts.length];
    for (int i = 0; i < parts.length; i++) {
      values[i] = number(option, parts[i]);
    }
    return values;
  }

  private static double number(String option, String text) {
    try {
      return Double.parseDouble(text.strip());
    } catch (NumberFormatException e) {
      throw new UsageException("%s: %s is not a number".formatted(option, text));
    }
  }

  private static int whole(String option, String text) {
    try {
      return Integer.parseInt(text.strip());
    } catch (NumberFormatException e) {
      throw new UsageException("%s: %s is not a whole number".formatted(option, text));
    }
  }
}
