package dev.diorama.splat.data;

import java.nio.file.Path;
import java.util.List;

/**
 * What the files of a dataset say, before any picture is read.
 *
 * @param shots at least one
 * @param pointFile a .ply of points, or null
 * @param points read already, or null
 */
record Capture(List<Shot> shots, Path pointFile, PointCloud points) {}
