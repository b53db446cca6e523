/**
 * The parts of {@link dev.diorama.splat.Fitter}: options, initialisation, one step of training, and
 * the two strategies that decide where Gaussians are needed: 3DGS-MCMC (Kheradmand et al. 2024) and
 * the original split, clone and prune (Kerbl et al. 2023). Constants are those of gsplat.
 */
package dev.diorama.splat.fit;
