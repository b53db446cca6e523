/**
 * The Wan family's transformer (Wan 2.1 and 2.2; text to video, image to video, one or two
 * experts): patches of a latent video in, the predicted velocity or sample out.
 */
package dev.diorama.model.wan;
