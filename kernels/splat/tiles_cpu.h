#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "drawing_cpu.h"

namespace diorama {

// Calls body(tile) for each tile in which a Gaussian's alpha may reach alpha_min, row by row. Counting,
// emitting and collecting gradients all go through here: they must meet the same tiles in the same order.
//
// A box of one row or one column of tiles is met everywhere (the ellipse touches the box's four sides). In a
// larger one every row of tiles gets its exact range: over a band of y the ellipse reaches farthest right
// where its own rightmost point is, or at the end of the band nearest to it.
template <typename Body>
inline void for_each_tile(const SplatRecord& g, const TileBox& box, int tiles_x, float log2_floor,
                          const Body& body) {
  if (box.x0 == box.x1 || box.y0 == box.y1) {
    for (int ty = box.y0; ty <= box.y1; ++ty) {
      for (int tx = box.x0; tx <= box.x1; ++tx) body(static_cast<int64_t>(ty) * tiles_x + tx);
    }
    return;
  }
  const float level = g.log2_opacity - log2_floor;
  const float square_y = g.root_y * g.root_y, inverse_root = 1 / g.root;
  const float rightmost =
      -g.skew * level / (square_y * g.reach_x);  // dy of that point; the leftmost's is -dy
  for (int ty = box.y0; ty <= box.y1; ++ty) {
    const float first = static_cast<float>(ty * kTile) + 0.5f - g.y;
    const float low = std::max(first, -g.reach_y), high = std::min(first + (kTile - 1), g.reach_y);
    const auto half = [&](float dy) {
      return std::sqrt(std::max(level - square_y * dy * dy, 0.0f)) * inverse_root;
    };
    const float right_y = std::min(std::max(rightmost, low), high);
    const float left_y = std::min(std::max(-rightmost, low), high);
    const float right = g.x - g.skew * right_y + half(right_y);
    const float left = g.x - g.skew * left_y - half(left_y);
    // In float first: what is far outside would not fit an int. The first pixel whose centre is at or behind
    // `left` and the last at or before `right`, both not negative.
    const float x0 = std::max(left - 0.5f, static_cast<float>(box.x0 * kTile));
    const float x1 = std::min(right - 0.5f, static_cast<float>(box.x1 * kTile + kTile - 1));
    if (!(x1 >= 0)) continue;
    const int floor0 = static_cast<int>(x0), last = static_cast<int>(x1);
    const int begin = floor0 + (static_cast<float>(floor0) < x0);
    if (begin > last) continue;
    const int tx1 = last / kTile;
    for (int tx = begin / kTile; tx <= tx1; ++tx) {
      body(static_cast<int64_t>(ty) * tiles_x + tx);
    }
  }
}

// Front to back over the visible Gaussians [begin, end) of the frame's order: body(place, record, box). The
// records of those to come are fetched ahead: their places are scattered.
template <typename Body>
inline void for_each_in_order(const CpuSplatFrame& frame, int64_t begin, int64_t end, const Body& body) {
  constexpr int64_t kAhead = 12;
  const int32_t* order = frame.order.data();
  const SplatRecord* records = frame.records.data();
  const TileBox* boxes = frame.boxes.data();
  for (int64_t i = begin; i < end; ++i) {
    if (i + kAhead < end) {
      __builtin_prefetch(boxes + order[i + kAhead]);
      prefetch(records + order[i + kAhead]);
    }
    const int32_t place = order[i];
    body(place, records[place], boxes[place]);
  }
}

}  // namespace diorama
