package dev.diorama.model.wan;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.diorama.model.Config;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Configurations for tests. */
final class WanConfigs {

  private static final String SMALL =
      """
      {"_class_name": "WanTransformer3DModel", "patch_size": [1, 2, 2], "num_attention_heads": 2,
       "attention_head_dim": 12, "in_channels": 4, "out_channels": 4, "text_dim": 10, "freq_dim": 8,
       "ffn_dim": 20, "num_layers": 2, "cross_attn_norm": true, "qk_norm": "rms_norm_across_heads",
       "eps": 1e-6, "image_dim": null, "added_kv_proj_dim": null, "rope_max_seq_len": 16}
      """;

  private WanConfigs() {}

  /** A small model, with some values changed: {@code "num_layers": 3}. */
  static WanConfig with(String changes) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode values = (ObjectNode) mapper.readTree(SMALL);
    values.setAll((ObjectNode) mapper.readTree("{" + changes + "}"));
    byte[] json = values.toString().getBytes(StandardCharsets.UTF_8);
    return WanConfig.of(Config.parse("config.json", json));
  }
}
