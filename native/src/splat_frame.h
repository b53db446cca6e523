#pragma once

#include "context.h"
#include "diorama.h"

namespace diorama {

// What a rendering keeps for its backward pass. Every backend derives its own; the checks at the door need
// only what is here.
class SplatFrame {
 public:
  virtual ~SplatFrame() = default;
  // Brings `stats` up to date, where a backend keeps them elsewhere; the context has finished its work.
  virtual void update_stats() {}

  dio_splat_stats stats{};
  // Of the last rendering; meaningful when rendered.
  bool rendered = false;
  dio_splat_camera camera{};
  dio_splat_settings settings{};
  int64_t gaussians = 0;
  int64_t sh_coefficients = 0;
  int64_t feature_channels = 0;
};

}  // namespace diorama
