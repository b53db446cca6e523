/**
 * Codecs between video and latents: Wan's causal VAEs and the linear PatchCodec.
 *
 * <p>Everything is channels last, [1, frames, height, width, channels], and runs one latent frame
 * at a time. What a causal layer needs of earlier frames it carries in a {@link
 * dev.diorama.model.vae.Pass}, so memory does not grow with the length of a video.
 */
package dev.diorama.model.vae;
