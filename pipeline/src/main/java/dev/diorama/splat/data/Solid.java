package dev.diorama.splat.data;

/** Something that rays hit from outside, up being -y. */
sealed interface Solid {

  /** How far along a ray it is hit first, in lengths of the direction; infinite where never. */
  double hit(double[] origin, double[] direction);

  /** Of length 1, outwards, at a place on the surface. */
  double[] normal(double[] place);

  /** Red, green, blue, 0 to 1, at a place on the surface. */
  double[] colour(double[] place);

  /** A ball. */
  record Ball(double[] centre, double radius, Paint paint) implements Solid {
    @Override
    public double hit(double[] origin, double[] direction) {
      double a = 0;
      double b = 0;
      double c = -radius * radius;
      for (int axis = 0; axis < 3; axis++) {
        double from = origin[axis] - centre[axis];
        a += direction[axis] * direction[axis];
        b += from * direction[axis];
        c += from * from;
      }
      double root = b * b - a * c;
      double distance = root < 0 ? -1 : (-b - Math.sqrt(root)) / a;
      return distance > 0 ? distance : Double.POSITIVE_INFINITY;
    }

    @Override
    public double[] normal(double[] place) {
      double[] normal = new double[3];
      for (int axis = 0; axis < 3; axis++) {
        normal[axis] = (place[axis] - centre[axis]) / radius;
      }
      return normal;
    }

    @Override
    public double[] colour(double[] place) {
      return paint.at(place[0] - centre[0], place[1] - centre[1], place[2] - centre[2]);
    }
  }

  /** A box, turned about the vertical axis. */
  record Box(double[] centre, double[] half, double angle, Paint paint) implements Solid {
    private double[] turned(double[] vector) {
      double cos = Math.cos(angle);
      double sin = Math.sin(angle);
      return new double[] {
        cos * vector[0] + sin * vector[2], vector[1], cos * vector[2] - sin * vector[0]
      };
    }

    private double[] inside(double[] place) {
      return turned(
          new double[] {place[0] - centre[0], place[1] - centre[1], place[2] - centre[2]});
    }

    /** By its three slabs (Kay and Kajiya 1986). */
    @Override
    public double hit(double[] origin, double[] direction) {
      double[] from = inside(origin);
      double[] along = turned(direction);
      double enter = 0;
      double leave = Double.POSITIVE_INFINITY;
      for (int axis = 0; axis < 3; axis++) {
        double one = (-half[axis] - from[axis]) / along[axis];
        double two = (half[axis] - from[axis]) / along[axis];
        enter = Math.max(enter, Math.min(one, two));
        leave = Math.min(leave, Math.max(one, two));
      }
      return enter > 0 && enter <= leave ? enter : Double.POSITIVE_INFINITY;
    }

    @Override
    public double[] normal(double[] place) {
      double[] at = inside(place);
      int side = 0;
      for (int axis = 1; axis < 3; axis++) {
        if (Math.abs(at[axis]) - half[axis] > Math.abs(at[side]) - half[side]) {
          side = axis;
        }
      }
      double sign = Math.signum(at[side]);
      return switch (side) {
        case 0 -> new double[] {sign * Math.cos(angle), 0, sign * Math.sin(angle)};
        case 1 -> new double[] {0, sign, 0};
        default -> new double[] {-sign * Math.sin(angle), 0, sign * Math.cos(angle)};
      };
    }

    @Override
    public double[] colour(double[] place) {
      double[] at = inside(place);
      return paint.at(at[0], at[1], at[2]);
    }
  }

  /** A level disc without thickness, seen from above only. */
  record Disc(double[] centre, double radius, Paint paint) implements Solid {
    @Override
    public double hit(double[] origin, double[] direction) {
      double distance = (centre[1] - origin[1]) / direction[1];
      if (!(distance > 0) || direction[1] <= 0) {
        return Double.POSITIVE_INFINITY;
      }
      double x = origin[0] + distance * direction[0] - centre[0];
      double z = origin[2] + distance * direction[2] - centre[2];
      return x * x + z * z <= radius * radius ? distance : Double.POSITIVE_INFINITY;
    }

    @Override
    public double[] normal(double[] place) {
      return new double[] {0, -1, 0};
    }

    @Override
    public double[] colour(double[] place) {
      return paint.at(place[0] - centre[0], 0, place[2] - centre[2]);
    }
  }
}
