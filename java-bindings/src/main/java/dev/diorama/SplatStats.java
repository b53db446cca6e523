package dev.diorama;

import dev.diorama.ffi.dio_splat_stats;
import java.lang.foreign.MemorySegment;

/**
 * What a frame's last rendering and backward pass did. Times are wall times in milliseconds.
 *
 * @param gaussians of the scene
 * @param visible in view and not below the alpha cut
 * @param intersections pairs of a Gaussian and a tile
 * @param evaluations pairs of a Gaussian and a pixel that an alpha was computed for
 * @param bytes held by the frame
 * @param projectMs projection and spherical harmonics
 * @param binMs which tiles a Gaussian touches
 * @param sortMs by tile and depth
 * @param rasterMs compositing
 * @param rasterBackwardMs of the backward pass
 * @param projectBackwardMs of the backward pass
 */
public record SplatStats(
    long gaussians,
    long visible,
    long intersections,
    long evaluations,
    long bytes,
    double projectMs,
    double binMs,
    double sortMs,
    double rasterMs,
    double rasterBackwardMs,
    double projectBackwardMs) {

  static SplatStats read(MemorySegment struct) {
    return new SplatStats(
        dio_splat_stats.gaussians(struct),
        dio_splat_stats.visible(struct),
        dio_splat_stats.intersections(struct),
        dio_splat_stats.evaluations(struct),
        dio_splat_stats.bytes(struct),
        dio_splat_stats.project_ms(struct),
        dio_splat_stats.bin_ms(struct),
        dio_splat_stats.sort_ms(struct),
        dio_splat_stats.raster_ms(struct),
        dio_splat_stats.raster_backward_ms(struct),
        dio_splat_stats.project_backward_ms(struct));
  }
}
