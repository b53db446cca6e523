package dev.diorama.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Numbers with commas between them; picocli would take an array for an option given several times.
 *
 * @param values as they were given
 */
record Numbers(double... values) {

  private static double[] parse(String value, int count, String wanted) {
    String[] words = value.split(",", -1);
    double[] numbers = new double[count];
    try {
      for (int i = 0; i < count && words.length == count; i++) {
        numbers[i] = Double.parseDouble(words[i].strip());
        if (!Double.isFinite(numbers[i])) {
          throw wrong(value, wanted);
        }
      }
    } catch (NumberFormatException e) {
      throw wrong(value, wanted);
    }
    if (words.length != count) {
      throw wrong(value, wanted);
    }
    return numbers;
  }

  private static TypeConversionException wrong(String value, String wanted) {
    return new TypeConversionException("must be %s, got '%s'".formatted(wanted, value));
  }

  /** Three numbers. */
  static final class Triple implements ITypeConverter<Numbers> {
    @Override
    public Numbers convert(String value) {
      return new Numbers(parse(value, 3, "three numbers such as 0,0.5,1"));
    }
  }

  /** An axis by its name, or a direction. */
  static final class Direction implements ITypeConverter<Numbers> {
    private static final String WANTED = "x, y, z, -x, -y, -z or a direction such as 0,-1,0.2";

    @Override
    public Numbers convert(String value) {
      boolean reversed = value.startsWith("-");
      int axis = "xyz".indexOf(reversed ? value.substring(1) : value);
      double[] direction = new double[3];
      if (axis >= 0 && value.length() == (reversed ? 2 : 1)) {
        direction[axis] = reversed ? -1 : 1;
        return new Numbers(direction);
      }
      direction = parse(value, 3, WANTED);
      if (direction[0] == 0 && direction[1] == 0 && direction[2] == 0) {
        throw wrong(value, WANTED);
      }
      return new Numbers(direction);
    }
  }

  /** Two depths. */
  static final class Range implements ITypeConverter<Numbers> {
    private static final String WANTED = "two depths above 0, the nearer first, such as 0.5,20";

    @Override
    public Numbers convert(String value) {
      double[] range = parse(value, 2, WANTED);
      if (!(range[0] > 0) || !(range[1] > range[0])) {
        throw wrong(value, WANTED);
      }
      return new Numbers(range);
    }
  }
}
