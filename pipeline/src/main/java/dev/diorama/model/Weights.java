package dev.diorama.model;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The weights below one name of a file, such as {@code blocks.3.attn1.}. A model asks for each
 * tensor with the shape that its configuration implies, so that a file that does not fit is refused
 * before anything runs.
 *
 * <p>On the host a tensor is used where the file is mapped; for a device it is uploaded when it is
 * asked for. The weights own what was uploaded or converted, on the context they were made with:
 * its thread rules hold while a model is opened and when the weights are closed.
 */
public final class Weights implements AutoCloseable {

  /** Where tensors come to lie. */
  private record Home(Context context, Scope scope, Placement placement, boolean checking) {
    boolean uploads() {
      return !checking && context.backend().onDevice();
    }
  }

  private final Safetensors file;
  private final String prefix;
  private final Home home;

  private Weights(Safetensors file, String prefix, Home home) {
    this.file = file;
    this.prefix = prefix;
    this.home = home;
  }

  /**
   * All weights of a file, in F32 or as the file has them.
   *
   * @param context where they are computed with, or another one of the same backend; must stay open
   *     longer
   * @param file the file; must stay open longer
   * @return to be closed after the model that is made of them
   */
  public static Weights on(Context context, Safetensors file) {
    return on(context, file, Placement.PLAIN);
  }

  /**
   * All weights of a file.
   *
   * @param context where they are computed with, or another one of the same backend; must stay open
   *     longer
   * @param file the file; must stay open longer
   * @param placement how they lie on a device
   * @return to be closed after the model that is made of them
   */
  public static Weights on(Context context, Safetensors file, Placement placement) {
    return new Weights(file, "", new Home(context, context.scope(), placement, false));
  }

  /**
   * The weights below a name.
   *
   * @param name the name, without its last dot
   * @return those weights; closed with these
   */
  public Weights under(String name) {
    return new Weights(file, prefix + name + ".", home);
  }

  /**
   * The same weights, all of them in the types of the file: for what is small and must be exact.
   *
   * @return those weights; closed with these
   */
  public Weights exact() {
    Placement plain = new Placement(DType.F32, home.placement.streamed());
    return new Weights(file, prefix, new Home(home.context, home.scope, plain, home.checking));
  }

  /**
   * The type of the activations that the model's products read.
   *
   * @return F32 or BF16
   */
  public DType dtype() {
    return home.placement.dtype();
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
   * A floating-point tensor in its own type.
   *
   * @param name its name below this one
   * @param shape the shape it must have
   * @return the tensor, owned by these weights
   * @throws ModelException when it is missing or something else
   */
  public Tensor get(String name, long... shape) throws ModelException {
    Tensor mapped = mapped(name, shape);
    return home.uploads() ? home.scope.keep(home.context.upload(mapped)) : mapped;
  }

  /**
   * A floating-point tensor of the host, in its own type, for what a device needs little of.
   *
   * @param name its name below this one
   * @param shape the shape it must have
   * @return the tensor where the file is mapped
   * @throws ModelException when it is missing or something else
   */
  public Tensor mapped(String name, long... shape) throws ModelException {
    Tensor tensor = file.tensor(prefix + name, shape);
    if (tensor.dtype() == DType.I32 || tensor.dtype() == DType.U8) {
      throw new ModelException(
          "%s: tensor '%s' is %s; weights must be F32, F16 or BF16."
              .formatted(file.path(), prefix + name, tensor.dtype()));
    }
    return tensor;
  }

  /**
   * A floating-point tensor as F32.
   *
   * @param name its name below this one
   * @param shape the shape it must have
   * @return the copy, owned by these weights
   * @throws ModelException when it is missing or something else
   */
  public Tensor copy(String name, long... shape) throws ModelException {
    Tensor copy = tensor(DType.F32, shape);
    copy(copy, name, shape);
    return copy;
  }

  /**
   * Copies a floating-point tensor.
   *
   * @param target where to, of the same shape, owned by anybody on the device
   * @param name its name below this one
   * @param shape the shape it must have
   * @throws ModelException when it is missing or something else
   */
  public void copy(Tensor target, String name, long... shape) throws ModelException {
    copy(mapped(name, shape), UnaryOperator.identity(), target);
  }

  /**
   * A contiguous copy of a view of a tensor, in the type that products read: the file's, or {@link
   * #dtype} where that is narrower.
   *
   * @param view the view, such as axes in another order
   * @param name its name below this one
   * @param shape the shape it must have
   * @return the copy, owned by these weights
   * @throws ModelException when it is missing or something else
   */
  public Tensor turned(UnaryOperator<Tensor> view, String name, long... shape)
      throws ModelException {
    Tensor mapped = mapped(name, shape);
    Tensor copy = tensor(stored(mapped.dtype()), view.apply(mapped).shape());
    copy(mapped, view, copy);
    return copy;
  }

  private void copy(Tensor mapped, UnaryOperator<Tensor> view, Tensor target) {
    if (!home.uploads()) {
      home.context.kernels().copy(view.apply(mapped), target);
      return;
    }
    try (Tensor uploaded = home.context.upload(mapped)) {
      home.context.kernels().copy(view.apply(uploaded), target);
    }
  }

  private DType stored(DType own) {
    return home.uploads() && own == DType.F32 ? dtype() : own;
  }

  /**
   * A new tensor beside the weights.
   *
   * @param dtype the type of the elements
   * @param shape the sizes
   * @return the tensor, not cleared, owned by these weights
   */
  public Tensor tensor(DType dtype, long... shape) {
    return home.scope.tensor(dtype, shape);
  }

  /**
   * Numbers beside the weights.
   *
   * @param values the numbers
   * @return F32 [values], owned by these weights
   */
  public Tensor constant(float... values) {
    return home.scope.of(values, values.length);
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

  /**
   * A tensor that products read: in the file's type, or in {@link #dtype} where that is narrower.
   *
   * @param name its name below this one
   * @param shape the shape it must have
   * @return the tensor, owned by these weights
   * @throws ModelException when it is missing or something else
   */
  public Tensor product(String name, long... shape) throws ModelException {
    DType own = mapped(name, shape).dtype();
    return stored(own) == own ? get(name, shape) : turned(UnaryOperator.identity(), name, shape);
  }

  private Tensor matrix(String name, long outputs, long... inputs) throws ModelException {
    long[] shape = new long[inputs.length + 1];
    shape[0] = outputs;
    System.arraycopy(inputs, 0, shape, 1, inputs.length);
    Tensor matrix = product(name, shape);
    return inputs.length == 1
        ? matrix
        : matrix.view(outputs, Arrays.stream(inputs).reduce(1, (a, b) -> a * b));
  }

  /**
   * The repeated blocks of a part: there as a whole, or streamed, as the placement has it.
   *
   * @param <T> a block
   * @param count how many there are
   * @param opener makes one of them; called again and again where they are streamed
   * @return the blocks, closed with these weights
   * @throws ModelException when a tensor of one of them is missing or something else
   */
  public <T> Blocks<T> blocks(int count, Blocks.Opener<T> opener) throws ModelException {
    boolean streamed = home.uploads() && home.placement.streamed();
    Weights source = streamed ? checking() : this;
    List<T> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(opener.open(source, i));
    }
    if (!streamed) {
      return new ResidentBlocks<>(all);
    }
    return home.scope.keep(
        new StreamedBlocks<>(
            home.context,
            count,
            uploads ->
                new Weights(
                    file, prefix, new Home(uploads, uploads.scope(), home.placement, false)),
            opener));
  }

  /** Looks tensors up without uploading them. */
  private Weights checking() {
    return new Weights(file, prefix, new Home(home.context, home.scope, home.placement, true));
  }

  /** Frees what was uploaded or converted. */
  @Override
  public void close() {
    home.scope.close();
  }
}
