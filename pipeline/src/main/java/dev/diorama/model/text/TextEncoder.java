package dev.diorama.model.text;

import dev.diorama.Context;
import dev.diorama.Tensor;
import dev.diorama.model.Component;
import dev.diorama.model.ModelException;
import dev.diorama.model.Weights;
import java.io.IOException;

/** Turns tokens into the states that a video model attends to. Used by one thread at a time. */
public interface TextEncoder extends AutoCloseable {

  /**
   * Opens the encoder that a component's class names.
   *
   * @param context where it runs; must stay open longer
   * @param component the folder with its {@code config.json}
   * @param weights its weights; must stay open longer
   * @return the encoder
   * @throws ModelException when the configuration or a weight is missing or wrong
   * @throws IOException when the configuration cannot be read
   */
  static TextEncoder open(Context context, Component component, Weights weights)
      throws IOException {
    return Umt5Encoder.open(context, component, weights);
  }

  /**
   * Encodes a prompt.
   *
   * @param tokens the prompt
   * @return its states [1, tokens with padding, width], F32, zero where the padding is; the caller
   *     closes them
   */
  Tensor encode(Tokens tokens);

  /** Frees what the encoder holds. */
  @Override
  void close();
}
