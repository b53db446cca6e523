// Embedding look-up with threads: a row of the table at a time, copied or converted. The relative bias is
// made once for a prompt and stays with its plain loops.
#include "text_cpu.h"

#include <cstring>

#include "../common/convert.h"
#include "../common/parallel.h"

namespace diorama {

void embedding_cpu(Context& context, const Tensor& table, const Tensor& ids, const Tensor& out) {
  constexpr int64_t kElementsPerThread = 16384;
  const int64_t channels = table.shape[1];
  const int64_t from_size = element_size(table.dtype), to_size = element_size(out.dtype);
  parallel_ranges(context.threads(), ids.shape[0], kElementsPerThread / (channels + 1) + 1,
                  [&](int64_t begin, int64_t end, int) {
                    for (int64_t n = begin; n < end; ++n) {
                      const int64_t id = data<int32_t>(ids)[n * ids.strides[0]];
                      const char* from = data<char>(table) + id * table.strides[0] * from_size;
                      char* to = data<char>(out) + n * out.strides[0] * to_size;
                      if (table.dtype == out.dtype) {
                        std::memcpy(to, from, static_cast<std::size_t>(channels * to_size));
                      } else {
                        convert_floats(from, table.dtype, to, out.dtype, channels);
                      }
                    }
                  });
}

}  // namespace diorama
