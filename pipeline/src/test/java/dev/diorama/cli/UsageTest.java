package dev.diorama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is wrong is said in one sentence, before any work, and leaves nothing behind. */
class UsageTest {
  @TempDir private Path folder;

  @AfterEach
  void shouldLeaveNothing() throws Exception {
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          x                                  | unmatched argument
          video x                            | missing required option: '--output=file'
          video x -o a.avi                   | the output a.avi has no known format
          video x -o a                       | the output a has no known format
          video x y z -o a.mp4               | put the prompt in quotes; it came as 3 words
          video -o a.mp4                     | the prompt is empty
          video x -o a.mp4 --frames 16       | the number of frames must be 4n + 1, got 16
          video x -o a.mp4 --width 65        | the width must be a positive multiple of
          video x -o a.mp4 --height 0        | the height must be a positive multiple of
          video x -o a.mp4 --width 9x        | '9x' is not an int
          video x -o a.mp4 --steps 0         | steps must be
          video x -o a.mp4 --fps -3          | the frame rate must be
          video x -o a.mp4 --guidance NaN    | guidance must be
          video x -o a.mp4 --seed one        | 'one' is not a long
          video x -o a.mp4 --fit squeeze     | must be crop or stretch, got 'squeeze'
          video x -o a.mp4 --fit crop        | --fit is about the picture of --image
          video x -o a.mp4 --scale 0         | --scale must be from 1 to 64, got 0
          video x -o a.safetensors --scale 2 | safetensors hold the model's own frames
          video x -o a.mp4 --threads -1      | --threads must be at least 1, got -1
          video x -o a.mp4 --backend abacus  | abacus
          video x -o a.mp4 --precision f64   | --precision must be f32 or bf16, got 'f64'
          video x -o a.mp4 --max-vram -2     | --max-vram must be gigabytes above 0, got -2.0
          video x -o a.mp4 --backend cpu --max-vram 8 | the backend cpu reads weights where their file is mapped
          video x -o a.mp4 --what            | unknown option: '--what'
          video x -o a.mp4 --decode l        | --decode takes no prompt
          video -o a.mp4 --decode l --seed 1 | --seed has no meaning with --decode
          info x                             | unmatched argument
          """)
  void shouldRefuseWrongUsage(String command, String sentence) throws Exception {
    CommandRun run = CommandRun.of(folder, command.strip().split(" +"));
    assertOneSentence(run, 2);
    assertThat(run.err()).containsIgnoringCase(sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          video x -o nowhere/a.mp4                  | the folder FOLDER/nowhere does not exist
          video x -o a.mp4 --image none.png         | none.png: it does not exist
          video x -o a.mp4 --image /dev/null        | /dev/null: it is empty
          video x -o a.mp4 --model none             | none
          video x -o a.mp4 --backend cuda           | cuda
          video -o a.mp4 --decode none.safetensors  | none.safetensors
          """)
  void shouldSayWhatIsMissing(String command, String sentence) throws Exception {
    CommandRun run = CommandRun.of(folder, command.strip().split(" +"));
    assertOneSentence(run, 1);
    assertThat(run.err()).contains(sentence.replace("FOLDER", folder.toRealPath().toString()));
  }

  @Test
  void shouldRefusePromptsThatAreNone() throws Exception {
    assertOneSentence(CommandRun.of(folder, "video", " \t", "-o", "a.mp4"), 2);
    CommandRun endless = CommandRun.of(folder, "video", "x ".repeat(50_000), "-o", "a.mp4");
    assertOneSentence(endless, 2);
    assertThat(endless.err()).contains("100000 characters");
  }

  @Test
  void shouldKnowUtf8WhateverTheLocale() throws Exception {
    for (String locale : new String[] {"C", "C.UTF-8"}) {
      CommandRun broken = bash(locale, "video $'gr\\xfcn' -o a.mp4");
      assertOneSentence(broken, 2);
      assertThat(broken.err()).contains("the prompt is not valid UTF-8");
      CommandRun fine = bash(locale, "video $'gr\\xc3\\xbcn' -o $'\\xe7\\x90\\x83.avi'");
      assertOneSentence(fine, 2);
      assertThat(fine.err()).doesNotContain("UTF-8");
    }
  }

  private CommandRun bash(String locale, String arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("bash", "-c"));
    command.add("exec \"$@\" " + arguments);
    command.add("bash");
    command.addAll(CommandRun.java(true));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("LC_ALL", locale);
    Process process = builder.start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes());
    String err = new String(process.getErrorStream().readAllBytes());
    return new CommandRun(process.waitFor(), out, err);
  }

  @ParameterizedTest
  @ValueSource(strings = {"--help", "video --help", "info --help", "bench --help", "--version"})
  void shouldHelp(String command) throws Exception {
    CommandRun run = CommandRun.of(folder, command.split(" "));
    assertThat(run.code()).isZero();
    assertThat(run.out()).isNotBlank();
    assertThat(run.err()).isEmpty();
  }

  @Test
  void shouldNameTheModuleOfTheBenchmarks() throws Exception {
    CommandRun run = CommandRun.of(folder, "bench", "attention", "--compare", "old.json");
    assertOneSentence(run, 2);
    assertThat(run.err()).contains("dev.diorama:diorama-benchmarks");
  }

  @Test
  void shouldShowTheTraceOnlyWhenAsked() throws Exception {
    CommandRun run = CommandRun.of(folder, "video", "x", "-o", "nowhere/a.mp4", "--verbose");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("MediaException", "\tat dev.diorama");
  }

  @Test
  void shouldTellWhatThereIs() throws Exception {
    CommandRun run = CommandRun.of(folder, "info", "--json");
    assertThat(run.code()).as(run.err()).isZero();
    JsonNode info = new ObjectMapper().readTree(run.out());
    assertThat(info.path("jdk").asText()).startsWith("25");
    assertThat(info.path("video_files").asText()).contains("H264 by libopenh264", "VP9 by");
    assertThat(info.path("models").toString()).contains("nano");
    Map<String, Boolean> backends = new java.util.HashMap<>();
    for (JsonNode backend : info.path("backends")) {
      backends.put(backend.path("name").asText(), backend.path("available").asBoolean());
      assertThat(backend.path("description").asText()).isNotBlank();
    }
    assertThat(backends).containsEntry("cpu", true).containsEntry("reference", true);
    assertThat(backends).containsKey("cuda");
    assertThat(CommandRun.of(folder, "info").out()).contains("backends", "cpu", "cuda");
  }

  private static void assertOneSentence(CommandRun run, int code) {
    assertThat(run.code()).as(run.err()).isEqualTo(code);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).startsWith("diorama: ").doesNotContain("\tat ", "Exception");
    assertThat(run.err().lines().filter(line -> !line.startsWith("Try: "))).hasSize(1);
  }
}
