package dev.diorama;

import dev.diorama.ffi.dio_splat_settings;
import java.lang.foreign.MemorySegment;

/**
 * Rules of compositing, as in gsplat.
 *
 * @param antialiased opacity is multiplied by sqrt(det before blur / det after)
 * @param shDegree evaluated at most, 0 to 3; -1: all there are
 * @param nearPlane depths at or below are not drawn
 * @param farPlane depths at or above are not drawn; may be infinite
 * @param blur added to both diagonal entries of the 2D covariance, in square pixels
 * @param alphaMin contributions below are left out
 * @param alphaMax and above are cut to this
 * @param alphaFade 0: a hard cut at alphaMin; else the width of a smooth one, for checks of
 *     gradients by differences
 * @param transmittanceStop a Gaussian that would bring the transmittance here or below ends its
 *     pixel, undrawn
 * @param red of the background, 0 to 1
 * @param green the same
 * @param blue the same
 */
public record SplatSettings(
    boolean antialiased,
    int shDegree,
    float nearPlane,
    float farPlane,
    float blur,
    float alphaMin,
    float alphaMax,
    float alphaFade,
    float transmittanceStop,
    float red,
    float green,
    float blue) {

  /** What gsplat does by default: 0.3 blur, alpha 1/255 to 0.99, stop at 1e-4, black. */
  public static final SplatSettings DEFAULT =
      new SplatSettings(false, -1, 0.01f, 1e10f, 0.3f, 1 / 255f, 0.99f, 0, 1e-4f, 0, 0, 0);

  /**
   * The same with or without opacity compensation.
   *
   * @param on whether to compensate
   * @return the settings
   */
  public SplatSettings withAntialiased(boolean on) {
    return new SplatSettings(
        on,
        shDegree,
        nearPlane,
        farPlane,
        blur,
        alphaMin,
        alphaMax,
        alphaFade,
        transmittanceStop,
        red,
        green,
        blue);
  }

  /**
   * The same with another limit of the spherical harmonics.
   *
   * @param degree 0 to 3, or -1 for all
   * @return the settings
   */
  public SplatSettings withShDegree(int degree) {
    return new SplatSettings(
        antialiased,
        degree,
        nearPlane,
        farPlane,
        blur,
        alphaMin,
        alphaMax,
        alphaFade,
        transmittanceStop,
        red,
        green,
        blue);
  }

  /**
   * The same on another background.
   *
   * @param r red, 0 to 1
   * @param g green
   * @param b blue
   * @return the settings
   */
  public SplatSettings withBackground(float r, float g, float b) {
    return new SplatSettings(
        antialiased,
        shDegree,
        nearPlane,
        farPlane,
        blur,
        alphaMin,
        alphaMax,
        alphaFade,
        transmittanceStop,
        r,
        g,
        b);
  }

  /**
   * The same between other planes.
   *
   * @param near depths at or below are not drawn
   * @param far depths at or above are not drawn
   * @return the settings
   */
  public SplatSettings withPlanes(float near, float far) {
    return new SplatSettings(
        antialiased,
        shDegree,
        near,
        far,
        blur,
        alphaMin,
        alphaMax,
        alphaFade,
        transmittanceStop,
        red,
        green,
        blue);
  }

  void write(MemorySegment struct) {
    dio_splat_settings.antialiased(struct, antialiased ? 1 : 0);
    dio_splat_settings.sh_degree(struct, shDegree);
    dio_splat_settings.near_plane(struct, nearPlane);
    dio_splat_settings.far_plane(struct, farPlane);
    dio_splat_settings.blur(struct, blur);
    dio_splat_settings.alpha_min(struct, alphaMin);
    dio_splat_settings.alpha_max(struct, alphaMax);
    dio_splat_settings.alpha_fade(struct, alphaFade);
    dio_splat_settings.transmittance_stop(struct, transmittanceStop);
    dio_splat_settings.background(struct, 0, red);
    dio_splat_settings.background(struct, 1, green);
    dio_splat_settings.background(struct, 2, blue);
  }
}
