/**
 * Schedulers for flow matching: which noise levels a run visits, and how the model's output moves
 * the sample from one to the next.
 *
 * <p>Every step of the solvers here is linear in the tensors that take part: the model's
 * prediction, the sample, and what earlier steps left behind. A scheduler therefore only computes
 * numbers. It hands out a matrix of coefficients a step, and guidance and update together become
 * one pass over memory.
 */
package dev.diorama.video.scheduler;
