package dev.diorama.model.wan;

/**
 * Angles of the three-dimensional rotary embedding (Su et al. 2021, one axis after the other): a
 * third of a head's pairs turns with the column, a third with the row, and what remains with the
 * frame. Computed in double.
 *
 * @param cosine [tokens, headSize / 2]
 * @param sine the same
 */
record RotaryTable(float[] cosine, float[] sine) {

  private static final double THETA = 10000;

  static RotaryTable of(WanConfig config, PatchGrid grid) {
    int pairs = config.headSize() / 2;
    int spatialPairs = config.headSize() / 6;
    int timePairs = pairs - 2 * spatialPairs;
    double[][] time = angles(grid.frames(), timePairs);
    double[][] row = angles(grid.rows(), spatialPairs);
    double[][] column = angles(grid.columns(), spatialPairs);
    int size = Math.toIntExact(grid.tokens() * pairs);
    RotaryTable table = new RotaryTable(new float[size], new float[size]);
    int at = 0;
    for (double[] t : time) {
      for (double[] y : row) {
        for (double[] x : column) {
          at = table.put(table.put(table.put(at, t), y), x);
        }
      }
    }
    return table;
  }

  private int put(int at, double[] angles) {
    for (double angle : angles) {
      cosine[at] = (float) Math.cos(angle);
      sine[at] = (float) Math.sin(angle);
      at++;
    }
    return at;
  }

  private static double[][] angles(int positions, int pairs) {
    double[][] angles = new double[positions][pairs];
    for (int position = 0; position < positions; position++) {
      for (int i = 0; i < pairs; i++) {
        angles[position][i] = position / Math.pow(THETA, (double) i / pairs);
      }
    }
    return angles;
  }
}
