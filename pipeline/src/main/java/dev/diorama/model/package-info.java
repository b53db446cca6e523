/**
 * Models as files and as wiring: the safetensors reader and writer, model directories and their
 * configurations.
 *
 * <p>A model family is one package below this one. It says how the family's blocks are wired from
 * {@link dev.diorama.Kernels}, and nothing else: weights stay in the mapped file in their own type,
 * activations are F32, and buffers are made once a shape.
 */
package dev.diorama.model;
