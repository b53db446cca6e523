/**
 * Tensors and kernels: the whole public API.
 *
 * <p>A {@link dev.diorama.Backend} says where work is done, a {@link dev.diorama.Context} is one
 * thread's place to work there, a {@link dev.diorama.Tensor} is memory with a shape, and {@link
 * dev.diorama.Kernels} are the operations. What holds native memory is {@link
 * java.lang.AutoCloseable}; use after close throws {@link java.lang.IllegalStateException} and
 * never crashes.
 */
package dev.diorama;
