// Copies, patches and carried frames, element by element.
#include <cstring>

#include "codec_reference.h"
#include "layout.h"

namespace diorama {

void copy_plain(Context&, const Tensor& x, const Tensor& out) {
  const int64_t size = element_size(x.dtype);
  for_each_index(x, [&](const int64_t* index) {
    const int64_t from = offset_at(x, index), to = offset_at(out, index);
    if (x.dtype == out.dtype) {
      std::memcpy(data<char>(out) + to * size, data<char>(x) + from * size, static_cast<std::size_t>(size));
    } else {
      store_float(out.data, out.dtype, to, load_float(x.data, x.dtype, from));
    }
  });
}

void carry_update_plain(Context& context, const Tensor& x, const Tensor& carry) {
  update_carry(context, x, carry, copy_plain);
}

void patchify_plain(Context&, const Tensor& x, int patch_t, int patch_h, int patch_w, bool channels_first,
                    const Tensor& out) {
  const int64_t channels = x.shape[4];
  int64_t next = 0;
  for (int64_t b = 0; b < x.shape[0]; ++b) {
    for (int64_t t = 0; t < x.shape[1]; t += patch_t) {
      for (int64_t y = 0; y < x.shape[2]; y += patch_h) {
        for (int64_t z = 0; z < x.shape[3]; z += patch_w) {
          const int64_t volume = int64_t{patch_t} * patch_h * patch_w;
          for (int64_t feature = 0; feature < channels * volume; ++feature) {
            const int64_t c = channels_first ? feature / volume : feature % channels;
            const int64_t inside = channels_first ? feature % volume : feature / channels;
            const int64_t index[] = {b, t + inside / (patch_h * patch_w), y + inside / patch_w % patch_h,
                                     z + inside % patch_w, c};
            store_float(out.data, out.dtype, next++, load_float(x.data, x.dtype, offset_at(x, index)));
          }
        }
      }
    }
  }
}

void unpatchify_plain(Context&, const Tensor& x, int patch_t, int patch_h, int patch_w, bool channels_first,
                      const Tensor& out) {
  const int64_t volume = int64_t{patch_t} * patch_h * patch_w;
  for_each_index(out, [&](const int64_t* o) {
    const int64_t token =
        ((o[0] * (out.shape[1] / patch_t) + o[1] / patch_t) * (out.shape[2] / patch_h) + o[2] / patch_h) *
            (out.shape[3] / patch_w) +
        o[3] / patch_w;
    const int64_t inside = (o[1] % patch_t * patch_h + o[2] % patch_h) * patch_w + o[3] % patch_w;
    const int64_t feature = channels_first ? o[4] * volume + inside : inside * out.shape[4] + o[4];
    store_float(out.data, out.dtype, offset_at(out, o),
                load_float(x.data, x.dtype, token * out.shape[4] * volume + feature));
  });
}

}  // namespace diorama
