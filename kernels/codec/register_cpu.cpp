#include "codec_cpu.h"
#include "conv3d.h"
#include "register.h"

namespace diorama {

void add_codec_cpu(Operations& operations) {
  operations.conv3d = conv3d_cpu;
  operations.carry_update = carry_update_cpu;
  operations.channel_norm = channel_norm_cpu;
  operations.channel_affine = channel_affine_cpu;
  operations.avg_down = avg_down_cpu;
  operations.dup_up = dup_up_cpu;
  operations.patchify = patchify_cpu;
  operations.unpatchify = unpatchify_cpu;
  operations.to_rgb8 = to_rgb8_cpu;
  operations.copy = copy_cpu;
}

}  // namespace diorama
