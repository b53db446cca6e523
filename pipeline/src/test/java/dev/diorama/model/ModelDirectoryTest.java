package dev.diorama.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelDirectoryTest {

  private static final String SCHEDULER =
      "\"scheduler\":[\"diffusers\",\"UniPCMultistepScheduler\"]";

  @TempDir Path folder;

  private void index(String entries) throws IOException {
    Files.writeString(
        folder.resolve("model_index.json"),
        "{\"_class_name\":\"WanPipeline\",%s}".formatted(entries));
  }

  private void assertRefused(String... parts) {
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> ModelDirectory.open(folder))
        .withMessageContainingAll(parts);
  }

  @Test
  void shouldOpenAModel() throws IOException {
    Files.createDirectory(folder.resolve("scheduler"));
    index(SCHEDULER + ",\"transformer_2\":[null,null],\"boundary_ratio\":0.875");
    Files.writeString(
        folder.resolve("generation_config.json"), "{\"width\":64,\"guidance_scale\":2.5}");
    ModelDirectory model = ModelDirectory.open(folder);
    assertThat(model.has("scheduler")).isTrue();
    assertThat(model.has("transformer_2")).isFalse();
    assertThat(model.expandTimesteps()).isFalse();
    assertThat(model.boundaryRatio()).hasValue(0.875);
    assertThat(model.defaults().width()).hasValue(64);
    assertThat(model.defaults().guidance()).hasValue(2.5);
    assertThat(model.defaults().frames()).isEmpty();
    assertThat(model.component("scheduler").className()).isEqualTo("UniPCMultistepScheduler");
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> model.component("vae"))
        .withMessageContainingAll("model_index.json", "'vae' is missing");
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> model.component("scheduler").config())
        .withMessageContaining("config.json does not exist");
  }

  @Test
  void shouldRefuseWhatIsNoModel() throws IOException {
    assertRefused("holds no model_index.json");
    Files.writeString(folder.resolve("model_index.json"), "{\"_class_name\":\"FluxPipeline\"}");
    assertRefused("FluxPipeline", "WanPipeline");
    Files.writeString(folder.resolve("model_index.json"), "{}");
    assertRefused("'_class_name' is missing");
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> ModelDirectory.open(folder.resolve("gone")))
        .withMessageContaining("is not a folder");
  }

  @Test
  void shouldRefusePartsThatAreUnknownOrMissing() throws IOException {
    index(SCHEDULER);
    assertRefused("'scheduler' is named, but the folder");
    index("\"safety_checker\":[\"a\",\"B\"]");
    assertRefused("'safety_checker' is not a known part");
    index("\"transformer\":[\"diffusers\",\"FluxTransformer2DModel\"]");
    assertRefused("'transformer'", "FluxTransformer2DModel", "WanTransformer3DModel");
    index("\"transformer\":[\"diffusers\"]");
    assertRefused("'transformer' must be a list");
    index("\"../x\":[\"a\",\"b\"]");
    assertRefused("'../x' is not a known part");
  }
}
