// The backward pass on a device, to gradients or to a step of training.
#include "backward_cuda.h"

#include "cuda/cuda_context.h"
#include "parts_cuda.h"

namespace diorama {
namespace cuda {
namespace {

// What both need: the frame's rendering played back.
struct PlayedBack {
  GaussianArrays inputs;
  DrawingView view;
  ChannelSet channels;
  PairGradients pairs;

  PlayedBack(Context& context, CudaSplatFrame& frame, const dio_splat_gaussians& gaussians,
             const dio_splat_images& image_gradients)
      : inputs(gaussians),
        view(frame.camera, frame.settings, inputs.coefficients, kDeviceTile),
        channels(image_gradients, inputs.feature_channels) {
    frame.mark(kBackward);
    if (channels.normals && !frame.has_normals) add_normals(context, frame);
    pairs.slots = kMoments + channels.count;
    pairs.values = context.scratch_array<float>(static_cast<std::size_t>(frame.intersections * pairs.slots));
    rasterize_backward(context, view, inputs, frame, image_gradients, channels, pairs);
    frame.mark(kPlayedBack);
  }

 private:
  // Projects again: everything else comes out as it was, its counts too.
  void add_normals(Context& context, CudaSplatFrame& frame) {
    check_cuda(cudaMemsetAsync(frame.totals.data(), 0, kEvaluations * sizeof(*frame.totals.data()),
                               on_cuda(context).cuda_stream()),
               "splat_backward");
    project_gaussians(context, view, inputs, true, frame);
  }
};

void splat_backward(Context& context, SplatFrame& base, const dio_splat_gaussians& gaussians,
                    const dio_splat_images& image_gradients, bool accumulate,
                    const dio_splat_gradients& gradients) {
  refuse_while_recording(context, "splat_backward");
  auto& frame = static_cast<CudaSplatFrame&>(base);
  const PlayedBack played(context, frame, gaussians, image_gradients);
  project_gaussians_backward(context, played.view, played.inputs, frame, played.channels, played.pairs,
                             accumulate, gradients);
  frame.mark(kDone);
}

void splat_backward_step(Context& context, SplatFrame& base, const dio_splat_images& image_gradients,
                         const dio_splat_step& step, const dio_splat_parameters& x,
                         const dio_splat_parameters& m, const dio_splat_parameters& v,
                         const Tensor* means2d) {
  refuse_while_recording(context, "splat_backward_step");
  auto& frame = static_cast<CudaSplatFrame&>(base);
  const dio_splat_gaussians gaussians = {x.means, x.quats, x.log_scales, x.logit_opacities, x.sh, nullptr};
  const PlayedBack played(context, frame, gaussians, image_gradients);
  project_gaussians_learn(context, played.view, played.inputs, frame, played.channels, played.pairs, step, x,
                          m, v, means2d);
  frame.mark(kDone);
}

}  // namespace
}  // namespace cuda

void add_splat_backward_cuda(Operations& operations) {
  operations.splat_backward = cuda::splat_backward;
  operations.splat_backward_step = cuda::splat_backward_step;
}

}  // namespace diorama
