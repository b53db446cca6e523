/**
 * Edits of scenes: every one takes a {@link dev.diorama.splat.Gaussians} and gives a new one, the
 * old stays as it is. What they do is what {@code @playcanvas/splat-transform} offers by the same
 * names.
 */
package dev.diorama.splat.edit;
