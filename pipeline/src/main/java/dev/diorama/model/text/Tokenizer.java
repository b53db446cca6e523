package dev.diorama.model.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.diorama.model.Component;
import dev.diorama.model.Config;
import dev.diorama.model.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A model's own tokenizer, read from its {@code tokenizer.json}. Nothing is downloaded. Safe from
 * many threads.
 */
public final class Tokenizer implements AutoCloseable {

  private final HuggingFaceTokenizer tokenizer;
  private final int padding;
  private final int endMarks;

  private Tokenizer(HuggingFaceTokenizer tokenizer, int padding) {
    this.tokenizer = tokenizer;
    this.padding = padding;
    this.endMarks = tokenizer.encode("", true, false).getIds().length;
  }

  /**
   * Opens a tokenizer.
   *
   * @param component the folder with its {@code tokenizer.json} and {@code tokenizer_config.json}
   * @return the tokenizer
   * @throws ModelException when a file is missing or not a tokenizer's
   * @throws IOException when a file cannot be read
   */
  public static Tokenizer open(Component component) throws IOException {
    Path file = component.folder().resolve("tokenizer.json");
    if (!Files.isRegularFile(file)) {
      throw new ModelException("%s does not exist or is not a file.".formatted(file));
    }
    Config config = Config.read(component.folder().resolve("tokenizer_config.json"));
    String pad = config.optionalText("pad_token").orElse("<pad>");
    HuggingFaceTokenizer tokenizer = load(file);
    long[] ids = tokenizer.encode(pad, false, false).getIds();
    if (ids.length != 1) {
      tokenizer.close();
      throw new ModelException(
          "%s: the padding token '%s' is not in the vocabulary.".formatted(config.file(), pad));
    }
    return new Tokenizer(tokenizer, (int) ids[0]);
  }

  private static HuggingFaceTokenizer load(Path file) throws IOException {
    Offline.require();
    try {
      return HuggingFaceTokenizer.builder()
          .optTokenizerPath(file)
          .optPadding(false)
          .optTruncation(false)
          .build();
    } catch (RuntimeException e) {
      throw new ModelException("%s is not a tokenizer: %s.".formatted(file, e.getMessage()), e);
    }
  }

  /**
   * Settings that keep the library from asking the network; read when its classes are first used.
   */
  private static final class Offline {

    static {
      System.setProperty("OPT_OUT_TRACKING", "true");
      System.setProperty("RUST_FLAVOR", "cpu");
      System.setProperty("ai.djl.offline", "true");
    }

    static void require() {}
  }

  /**
   * Turns a cleaned prompt into tokens. What does not fit is cut off before the end mark.
   *
   * @param prompt the prompt
   * @param length how many tokens there will be, padding included
   * @return the tokens
   */
  public Tokens encode(String prompt, int length) {
    if (length <= endMarks) {
      throw new IllegalArgumentException(
          "%d tokens are too few: the end mark alone takes %d.".formatted(length, endMarks));
    }
    long[] all = tokenizer.encode(prompt, true, false).getIds();
    int used = Math.min(all.length, length);
    int[] ids = new int[length];
    Arrays.fill(ids, used, length, padding);
    for (int i = 0; i < used; i++) {
      int from = i < used - endMarks ? i : all.length - used + i;
      ids[i] = Math.toIntExact(all[from]);
    }
    return new Tokens(ids, used, all.length - used);
  }

  /** Frees the tokenizer. */
  @Override
  public void close() {
    tokenizer.close();
  }
}
