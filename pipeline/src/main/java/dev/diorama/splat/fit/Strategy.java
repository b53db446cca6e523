package dev.diorama.splat.fit;

/** Who decides where Gaussians are added and taken away. */
public enum Strategy {
  /**
   * 3DGS-MCMC (Kheradmand et al. 2024): transparent Gaussians move to where opaque ones are, their
   * number grows by a twentieth at a time up to the cap, and noise lets them explore. Needs no good
   * initial points.
   */
  MCMC,
  /**
   * 3D Gaussian Splatting's own (Kerbl et al. 2023): where the loss pulls strongly at places in the
   * picture, small Gaussians are cloned and large ones split; transparent ones are removed, and
   * opacities reset now and then. The cap bounds it.
   */
  CLASSIC
}
