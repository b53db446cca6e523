package dev.diorama.splat.format;

import dev.diorama.splat.Gaussians;
import dev.diorama.splat.SceneException;
import dev.diorama.splat.edit.Transforms;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The tree of a glTF's nodes: which meshes it places, and where. */
final class GltfNodes {
  private static final double[] IDENTITY = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};

  /** Columns of a rotation that is written in F32 differ from each other by less. */
  private static final double TOLERANCE = 1e-4;

  private final SceneJson json;
  private final List<Placed> placed = new ArrayList<>();
  private final boolean[] seen;

  /**
   * A mesh at its place.
   *
   * @param mesh its index
   * @param matrix [4, 4] column by column, from the mesh to the world
   */
  record Placed(int mesh, double[] matrix) {}

  private GltfNodes(SceneJson json) {
    this.json = json;
    this.seen = new boolean[json.size("/nodes")];
  }

  /**
   * Walks through the scene that the file shows first.
   *
   * @param json the glTF
   * @return every mesh that a node of it has
   * @throws SceneException when nodes are missing, or one is reached twice
   */
  static List<Placed> of(SceneJson json) throws SceneException {
    GltfNodes nodes = new GltfNodes(json);
    long scene = json.has("/scene") ? json.integer("/scene", 0, json.size("/scenes") - 1L) : 0;
    // A stack of our own: a chain of a million nodes is no reason to overflow that of Java.
    List<Placed> open = new ArrayList<>();
    nodes.push(open, "/scenes/" + scene + "/nodes", IDENTITY);
    while (!open.isEmpty()) {
      Placed next = open.remove(open.size() - 1);
      String at = "/nodes/" + next.mesh();
      double[] matrix = multiply(next.matrix(), nodes.local(at));
      if (json.has(at + "/mesh")) {
        int mesh = (int) json.integer(at + "/mesh", 0, json.size("/meshes") - 1L);
        nodes.placed.add(new Placed(mesh, matrix));
      }
      nodes.push(open, at + "/children", matrix);
    }
    return nodes.placed;
  }

  private void push(List<Placed> open, String children, double[] matrix) throws SceneException {
    for (int i = json.size(children) - 1; i >= 0; i--) {
      int node = (int) json.integer(children + "/" + i, 0, seen.length - 1L);
      if (seen[node]) {
        throw json.wrongValue(children + "/" + i, "a node that is nowhere else in the tree");
      }
      seen[node] = true;
      open.add(new Placed(node, matrix));
    }
  }

  private double[] local(String at) throws SceneException {
    if (json.has(at + "/matrix")) {
      return json.numbers(at + "/matrix", 16, 16);
    }
    double[] t = numbers(at + "/translation", 0, 0, 0);
    double[] q = numbers(at + "/rotation", 0, 0, 0, 1);
    double[] s = numbers(at + "/scale", 1, 1, 1);
    double x = q[0];
    double y = q[1];
    double z = q[2];
    double w = q[3];
    return new double[] {
      s[0] * (1 - 2 * (y * y + z * z)),
      s[0] * 2 * (x * y + w * z),
      s[0] * 2 * (x * z - w * y),
      0,
      s[1] * 2 * (x * y - w * z),
      s[1] * (1 - 2 * (x * x + z * z)),
      s[1] * 2 * (y * z + w * x),
      0,
      s[2] * 2 * (x * z + w * y),
      s[2] * 2 * (y * z - w * x),
      s[2] * (1 - 2 * (x * x + y * y)),
      0,
      t[0],
      t[1],
      t[2],
      1
    };
  }

  private double[] numbers(String pointer, double... otherwise) throws SceneException {
    return json.has(pointer)
        ? json.numbers(pointer, otherwise.length, otherwise.length)
        : otherwise;
  }

  private static double[] multiply(double[] a, double[] b) {
    double[] product = new double[16];
    for (int column = 0; column < 4; column++) {
      for (int row = 0; row < 4; row++) {
        for (int k = 0; k < 4; k++) {
          product[4 * column + row] += a[4 * k + row] * b[4 * column + k];
        }
      }
    }
    return product;
  }

  /**
   * Puts a scene in its place.
   *
   * @param name of the file, for messages
   * @param scene in the mesh's axes
   * @param m [4, 4] column by column: a rotation, a scale that is the same along all axes, a
   *     translation
   * @return in the world's axes
   * @throws SceneException when the matrix is anything else
   */
  static Gaussians place(String name, Gaussians scene, double[] m) throws SceneException {
    if (Arrays.equals(m, IDENTITY)) {
      return scene;
    }
    double scale = Math.sqrt(m[0] * m[0] + m[1] * m[1] + m[2] * m[2]);
    double[] r = new double[9];
    for (int i = 0; i < 9; i++) {
      r[i] = m[i / 3 * 4 + i % 3] / scale;
    }
    if (!isRotation(r) || !Double.isFinite(m[12] + m[13] + m[14])) {
      throw new SceneException(
          name
              + " has a node that stretches, shears or mirrors its Gaussians; only turns,"
              + " translations and scales that are the same along all axes are read");
    }
    Gaussians turned = Transforms.rotateBy(quaternion(r)).apply(scene);
    Gaussians scaled = Transforms.scale(scale).apply(turned);
    return Transforms.translate(new double[] {m[12], m[13], m[14]}).apply(scaled);
  }

  private static boolean isRotation(double[] r) {
    for (int a = 0; a < 3; a++) {
      for (int b = 0; b < 3; b++) {
        double dot = 0;
        for (int k = 0; k < 3; k++) {
          dot += r[3 * a + k] * r[3 * b + k];
        }
        if (!(Math.abs(dot - (a == b ? 1 : 0)) < TOLERANCE)) {
          return false;
        }
      }
    }
    double determinant =
        r[0] * (r[4] * r[8] - r[5] * r[7])
            - r[3] * (r[1] * r[8] - r[2] * r[7])
            + r[6] * (r[1] * r[5] - r[2] * r[4]);
    return determinant > 0;
  }

  /** wxyz of a rotation given column by column; from the largest component on (Shepperd 1978). */
  private static double[] quaternion(double[] r) {
    double[] squares = {
      1 + r[0] + r[4] + r[8], 1 + r[0] - r[4] - r[8], 1 - r[0] + r[4] - r[8], 1 - r[0] - r[4] + r[8]
    };
    int largest = 0;
    for (int i = 1; i < 4; i++) {
      largest = squares[i] > squares[largest] ? i : largest;
    }
    double[][] products = {
      {squares[0], r[5] - r[7], r[6] - r[2], r[1] - r[3]},
      {r[5] - r[7], squares[1], r[1] + r[3], r[6] + r[2]},
      {r[6] - r[2], r[1] + r[3], squares[2], r[5] + r[7]},
      {r[1] - r[3], r[6] + r[2], r[5] + r[7], squares[3]}
    };
    double[] q = products[largest];
    double length = Math.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    for (int i = 0; i < 4; i++) {
      q[i] /= length;
    }
    return q;
  }
}
