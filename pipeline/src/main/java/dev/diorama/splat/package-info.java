/**
 * Gaussian splats: scenes, cameras, rendering, fitting, formats.
 *
 * <p>A {@link dev.diorama.splat.Gaussians} is a scene on the heap, a {@link
 * dev.diorama.splat.Camera} says where it is seen from. Conventions are OpenCV's: x right, y down,
 * z forward, world-to-camera matrices; quaternions are wxyz.
 */
package dev.diorama.splat;
