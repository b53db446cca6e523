package dev.diorama.video.scheduler;

/** Timesteps and noise levels, computed in the precision in which they are defined. */
record Schedule(float[] timesteps, float[] sigmas) {

  /** {@code count} numbers from start to stop, both included, with NumPy's roundings. */
  static double[] linspace(double start, double stop, int count) {
    double[] values = new double[count];
    double step = count > 1 ? (stop - start) / (count - 1) : 0;
    for (int i = 0; i < count; i++) {
      values[i] = i * step + start;
    }
    if (count > 1) {
      values[count - 1] = stop;
    }
    return values;
  }

  static double shift(double sigma, double shift) {
    return shift * sigma / (1 + (shift - 1) * sigma);
  }

  static float shift(float sigma, float shift, float shiftMinusOne) {
    return shift * sigma / (1 + shiftMinusOne * sigma);
  }

  /** Stretches the levels so that the last one is {@code terminal}. */
  static void stretch(double[] sigmas, double terminal) {
    double factor = (1 - sigmas[sigmas.length - 1]) / (1 - terminal);
    for (int i = 0; i < sigmas.length; i++) {
      sigmas[i] = 1 - (1 - sigmas[i]) / factor;
    }
  }

  /** Whole timesteps, cut off as a cast to int64 does, and the levels in single precision. */
  static Schedule ofWholeTimesteps(double[] sigmas, double last, int trainTimesteps) {
    float[] timesteps = new float[sigmas.length];
    for (int i = 0; i < sigmas.length; i++) {
      timesteps[i] = (long) (sigmas[i] * trainTimesteps);
    }
    return new Schedule(timesteps, withLast(sigmas, last));
  }

  /** Timesteps that follow the levels in single precision. */
  static Schedule ofExactTimesteps(double[] sigmas, double last, int trainTimesteps) {
    float[] levels = withLast(sigmas, last);
    float[] timesteps = new float[sigmas.length];
    for (int i = 0; i < sigmas.length; i++) {
      timesteps[i] = levels[i] * trainTimesteps;
    }
    return new Schedule(timesteps, levels);
  }

  private static float[] withLast(double[] sigmas, double last) {
    float[] levels = new float[sigmas.length + 1];
    for (int i = 0; i < sigmas.length; i++) {
      levels[i] = (float) sigmas[i];
    }
    levels[sigmas.length] = (float) last;
    return levels;
  }

  /** log(alpha / sigma) of a level, where alpha = 1 - sigma; infinite at the end. */
  double lambda(int step) {
    double sigma = sigmas[step];
    return Math.log(alpha(step)) - Math.log(sigma);
  }

  double alpha(int step) {
    return 1f - sigmas[step];
  }
}
