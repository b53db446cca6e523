package dev.diorama.model;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Tensor;
import java.util.Arrays;

/**
 * The weights below one name of a file, such as {@code blocks.3.attn1.}. A model asks for each
 * tensor with the shape that its configuration implies, so that a file that does not fit is refused
 * before anything runs.
 */
public final class Weights {

  private final Safetensors file;
  private final String prefix;

  /**
   * All weights of a file.
   *
   * @param file the file
   */
  public Weights(Safetensors file) {
    this(file, "");
  }

  private Weights(Safetensors file, String prefix) {
    this.file = file;
    this.prefix = prefix;
  }

  /**
   * The weights below a name.
   *
   * @param name the name, without its last dot
   * @return those weights
   */
  public Weights under(String name) {
    return new Weights(file, prefix + name + ".");
  }

  /**
   * Whether there is a tensor.
   *
   * @param name its name below this one
   * @return true when there is
   */
  public boolean has(String name) {
    return file.contains(prefix + name);
  }

  /**
   * A floating-point tensor, mapped, in its own type.
   *
   * @param name its name below this one
   * @param shape the shape it must have
   * @return the tensor
   * @throws ModelException when it is missing or something else
   */
  public Tensor get(String name, long... shape) throws ModelException {
    Tensor tensor = file.tensor(prefix + name, shape);
    if (tensor.dtype() == DType.I32 || tensor.dtype() == DType.U8) {
      throw new ModelException(
          "%s: tensor '%s' is %s; weights must be F32, F16 or BF16."
              .formatted(file.path(), prefix + name, tensor.dtype()));
    }
    return tensor;
  }

  /**
   * A floating-point tensor, copied to the context as F32.
   *
   * @param context where to
   * @param name its name below this one
   * @param shape the shape it must have
   * @return the copy; the caller closes it
   * @throws ModelException when it is missing or something else
   */
  public Tensor copy(Context context, String name, long... shape) throws ModelException {
    Tensor mapped = get(name, shape);
    Tensor copy = context.tensor(DType.F32, shape);
    context.kernels().copy(mapped, copy);
    return copy;
  }

  /**
   * A matrix with a bias, {@code name.weight} and {@code name.bias}.
   *
   * @param name their name below this one
   * @param outputs rows of the matrix
   * @param inputs shape of a row; more than one size is flattened
   * @return the layer
   * @throws ModelException when one of them is missing or something else
   */
  public Linear linear(String name, long outputs, long... inputs) throws ModelException {
    return new Linear(matrix(name + ".weight", outputs, inputs), get(name + ".bias", outputs));
  }

  /**
   * A matrix without a bias, {@code name.weight}.
   *
   * @param name its name below this one
   * @param outputs rows of the matrix
   * @param inputs shape of a row; more than one size is flattened
   * @return the layer
   * @throws ModelException when it is missing or something else
   */
  public Linear linearNoBias(String name, long outputs, long... inputs) throws ModelException {
    return new Linear(matrix(name + ".weight", outputs, inputs), null);
  }

  private Tensor matrix(String name, long outputs, long... inputs) throws ModelException {
    long[] shape = new long[inputs.length + 1];
    shape[0] = outputs;
    System.arraycopy(inputs, 0, shape, 1, inputs.length);
    Tensor matrix = get(name, shape);
    return inputs.length == 1
        ? matrix
        : matrix.view(outputs, Arrays.stream(inputs).reduce(1, (a, b) -> a * b));
  }
}
