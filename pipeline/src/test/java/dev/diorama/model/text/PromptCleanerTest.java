package dev.diorama.model.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PromptCleanerTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Un château médiéval, \"été\" et voilà !",
        "Ein großer Bär läuft über die Straße – schön!",
        "¿qué? ¡sí! 25°C, 10€, ½ cup ± ¼",
        "Žluťoučký kůň úpěl ďábelské ódy",
        "Привет, мир! «да»",
        "日本語の文章、句読点。",
        "Việt Nam: một con mèo đẹp",
        "passé… CAFÉ® à 10£",
        "😀 emoji 👩‍👩‍👧 family ❤️"
      })
  void shouldLeaveGoodTextAlone(String text) {
    assertThat(PromptCleaner.clean(text)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ZaÅ¼Ã³Å‚Ä‡ gÄ™Å›lÄ… | Zażółć gęślą",
        "FranÃ§ois dâ€™Or | François d'Or",
        "ðŸ˜€ smile | 😀 smile",
        "&#128;&#x80;&#0;x | €€\ufffdx",
        "&notit; &EACUTE; &amp;lt; &#99999999999; | ¬it; É < \ufffd",
        "&#xd800; &#150; &#7; | \ufffd –"
      })
  void shouldRepair(String broken, String repaired) {
    assertThat(PromptCleaner.clean(broken)).isEqualTo(repaired);
  }

  @Test
  void shouldLeaveCharacterReferencesAloneFromTheFirstTagOn() {
    // The first pass repairs line by line; the two that follow resolve what it left.
    assertThat(PromptCleaner.clean("&EACUTE;\n<b>\n&EACUTE;")).isEqualTo("É <b> &EACUTE;");
  }

  @Test
  void shouldEndWithHalvesOfSurrogatePairs() {
    assertThat(PromptCleaner.clean("a\ud83db\ude00c")).isEqualTo("a\ufffdb\ufffdc");
  }

  @Test
  void shouldCleanLongPromptsQuickly() {
    String words = "a red ball ".repeat(10_000);
    assertThat(PromptCleaner.clean(words)).isEqualTo(words.strip());
    String ampersands = "&".repeat(100_000);
    assertThat(PromptCleaner.clean(ampersands)).isEqualTo(ampersands);
    String nested = "&" + "amp;".repeat(25_000);
    assertThat(PromptCleaner.clean(nested)).startsWith("&");
  }
}
