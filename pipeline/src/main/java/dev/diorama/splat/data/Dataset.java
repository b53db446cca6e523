package dev.diorama.splat.data;

import java.util.List;

/**
 * Posed pictures of one place.
 *
 * @param views at least one, in the order of the files
 * @param points optional, null where there are none: what structure from motion found
 */
public record Dataset(List<View> views, PointCloud points) {

  /**
   * Takes a copy of the list.
   *
   * @throws IllegalArgumentException when there is no view
   */
  public Dataset {
    views = List.copyOf(views);
    if (views.isEmpty()) {
      throw new IllegalArgumentException("a dataset has at least one view, but there is none");
    }
  }
}
