#pragma once

#include "drawing_cpu.h"

namespace diorama {

// Gradients with respect to what the Gaussians are in the picture, in the scratch memory of one operation.
struct PictureGradients {
  PictureGradients(Context& context, const CpuSplatFrame& frame, const ChannelSet& channels, int64_t tiles);

  int slot;          // floats of an intersection, and of a Gaussian: kMoments, then the channels
  float* by_list;    // [intersections, slot], where a tile's list was walked
  int64_t* ends;     // [tiles]: the end of that part of the list
  float* by_place;   // [places, slot], where touched
  uint8_t* touched;  // by place
};

// Fills by_list and ends.
void rasterize_backward(Context&, const DrawingView&, const GaussianArrays&, const CpuSplatFrame&,
                        const dio_splat_images& image_gradients, const ChannelSet&, PictureGradients&);
// Fills by_place and touched.
void collect_gradients(Context&, const DrawingView&, const CpuSplatFrame&, PictureGradients&);
void project_gaussians_backward(Context&, const DrawingView&, const GaussianArrays&, const CpuSplatFrame&,
                                const ChannelSet&, const PictureGradients&, bool accumulate,
                                const dio_splat_gradients&);

}  // namespace diorama
