/**
 * Diorama beside JCuda (jcuda.org) in one program: device pointers and streams pass from one to the
 * other without a copy. Begin with {@link dev.diorama.jcuda.JCudaSupport}, which says what a
 * machine lacks, and {@link dev.diorama.jcuda.JCudaTensors}.
 */
package dev.diorama.jcuda;
