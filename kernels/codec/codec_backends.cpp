#include "codec_cpu.h"
#include "codec_reference.h"
#include "conv3d.h"
#include "register.h"

namespace diorama {
namespace {

template <typename Real>
void add_codec(Operations& operations) {
  operations.conv3d = conv3d_plain<Real>;
  operations.carry_update = carry_update_plain;
  operations.channel_norm = channel_norm_plain<Real>;
  operations.channel_affine = channel_affine_plain<Real>;
  operations.avg_down = avg_down_plain<Real>;
  operations.dup_up = dup_up_plain<Real>;
  operations.patchify = patchify_plain;
  operations.unpatchify = unpatchify_plain;
  operations.to_rgb8 = to_rgb8_plain<Real>;
  operations.copy = copy_plain;
}

}  // namespace

void add_codec_reference(Operations& operations) { add_codec<double>(operations); }
void add_codec_plain(Operations& operations) { add_codec<float>(operations); }

}  // namespace diorama
