package dev.diorama.model;

import dev.diorama.Activation;
import dev.diorama.Kernels;
import dev.diorama.Tensor;

/**
 * A linear layer's weights.
 *
 * @param weight [outputs, inputs], in the file's type
 * @param bias [outputs], or null
 */
public record Linear(Tensor weight, Tensor bias) {

  /**
   * out = x w^T + b.
   *
   * @param kernels what computes it
   * @param x [rows, inputs]
   * @param out [rows, outputs]
   */
  public void apply(Kernels kernels, Tensor x, Tensor out) {
    kernels.linear(x, weight, bias, out);
  }

  /**
   * out = activation(x w^T + b).
   *
   * @param kernels what computes it
   * @param x [rows, inputs]
   * @param activation the function
   * @param out [rows, outputs]
   */
  public void apply(Kernels kernels, Tensor x, Activation activation, Tensor out) {
    kernels.linear(x, weight, bias, activation, null, null, null, out);
  }

  /**
   * sum += x w^T + b.
   *
   * @param kernels what computes it
   * @param x [rows, inputs]
   * @param sum [rows, outputs], read and written
   */
  public void addTo(Kernels kernels, Tensor x, Tensor sum) {
    kernels.linear(x, weight, bias, Activation.NONE, null, null, sum, sum);
  }

  /**
   * sum += gate * (x w^T + b).
   *
   * @param kernels what computes it
   * @param x [rows, inputs]
   * @param gate [groups, outputs]
   * @param index [rows], the group of each row, or null when there is one group
   * @param sum [rows, outputs], read and written
   */
  public void addTo(Kernels kernels, Tensor x, Tensor gate, Tensor index, Tensor sum) {
    kernels.linear(x, weight, bias, Activation.NONE, gate, index, sum, sum);
  }
}
