package dev.diorama.model.wan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.diorama.model.ModelException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WanConfigTest {

  @Test
  void shouldReadSizes() throws Exception {
    WanConfig config = WanConfigs.with("\"out_channels\":null");
    assertThat(config.width()).isEqualTo(24);
    assertThat(config.outChannels()).isEqualTo(4);
    assertThat(config.patchVolume()).isEqualTo(4);
    assertThat(config.imageWidth()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'\"_class_name\":\"FluxTransformer2DModel\"' | '_class_name'",
        "'\"qk_norm\":\"layer_norm\"' | 'qk_norm'",
        "'\"patch_size\":[1,2]' | 'patch_size'",
        "'\"patch_size\":[1,2,100000]' | 'patch_size'",
        "'\"num_layers\":0' | 'num_layers'",
        "'\"num_layers\":null' | 'num_layers'",
        "'\"attention_head_dim\":13' | 'attention_head_dim'",
        "'\"num_attention_heads\":2000000000' | 'attention_head_dim'",
        "'\"freq_dim\":7' | 'freq_dim'",
        "'\"image_dim\":8' | 'added_kv_proj_dim'",
        "'\"image_dim\":8,\"added_kv_proj_dim\":23' | 'added_kv_proj_dim'"
      })
  void shouldNameTheKeyThatIsWrong(String changes, String key) {
    assertThatExceptionOfType(ModelException.class)
        .isThrownBy(() -> WanConfigs.with(changes))
        .withMessageContainingAll("config.json", key);
  }
}
