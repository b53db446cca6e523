package dev.diorama.video;

import dev.diorama.Context;
import dev.diorama.DType;
import dev.diorama.Kernels;
import dev.diorama.Scope;
import dev.diorama.Tensor;
import dev.diorama.model.wan.WanCondition;
import dev.diorama.model.wan.WanTransformer;
import dev.diorama.video.scheduler.Scheduler;
import java.io.IOException;
import java.util.Arrays;

/**
 * The denoising loop of the Wan pipelines: the expert for a step's noise level predicts with the
 * prompt and, under guidance, with the negative prompt; the sampler moves the latents.
 */
final class Denoiser {

  private static final String FIRST = "transformer";
  private static final String SECOND = "transformer_2";

  /**
   * What the transformer is asked with.
   *
   * @param prompt states of the prompt
   * @param negative states of the negative prompt, or null without guidance
   * @param image states of the picture, or null
   */
  record States(Tensor prompt, Tensor negative, Tensor image) {}

  private final Context context;
  private final ModelTraits model;
  private final VideoRequest request;
  private final Scheduler scheduler;
  private final Run run;

  Denoiser(Context context, ModelTraits model, VideoRequest request, Scheduler scheduler, Run run) {
    this.context = context;
    this.model = model;
    this.request = request;
    this.scheduler = scheduler;
    this.run = run;
  }

  /** Turns the noise in the conditioning's latents into a video's latents. */
  void denoise(Parts parts, Conditioning conditioning, States states) throws IOException {
    int steps = scheduler.steps();
    run.progress(Stage.DENOISE, 0, steps);
    try (Scope scope = context.scope()) {
      Sampler sampler = new Sampler(scheduler, conditioning.latents(), scope);
      int step = 0;
      while (step < steps) {
        int end = step;
        String name = expert(model, scheduler, step);
        while (end < steps && expert(model, scheduler, end).equals(name)) {
          end++;
        }
        try (var expert = parts.transformer(name);
            Asked asked = new Asked(expert.get().part(), states)) {
          if (end < steps) {
            parts.prepareTransformer(expert(model, scheduler, end));
          } else {
            parts.prepareCodec();
          }
          for (; step < end; step++) {
            run.checkpoint();
            step(asked, sampler, conditioning, step, name.equals(FIRST));
            context.synchronize();
            run.afterStep(step, conditioning.latents());
            run.progress(Stage.DENOISE, step + 1, steps);
          }
        }
      }
    }
    fixFirstFrame(conditioning, conditioning.latents());
  }

  /** The name of the expert for a step: the first one's steps are those of much noise. */
  static String expert(ModelTraits model, Scheduler scheduler, int step) {
    boolean first =
        model.boundary().isEmpty()
            || scheduler.timestep(step)
                >= model.boundary().getAsDouble() * scheduler.trainTimesteps();
    return first ? FIRST : SECOND;
  }

  private void step(
      Asked asked, Sampler sampler, Conditioning conditioning, int step, boolean high) {
    Kernels kernels = context.kernels();
    Tensor input = conditioning.input();
    if (conditioning.firstFrame() != null) {
      kernels.copy(conditioning.latents(), input);
      fixFirstFrame(conditioning, input);
    }
    float[] timesteps = timesteps(step, input, conditioning.firstFrame() != null);
    asked.transformer.predict(input, timesteps, asked.prompt, asked.prediction, run::checkpoint);
    if (asked.negative == null) {
      sampler.step(kernels, step, asked.prediction);
      return;
    }
    asked.transformer.predict(
        input, timesteps, asked.negative, asked.negativePrediction, run::checkpoint);
    boolean second = !high && request.guidance2() != null;
    double guidance = second ? request.guidance2() : request.guidance();
    sampler.step(kernels, step, asked.prediction, asked.negativePrediction, guidance);
  }

  private void fixFirstFrame(Conditioning conditioning, Tensor video) {
    if (conditioning.firstFrame() != null) {
      context.kernels().copy(conditioning.firstFrame(), video.slice(1, 0, 1));
    }
  }

  /** One timestep for all, or one a token where the first frame is clean. */
  private float[] timesteps(int step, Tensor input, boolean cleanFirstFrame) {
    float timestep = scheduler.timestep(step);
    if (!cleanFirstFrame) {
      return new float[] {timestep};
    }
    long perFrame = input.size(2) / model.patchHeight() * (input.size(3) / model.patchWidth());
    float[] timesteps = new float[(int) (perFrame * (input.size(1) / model.patchFrames()))];
    Arrays.fill(timesteps, (int) perFrame, timesteps.length, timestep);
    return timesteps;
  }

  /** An expert with the prompts prepared for it. */
  private final class Asked implements AutoCloseable {
    private final WanTransformer transformer;
    private final Scope scope = context.scope();
    private final WanCondition prompt;
    private final WanCondition negative;
    private final Tensor prediction;
    private final Tensor negativePrediction;

    /** The prompts are closed first: what was recorded with them holds the predictions open. */
    Asked(WanTransformer transformer, States states) {
      this.transformer = transformer;
      boolean done = false;
      try {
        boolean guided = states.negative != null;
        prediction = output();
        negativePrediction = guided ? output() : null;
        prompt = scope.keep(transformer.condition(states.prompt, states.image));
        negative = guided ? scope.keep(transformer.condition(states.negative, states.image)) : null;
        done = true;
      } finally {
        if (!done) {
          scope.close();
        }
      }
    }

    private Tensor output() {
      return scope.tensor(DType.F32, latentsShape());
    }

    @Override
    public void close() {
      scope.close();
    }
  }

  private long[] latentsShape() {
    return model.latentsShape(request);
  }
}
