package dev.diorama.video.scheduler;

/**
 * A weighted sum of the tensors of a step, as its weights: the algebra in which the solvers are
 * written. Immutable.
 */
record LinearForm(double[] weights) {

  /** The tensor number {@code index} of {@code count} itself. */
  static LinearForm unit(int index, int count) {
    double[] weights = new double[count];
    weights[index] = 1;
    return new LinearForm(weights);
  }

  LinearForm plus(LinearForm other) {
    double[] sum = weights.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += other.weights[i];
    }
    return new LinearForm(sum);
  }

  LinearForm minus(LinearForm other) {
    return plus(other.times(-1));
  }

  LinearForm times(double factor) {
    double[] product = weights.clone();
    for (int i = 0; i < product.length; i++) {
      product[i] *= factor;
    }
    return new LinearForm(product);
  }
}
