package dev.diorama.model.wan;

import dev.diorama.Tensor;

/**
 * What one block's cross-attention looks at.
 *
 * @param textKeys [text tokens, width], normalised
 * @param textValues [text tokens, width]
 * @param textBias [1, 1, 1, text tokens], added to the scores, or null
 * @param imageKeys [image tokens, width], normalised, or null
 * @param imageValues [image tokens, width], or null
 */
record CrossKeys(
    Tensor textKeys, Tensor textValues, Tensor textBias, Tensor imageKeys, Tensor imageValues) {}
