/** From a prompt to states: cleaning, tokens, the UMT5 encoder. */
package dev.diorama.model.text;
