/**
 * Posed pictures: what a scene is fitted to, and where it comes from.
 *
 * <p>A {@link dev.diorama.splat.data.Dataset} holds {@link dev.diorama.splat.data.View}s, each a
 * picture with the camera that took it, and the {@link dev.diorama.splat.data.PointCloud} that
 * structure from motion found, where there is one.
 */
package dev.diorama.splat.data;
