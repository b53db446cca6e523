package dev.diorama.model.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.diorama.model.Component;
import dev.diorama.model.ModelException;
import java.io.IOException;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {

  /** Word pieces as T5's: '▁' stands before a word. */
  private static final String TOKENIZER =
      """
      {"version": "1.0", "truncation": null, "padding": null,
       "added_tokens": [
         {"id": 0, "content": "<pad>", "single_word": false, "lstrip": false, "rstrip": false,
          "normalized": false, "special": true},
         {"id": 1, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false,
          "normalized": false, "special": true}],
       "normalizer": null,
       "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"},
       "post_processor": {"type": "TemplateProcessing",
         "single": [{"Sequence": {"id": "A", "type_id": 0}},
                    {"SpecialToken": {"id": "</s>", "type_id": 0}}],
         "pair": [{"Sequence": {"id": "A", "type_id": 0}}],
         "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}}},
       "decoder": null,
       "model": {"type": "Unigram", "unk_id": 2, "byte_fallback": false,
         "vocab": [["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], ["▁", -2.0], ["▁red", -3.0],
                   ["▁ball", -3.0], ["s", -3.0]]}}
      """;

  @TempDir Path folder;

  private final List<URI> connections = new ArrayList<>();
  private ProxySelector before;

  @BeforeEach
  void watchConnections() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), TOKENIZER);
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"pad_token\": \"<pad>\"}");
    before = ProxySelector.getDefault();
    ProxySelector.setDefault(
        new ProxySelector() {
          @Override
          public List<Proxy> select(URI uri) {
            connections.add(uri);
            return List.of(Proxy.NO_PROXY);
          }

          @Override
          public void connectFailed(URI uri, SocketAddress address, IOException e) {}
        });
  }

  @AfterEach
  void stopWatching() {
    ProxySelector.setDefault(before);
  }

  private Component component() {
    return new Component("tokenizer", folder, "T5TokenizerFast");
  }

  @Test
  void shouldPadAndCutWithoutAskingTheNetwork() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.open(component())) {
      assertThat(tokenizer.encode("red balls", 6))
          .isEqualTo(new Tokens(new int[] {4, 5, 6, 1, 0, 0}, 4, 0));
      assertThat(tokenizer.encode("red balls", 4))
          .isEqualTo(new Tokens(new int[] {4, 5, 6, 1}, 4, 0));
      assertThat(tokenizer.encode("red balls", 3)).isEqualTo(new Tokens(new int[] {4, 5, 1}, 3, 1));
      assertThat(tokenizer.encode("", 2)).isEqualTo(new Tokens(new int[] {1, 0}, 1, 0));
      assertThat(tokenizer.encode("red </s> red", 3).ids()).endsWith(1);
      Tokens many = tokenizer.encode("red ".repeat(25_000), 8);
      assertThat(many.length()).isEqualTo(8);
      assertThat(many.dropped()).isGreaterThan(20_000);
      assertThatIllegalArgumentException().isThrownBy(() -> tokenizer.encode("red", 1));
    }
    assertThat(connections).isEmpty();
    assertThat(System.getProperty("ai.djl.offline")).isEqualTo("true");
    assertThat(System.getProperty("OPT_OUT_TRACKING")).isEqualTo("true");
  }

  @Test
  void shouldRefuseWhatIsNoTokenizer() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": 7}");
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> Tokenizer.open(component()))
        .withMessageContaining("tokenizer.json is not a tokenizer");
    Files.delete(folder.resolve("tokenizer.json"));
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> Tokenizer.open(component()))
        .withMessageContaining("tokenizer.json does not exist");
  }

  @Test
  void shouldRefuseAPaddingTokenThatIsUnknown() throws IOException {
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"pad_token\": \"<nothing>\"}");
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> Tokenizer.open(component()))
        .withMessageContaining("'<nothing>'");
  }
}
