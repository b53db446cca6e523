#include "layout.h"

#include <algorithm>

#include "../common/elements.h"

namespace diorama {

ViewPair patch_views(const Tensor& x, int patch_t, int patch_h, int patch_w, bool channels_first,
                     const Tensor& patches) {
  const int64_t channels = x.shape[4];
  const int64_t counts[3] = {x.shape[1] / patch_t, x.shape[2] / patch_h, x.shape[3] / patch_w};
  const int64_t patch[3] = {patch_t, patch_h, patch_w};
  const int64_t volume = patch[0] * patch[1] * patch[2];
  ViewPair views;
  views.from = x;
  views.to = patches;
  views.from.rank = views.to.rank = 8;
  const auto axis = [&](int i, int64_t size, int64_t from_stride, int64_t to_stride) {
    views.from.shape[i] = views.to.shape[i] = size;
    views.from.strides[i] = from_stride;
    views.to.strides[i] = to_stride;
  };
  const int64_t features = channels * volume;
  int64_t stride = features * counts[0] * counts[1] * counts[2];
  axis(0, x.shape[0], x.strides[0], stride);
  for (int i = 0; i < 3; ++i) {
    stride = counts[i] > 0 ? stride / counts[i] : 0;
    axis(1 + i, counts[i], x.strides[1 + i] * patch[i], stride);
  }
  const int channel_axis = channels_first ? 4 : 7;
  const int patch_axis = channels_first ? 5 : 4;
  axis(channel_axis, channels, x.strides[4], channels_first ? volume : 1);
  stride = channels_first ? volume : features;
  for (int i = 0; i < 3; ++i) {
    stride /= patch[i];
    axis(patch_axis + i, patch[i], x.strides[1 + i], stride);
  }
  return views;
}

Tensor frame_view(const Tensor& video, int64_t from, int64_t count) {
  Tensor view = video;
  view.data = data<char>(video) + from * video.strides[1] * element_size(video.dtype);
  view.shape[1] = count;
  return view;
}

void update_carry(Context& context, const Tensor& x, const Tensor& carry,
                  void (*copy)(Context&, const Tensor&, const Tensor&)) {
  const int64_t kept = std::max<int64_t>(carry.shape[1] - x.shape[1], 0);
  const int64_t taken = carry.shape[1] - kept;
  for (int64_t p = 0; p < kept; ++p) {  // frame by frame: source and target may share frames
    copy(context, frame_view(carry, p + x.shape[1], 1), frame_view(carry, p, 1));
  }
  if (taken > 0) copy(context, frame_view(x, x.shape[1] - taken, taken), frame_view(carry, kept, taken));
}

}  // namespace diorama
