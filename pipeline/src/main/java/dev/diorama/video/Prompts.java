package dev.diorama.video;

import dev.diorama.Scope;
import dev.diorama.Tensor;
import dev.diorama.model.text.PromptCleaner;
import dev.diorama.model.text.TextEncoder;
import dev.diorama.model.text.Tokenizer;
import dev.diorama.model.text.Tokens;
import java.io.IOException;

/** The prompts of a request, from text to states. */
final class Prompts {
  private final Parts parts;
  private final VideoRequest request;
  private final Run run;

  /** Begins what can go on while the encoder works. */
  @FunctionalInterface
  interface Ahead {
    void begin() throws IOException;
  }

  Prompts(Parts parts, VideoRequest request, Run run) {
    this.parts = parts;
    this.request = request;
    this.run = run;
  }

  /**
   * States of the prompt and, under guidance, of the negative prompt; the scope owns them. What is
   * longer than the model reads is cut off as diffusers does, and reported.
   *
   * @param ahead told when the encoder is loaded
   */
  Tensor[] encode(Scope scope, Ahead ahead) throws IOException {
    boolean guided = request.guidance() > 1;
    Tokens[] tokens = new Tokens[guided ? 2 : 1];
    try (Shared<Tokenizer>.Lease tokenizer = parts.model().tokenizer()) {
      tokens[0] = tokens(tokenizer.get(), "the prompt", request.prompt());
      if (guided) {
        tokens[1] = tokens(tokenizer.get(), "the negative prompt", request.negativePrompt());
      }
    }
    run.progress(Stage.TEXT, 0, tokens.length);
    Tensor[] states = new Tensor[tokens.length];
    try (Shared<Loaded<TextEncoder>>.Lease encoder = parts.textEncoder()) {
      ahead.begin();
      for (int i = 0; i < tokens.length; i++) {
        run.checkpoint();
        states[i] = scope.keep(encoder.get().part().encode(tokens[i]));
        run.progress(Stage.TEXT, i + 1, tokens.length);
      }
    }
    return states;
  }

  private Tokens tokens(Tokenizer tokenizer, String name, String text) {
    Tokens tokens = tokenizer.encode(PromptCleaner.clean(text), request.maxSequenceLength());
    if (tokens.dropped() > 0) {
      run.notice(
          "%s has %d tokens, and only the first %d are read"
              .formatted(name, tokens.length() + tokens.dropped(), tokens.length()));
    }
    return tokens;
  }
}
