package dev.diorama.model.vae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diorama.model.Config;
import dev.diorama.model.ModelException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VaeConfigTest {
  private static final String STATISTICS =
      "\"z_dim\":2,\"latents_mean\":[0,0.5],\"latents_std\":[1,2]";

  private static VaeConfig read(String values) throws IOException {
    byte[] json = ("{" + values + "}").getBytes(StandardCharsets.UTF_8);
    return VaeConfig.read(Config.parse("vae/config.json", json));
  }

  @Test
  void shouldFillInWan21() throws IOException {
    VaeConfig config = read(STATISTICS);
    assertThat(config.baseDim()).isEqualTo(96);
    assertThat(config.decoderBaseDim()).isEqualTo(96);
    assertThat(config.dimMult()).containsExactly(1, 2, 4, 4);
    assertThat(config.spatialStride()).isEqualTo(8);
    assertThat(config.temporalStride()).isEqualTo(4);
    assertThat(config.pixelChannels()).isEqualTo(3);
    assertThat(config.residual()).isFalse();
  }

  @Test
  void shouldCountPatchesIntoTheStride() throws IOException {
    VaeConfig config =
        read(STATISTICS + ",\"patch_size\":2,\"in_channels\":12,\"out_channels\":12");
    assertThat(config.spatialStride()).isEqualTo(16);
    assertThat(config.pixelChannels()).isEqualTo(12);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"base_dim\":0",
        "\"base_dim\":1000000000",
        "\"base_dim\":\"96\"",
        "\"dim_mult\":[]",
        "\"dim_mult\":[1,2,4,1000000]",
        "\"dim_mult\":[1,1,1,1,1,1,1,1,1]",
        "\"temperal_downsample\":[true]",
        "\"temperal_downsample\":[1,0,1]",
        "\"num_res_blocks\":100000",
        "\"in_channels\":4",
        "\"out_channels\":12",
        "\"patch_size\":-2",
        "\"scale_factor_spatial\":16",
        "\"scale_factor_temporal\":8",
        "\"is_residual\":\"yes\""
      })
  void shouldRefuseWhatDoesNotFit(String value) {
    assertThatThrownBy(() -> read(STATISTICS + "," + value))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("vae/config.json")
        .hasMessageContaining(value.substring(1, value.indexOf(':') - 1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"z_dim\":2,\"latents_mean\":[0],\"latents_std\":[1,1]",
        "\"z_dim\":2,\"latents_mean\":[0,0],\"latents_std\":[1,0]",
        "\"z_dim\":2,\"latents_mean\":[0,NaN],\"latents_std\":[1,1]",
        "\"z_dim\":2"
      })
  void shouldRefuseStatisticsThatDoNotFit(String values) {
    assertThatThrownBy(() -> read(values))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("latents_");
  }
}
