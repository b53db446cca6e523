package dev.diorama.splat.data;

/** Colours through space: what a solid shows where it is cut. */
enum Paint {
  /** Large tiles of two shades, each a little different. */
  TILES {
    @Override
    double[] at(double x, double y, double z) {
      int column = (int) Math.floor(x / 0.3);
      int row = (int) Math.floor(z / 0.3);
      double shade = (column + row & 1) == 0 ? 0.82 : 0.45;
      shade += 0.12 * (random(column, row, 7) - 0.5);
      return new double[] {shade, shade * 0.96, shade * 0.86};
    }
  },
  /** Horizontal bands that wave. */
  BANDS {
    @Override
    double[] at(double x, double y, double z) {
      double wave = Math.sin(24 * y + 2 * Math.sin(5 * x) + 2 * Math.cos(4 * z));
      return mixed(0.5 + 0.5 * wave, 0.9, 0.3, 0.15, 0.95, 0.85, 0.6);
    }
  },
  /** Soft noise of two octaves (Perlin 1985, with values at the corners). */
  CLOUDS {
    @Override
    double[] at(double x, double y, double z) {
      double value = 0.67 * noise(9 * x, 9 * y, 9 * z) + 0.33 * noise(20 * x, 20 * y, 20 * z);
      return mixed(value, 0.1, 0.25, 0.6, 0.75, 0.95, 0.9);
    }
  },
  /** Dots on a grid. */
  DOTS {
    @Override
    double[] at(double x, double y, double z) {
      double value = Math.sin(30 * x) * Math.sin(30 * y) * Math.sin(30 * z);
      return mixed(value > 0.15 ? 1 : 0, 0.15, 0.6, 0.25, 0.95, 0.95, 0.3);
    }
  },
  /** Courses of bricks in mortar, around a vertical axis. */
  BRICKS {
    @Override
    double[] at(double x, double y, double z) {
      double course = y / 0.11;
      int row = (int) Math.floor(course);
      double along = (x + z) / 0.24 + ((row & 1) == 0 ? 0 : 0.5);
      int column = (int) Math.floor(along);
      boolean mortar = course - row < 0.12 || along - column < 0.06;
      double tone = 0.8 + 0.35 * random(row, column, 3);
      return mortar
          ? new double[] {0.75, 0.73, 0.7}
          : new double[] {0.68 * tone, 0.28 * tone, 0.2 * tone};
    }
  },
  /** Cubes of two colours. */
  CHECKS {
    @Override
    double[] at(double x, double y, double z) {
      int cell =
          (int) Math.floor(x / 0.1 + 0.5)
              + (int) Math.floor(y / 0.1 + 0.5)
              + (int) Math.floor(z / 0.1 + 0.5);
      return mixed((cell & 1) == 0 ? 1 : 0, 0.2, 0.2, 0.55, 0.9, 0.75, 0.2);
    }
  };

  /** Red, green, blue, 0 to 1. */
  abstract double[] at(double x, double y, double z);

  private static double[] mixed(
      double share, double r0, double g0, double b0, double r1, double g1, double b1) {
    return new double[] {r0 + share * (r1 - r0), g0 + share * (g1 - g0), b0 + share * (b1 - b0)};
  }

  /** A number of 0 to 1 that belongs to a cell. */
  private static double random(int x, int y, int z) {
    int hash = x * 0x1B873593 ^ y * 0xCC9E2D51 ^ z * 0x85EBCA6B;
    hash = (hash ^ hash >>> 15) * 0x2C1B3C6D;
    hash = (hash ^ hash >>> 12) * 0x297A2D39;
    return ((hash ^ hash >>> 15) >>> 8) * 0x1p-24;
  }

  private static double noise(double x, double y, double z) {
    int cx = (int) Math.floor(x);
    int cy = (int) Math.floor(y);
    int cz = (int) Math.floor(z);
    double sum = 0;
    for (int corner = 0; corner < 8; corner++) {
      int dx = corner & 1;
      int dy = corner >> 1 & 1;
      int dz = corner >> 2;
      double weight = near(x - cx, dx) * near(y - cy, dy) * near(z - cz, dz);
      sum += weight * random(cx + dx, cy + dy, cz + dz);
    }
    return sum;
  }

  /** How much a corner counts: t t (3 - 2 t) of the distance to the other. */
  private static double near(double part, int corner) {
    double smooth = part * part * (3 - 2 * part);
    return corner == 1 ? smooth : 1 - smooth;
  }
}
