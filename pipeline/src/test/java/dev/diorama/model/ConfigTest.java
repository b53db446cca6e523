package dev.diorama.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigTest {

  private static Config config(String json) throws IOException {
    return Config.parse("config.json", json.getBytes(StandardCharsets.UTF_8));
  }

  private static void assertRefused(Callable<?> call, String... parts) {
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(call::call)
        .withMessageStartingWith("config.json")
        .satisfies(e -> List.of(parts).forEach(part -> assertThat(e).hasMessageContaining(part)));
  }

  @Test
  void shouldReadValues() throws IOException {
    Config config =
        config(
            """
            {"n": 3, "x": 0.5, "low": -Infinity, "nan": NaN, "list": [1, 2], "on": true,
             "flags": [true, false], "name": "gelu", "nothing": null, "inner": {"n": 4}}
            """);
    assertThat(config.size("n")).isEqualTo(3);
    assertThat(config.number("x")).isEqualTo(0.5);
    assertThat(config.number("low")).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(config.number("nan")).isNaN();
    assertThat(config.sizes("list", 2)).containsExactly(1, 2);
    assertThat(config.numbers("list", 0)).containsExactly(1, 2);
    assertThat(config.flag("on", false)).isTrue();
    assertThat(config.flag("off", true)).isTrue();
    assertThat(config.flags("flags")).containsExactly(true, false);
    assertThat(config.text("name")).isEqualTo("gelu");
    assertThat(config.optionalSize("nothing")).isEmpty();
    assertThat(config.has("nothing")).isFalse();
    assertThat(config.object("inner").size("n")).isEqualTo(4);
  }

  @Test
  void shouldNameFileAndKey() throws IOException {
    Config config =
        config(
            "{\"n\": 0, \"big\": 3e9, \"huge\": 3000000000, \"s\": \"3\", \"l\": [1], \"f\": 1}");
    assertRefused(() -> config.size("n"), "'n' is 0");
    assertRefused(() -> config.size("big"), "'big'");
    assertRefused(() -> config.size("huge"), "'huge' is 3000000000");
    assertRefused(() -> config.size("s"), "'s' is \"3\"");
    assertRefused(() -> config.size("gone"), "'gone' is missing");
    assertRefused(() -> config.sizes("l", 3), "'l'", "a list of 3");
    assertRefused(() -> config.flag("f", true), "'f' is 1", "true or false");
    assertRefused(() -> config.flags("l"), "'l'");
    assertRefused(() -> config.text("n"), "'n'", "text");
    assertRefused(() -> config.number("s"), "'s'", "a number");
    assertRefused(() -> config.object("l"), "'l'", "an object");
    assertRefused(() -> config.optionalText("n"), "'n'");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "[]", "3", "null", "{", "{\"a\":1,\"a\":2}", "{} {}", "{\"a\":01}", "{'a':1}"})
  void shouldRefuseWhatIsNoObject(String json) {
    assertRefused(() -> config(json));
  }

  @Test
  void shouldRefuseDeepNestingAndInvalidText() {
    assertRefused(() -> config("{\"a\":" + "[".repeat(100_000)));
    byte[] invalid = {'{', '"', (byte) 0xff, '"', ':', '1', '}'};
    assertRefused(() -> Config.parse("config.json", invalid));
  }
}
