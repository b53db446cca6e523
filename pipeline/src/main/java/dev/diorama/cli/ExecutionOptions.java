package dev.diorama.cli;

import dev.diorama.Backend;
import dev.diorama.DType;
import dev.diorama.video.Execution;
import java.util.Locale;
import picocli.CommandLine.Option;

/** The options of {@code diorama video} that say where and how a model runs. */
final class ExecutionOptions {
  private static final double GIGABYTE = 1e9;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description =
          "auto (cuda where it is there, else cpu), cpu, cuda or cuda:1; for tests reference and"
              + " simt. Default: auto.")
  private String backend;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Threads of the kernels. Default: one for each core.")
  private int threads;

  @Option(
      names = "--precision",
      paramLabel = "f32|bf16",
      description =
          "Precision in which products and attention read their inputs. Default: bf16 on cuda, f32"
              + " elsewhere.")
  private String precision;

  @Option(
      names = "--max-vram",
      paramLabel = "GB",
      description =
          "Most memory of the graphics card to take. What does not fit is uploaded block by block"
              + " in each step. Default: what is free.")
  private Double maxVram;

  @Option(
      names = "--vae-tiling",
      description =
          "Encode and decode frames in tiles even where memory suffices for whole ones. The pixels"
              + " are the same.")
  private boolean tiles;

  void check() {
    if (threads < 0) {
      throw new UsageException("--threads must be at least 1, got %d".formatted(threads));
    }
    if (precision != null && !precision.equals("f32") && !precision.equals("bf16")) {
      throw new UsageException("--precision must be f32 or bf16, got '%s'".formatted(precision));
    }
    if (maxVram != null && !(maxVram > 0 && maxVram <= 1e6)) {
      throw new UsageException("--max-vram must be gigabytes above 0, got %s".formatted(maxVram));
    }
  }

  Backend open() {
    try {
      return Backend.open(backend, threads);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  Execution execution(Backend opened) {
    if (maxVram != null && !opened.onDevice()) {
      throw new UsageException(
          "--max-vram is about a graphics card, and the backend %s reads weights where their file"
                  .formatted(opened.name())
              + " is mapped: leave it out");
    }
    return new Execution(
        null,
        precision == null ? null : DType.valueOf(precision.toUpperCase(Locale.ROOT)),
        maxVram == null ? 0 : Math.max(1, (long) (maxVram * GIGABYTE)),
        tiles);
  }
}
