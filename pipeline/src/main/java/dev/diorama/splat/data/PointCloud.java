package dev.diorama.splat.data;

/**
 * Points in space with colours, such as structure from motion finds. The arrays are the cloud's
 * own, not copies.
 *
 * @param positions [N, 3] in the world
 * @param colours [N, 3] red, green, blue, 0 to 255 as unsigned bytes
 */
public record PointCloud(float[] positions, byte[] colours) {

  /**
   * Checks that the arrays belong together.
   *
   * @throws IllegalArgumentException when they are not of one length, or it is no multiple of 3
   */
  public PointCloud {
    if (positions.length % 3 != 0 || positions.length != colours.length) {
      throw new IllegalArgumentException(
          "%d coordinates and %d colour values are no point cloud, expected three of each a point"
              .formatted(positions.length, colours.length));
    }
  }

  /**
   * How many points there are.
   *
   * @return N
   */
  public int count() {
    return positions.length / 3;
  }
}
