/** The vision tower of CLIP: a picture as states that an image-to-video model attends to. */
package dev.diorama.model.clip;
