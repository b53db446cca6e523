package dev.diorama;

import dev.diorama.ffi.dio_splat_projection;
import java.lang.foreign.MemorySegment;

/**
 * What a camera makes of each Gaussian: F32, contiguous, each may be null, not all.
 *
 * @param means2d [N, 2] pixels
 * @param conics [N, 3] inverse 2D covariance: xx, xy, yy
 * @param depths [N] z in the camera
 * @param compensations [N] sqrt(det before blur / det after); 1 where not antialiased
 * @param colors [N, 3]
 * @param radii I32 [N, 2], ceil(3.33 sigma) along x and y; where both are 0 the Gaussian is not in
 *     view and all else is 0
 */
public record SplatProjection(
    Tensor means2d,
    Tensor conics,
    Tensor depths,
    Tensor compensations,
    Tensor colors,
    Tensor radii) {
  void write(Context c, MemorySegment struct) {
    dio_splat_projection.means2d(struct, c.output(means2d));
    dio_splat_projection.conics(struct, c.output(conics));
    dio_splat_projection.depths(struct, c.output(depths));
    dio_splat_projection.compensations(struct, c.output(compensations));
    dio_splat_projection.colors(struct, c.output(colors));
    dio_splat_projection.radii(struct, c.output(radii));
  }
}
