package dev.diorama.video.scheduler;

/** Small systems of linear equations. */
final class Equations {
  private Equations() {}

  /**
   * Gauss' elimination with row pivots.
   *
   * @param rows n rows of n coefficients and the right side; overwritten
   */
  static double[] solve(double[][] rows) {
    int n = rows.length;
    for (int column = 0; column < n; column++) {
      int pivot = column;
      for (int row = column + 1; row < n; row++) {
        if (Math.abs(rows[row][column]) > Math.abs(rows[pivot][column])) {
          pivot = row;
        }
      }
      double[] swap = rows[column];
      rows[column] = rows[pivot];
      rows[pivot] = swap;
      for (int row = column + 1; row < n; row++) {
        double factor = rows[row][column] / rows[column][column];
        for (int i = column; i <= n; i++) {
          rows[row][i] -= factor * rows[column][i];
        }
      }
    }
    double[] solution = new double[n];
    for (int row = n - 1; row >= 0; row--) {
      double sum = rows[row][n];
      for (int i = row + 1; i < n; i++) {
        sum -= rows[row][i] * solution[i];
      }
      solution[row] = sum / rows[row][row];
    }
    return solution;
  }
}
