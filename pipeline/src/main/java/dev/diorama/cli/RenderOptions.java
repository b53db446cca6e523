package dev.diorama.cli;

import dev.diorama.DType;
import dev.diorama.SplatSettings;
import picocli.CommandLine.Option;

/** The options of {@code diorama render} that say what the pictures look like. */
final class RenderOptions {

  @Option(names = "--width", paramLabel = "N", description = "Pixels in a row.")
  Integer width;

  @Option(
      names = "--height",
      paramLabel = "N",
      description =
          "Rows of pixels. Default: the cameras' size, or 960x540; of one side the other follows.")
  Integer height;

  @Option(
      names = "--background",
      paramLabel = "R,G,B",
      defaultValue = "0,0,0",
      converter = Numbers.Triple.class,
      description = "Each from 0 to 1. Default: 0,0,0.")
  Numbers background;

  @Option(
      names = "--antialiased",
      description = "Small Gaussians keep their weight (Mip-Splatting), for scenes trained so.")
  boolean antialiased;

  @Option(
      names = "--depth",
      description = "Depth as colours, red near and blue far, instead of the scene's colours.")
  boolean depth;

  @Option(
      names = "--depth-range",
      paramLabel = "NEAR,FAR",
      converter = Numbers.Range.class,
      description = "What --depth paints red and blue. Default: what the first frame shows.")
  Numbers depthRange;

  @Option(
      names = "--sh-degree",
      paramLabel = "N",
      defaultValue = "3",
      description = "How finely colours depend on direction, 0 to 3. Default: as the scene has it.")
  int shDegree;

  @Option(
      names = "--sh-precision",
      paramLabel = "f32|f16",
      defaultValue = "f32",
      description = "Precision in which the colours' coefficients are kept. Default: f32.")
  private String shPrecision;

  @Option(
      names = "--near",
      paramLabel = "X",
      description = "Nothing nearer is drawn. Default: 0.01.")
  Float near;

  @Option(names = "--far", paramLabel = "X", description = "Nothing farther. Default: 1e10.")
  Float far;

  /** Refuses what cannot be. */
  void check() {
    refuse(shDegree < 0 || shDegree > 3, "--sh-degree must be 0 to 3, got " + shDegree);
    refuse(
        !shPrecision.equals("f32") && !shPrecision.equals("f16"),
        "--sh-precision must be f32 or f16, got '%s'".formatted(shPrecision));
    refuse(depthRange != null && !depth, "--depth-range is about --depth");
    for (double value : background.values()) {
      refuse(!(value >= 0 && value <= 1), "--background goes from 0 to 1, got " + value);
    }
    SplatSettings settings = settings();
    refuse(
        !(settings.nearPlane() >= 0) || !(settings.farPlane() > settings.nearPlane()),
        "--near must be at least 0 and --far farther, got %s and %s"
            .formatted(settings.nearPlane(), settings.farPlane()));
  }

  /** The type of the colours' coefficients. */
  DType harmonics() {
    return shPrecision.equals("f16") ? DType.F16 : DType.F32;
  }

  private static void refuse(boolean wrong, String sentence) {
    if (wrong) {
      throw new UsageException(sentence);
    }
  }

  /** The same for the kernels. */
  SplatSettings settings() {
    SplatSettings d = SplatSettings.DEFAULT;
    return new SplatSettings(
        antialiased,
        shDegree,
        near != null ? near : d.nearPlane(),
        far != null ? far : d.farPlane(),
        d.blur(),
        d.alphaMin(),
        d.alphaMax(),
        d.alphaFade(),
        d.transmittanceStop(),
        (float) background.values()[0],
        (float) background.values()[1],
        (float) background.values()[2]);
  }
}
