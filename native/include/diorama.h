/* Diorama's C ABI: hand-written kernels for video diffusion and Gaussian splats behind one narrow waist.
 *
 * Plain C11, opaque handles. Every function returns a dio_status; on failure dio_last_error() holds, for the
 * calling thread, one sentence that says which argument is wrong, what it was and what would be right. No C++
 * exception, no exit and no output to stdout crosses this boundary.
 *
 * Conventions
 *  - Shapes are written [outer, ..., inner]; strides count elements, may be zero (broadcast) or negative
 * (inputs only).
 *  - "f" means one of f32, bf16, f16. Accumulation is f32 on `cpu` and f64 on `reference`.
 *  - A context owns a stream, a memory pool and a thread count. It is used by one thread at a time (a second
 * one gets DIO_STATUS_BUSY); any number of contexts work side by side. On a GPU calls return before the work
 * is done.
 *  - Outputs must not overlap inputs unless an operation says "may be in place".
 *  - Optional arguments are NULL when absent.
 */
#ifndef DIORAMA_H
#define DIORAMA_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define DIO_API __declspec(dllexport)
#else
#define DIO_API __attribute__((visibility("default")))
#endif

/* Any int may arrive where an enum is expected, and is refused; C++ must know that it may. */
#ifdef __cplusplus
#define DIO_ANY_INT : int
#else
#define DIO_ANY_INT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever a signature, a struct or the meaning of an argument changes. */
#define DIO_ABI_VERSION 4
#define DIO_MAX_RANK 8

typedef enum dio_status DIO_ANY_INT {
  DIO_STATUS_OK = 0,
  DIO_STATUS_INVALID_ARGUMENT = 1, /* a descriptor or parameter is wrong */
  DIO_STATUS_UNSUPPORTED = 2,      /* right, but this backend does not do it */
  DIO_STATUS_OUT_OF_MEMORY = 3,
  DIO_STATUS_UNAVAILABLE = 4, /* backend, driver or library is absent */
  DIO_STATUS_BUSY = 5,        /* the context is in use by another thread */
  DIO_STATUS_INTERNAL = 6     /* a fault of ours */
} dio_status;

typedef enum dio_dtype DIO_ANY_INT {
  DIO_F32 = 0,
  DIO_F16 = 1,
  DIO_BF16 = 2,
  DIO_I32 = 3,
  DIO_U8 = 4
} dio_dtype;

typedef enum dio_activation_kind DIO_ANY_INT {
  DIO_ACTIVATION_NONE = 0,
  DIO_ACTIVATION_GELU_TANH = 1, /* 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
  DIO_ACTIVATION_GELU_ERF = 2,  /* 0.5 x (1 + erf(x / sqrt(2))) */
  DIO_ACTIVATION_SILU = 3,      /* x / (1 + exp(-x)) */
  DIO_ACTIVATION_QUICK_GELU = 4 /* x / (1 + exp(-1.702 x)) */
} dio_activation_kind;

typedef enum dio_padding_mode DIO_ANY_INT {
  DIO_PADDING_ZERO = 0,
  DIO_PADDING_REPLICATE = 1 /* the nearest pixel of the border */
} dio_padding_mode;

typedef enum dio_copy_direction DIO_ANY_INT {
  DIO_COPY_HOST_TO_DEVICE = 0,
  DIO_COPY_DEVICE_TO_HOST = 1,
  DIO_COPY_DEVICE_TO_DEVICE = 2
} dio_copy_direction;

/* A strided view of memory that somebody else owns. data points at element [0, ..., 0]. */
typedef struct dio_tensor {
  void* data;
  int32_t dtype; /* dio_dtype */
  int32_t rank;  /* 1 to DIO_MAX_RANK */
  int64_t shape[DIO_MAX_RANK];
  int64_t strides[DIO_MAX_RANK];
} dio_tensor;

typedef struct dio_context dio_context;
typedef struct dio_generator dio_generator;

/* ---- library
 * ---------------------------------------------------------------------------------------------------- */

DIO_API uint32_t dio_abi_version(void);
/* "0.1.0" */
DIO_API const char* dio_version(void);
/* The last failure of this thread, or "" when there was none. Valid until the thread's next failing call. */
DIO_API const char* dio_last_error(void);

typedef struct dio_backend_info {
  const char* name;        /* "reference", "plain", "cpu", "simt", "cuda" */
  int32_t available;       /* 1 when contexts can be made */
  int32_t device_count;    /* 0 when not available */
  const char* description; /* the processor and instruction set in use, or the card */
  const char* reason;      /* "" when available, else one sentence: what is missing and how to get it */
} dio_backend_info;

DIO_API int32_t dio_backend_count(void);
/* index in [0, dio_backend_count()). The strings live as long as the library. */
DIO_API dio_status dio_backend_describe(int32_t index, dio_backend_info* info);
/* Sets *supported to 1 when the backend has the operation ("attention", "conv3d", ...) for inputs of that
 * dtype. */
DIO_API dio_status dio_backend_supports(const char* backend, const char* operation, int32_t dtype,
                                        int32_t* supported);

/* ---- contexts and memory
 * ---------------------------------------------------------------------------------------- */

/* backend: "auto" (cuda where present, else cpu), "reference", "plain", "cpu", "cuda", "cuda:1", and "simt":
 * the CUDA kernels' own source run on the host, for tests (slow; its memory is out of the host's reach, as a
 * device's is). On cuda and simt the values of ids, indices and lengths are not looked at before a call:
 * those out of range are brought to the nearest end of it. threads: host threads the kernels may use; 0 means
 * one per available core. */
DIO_API dio_status dio_context_create(const char* backend, int32_t threads, dio_context** context);
/* Frees the context and every block still allocated from it. NULL is allowed. */
DIO_API dio_status dio_context_destroy(dio_context* context);
/* Waits for all work that was started on the context. */
DIO_API dio_status dio_context_synchronize(dio_context* context);
/* The native stream (a CUstream on cuda, NULL on the CPU backends). */
DIO_API dio_status dio_context_stream(dio_context* context, void** stream);
/* From now on work goes to a stream of the caller's (a CUstream of the context's device), which must outlive
 * the context; what was started before is waited for. NULL goes back to the context's own. Backend cuda
 * alone. */
DIO_API dio_status dio_context_use_stream(dio_context* context, void* stream);

/* Whether dio_linear may round f32 operands to tf32 (10 bits of mantissa instead of 23) for the tensor cores:
 * several times as fast, relative errors near 3e-4. 0, the default, keeps f32; 16-bit operands are exact
 * either way. Looked at by backend cuda alone. */
DIO_API dio_status dio_context_allow_tf32(dio_context* context, int32_t allowed);

/* Whether dio_linear may leave products to cuBLASLt where that is installed: 1, the default, or 0 for
 * Diorama's own kernels alone, whose results do not depend on the library's version. Looked at by backend
 * cuda alone. */
DIO_API dio_status dio_context_allow_cublas(dio_context* context, int32_t allowed);

/* What the context works with: the device, and the library of its products where there is one ("NVIDIA H100
 * 80GB HBM3, products by cuBLASLt 13.0.2"); on the CPU backends their name. Valid until the next call with
 * this context. */
DIO_API dio_status dio_context_description(dio_context* context, const char** description);

typedef struct dio_memory_stats {
  int64_t allocated_bytes; /* handed out by dio_memory_allocate and not yet freed */
  int64_t reserved_bytes;  /* held by the pool, scratch memory included */
  int64_t peak_bytes;      /* largest reserved_bytes so far */
} dio_memory_stats;

DIO_API dio_status dio_context_memory(dio_context* context, dio_memory_stats* stats);
/* Memory of the device the context works on: the card's, or the machine's on the CPU backends. */
DIO_API dio_status dio_context_device_memory(dio_context* context, int64_t* free_bytes, int64_t* total_bytes);
/* Returns memory the pool holds but nobody uses to the system. */
DIO_API dio_status dio_context_trim(dio_context* context);

/* Device memory from the context's pool, aligned to 64 bytes, not cleared. */
DIO_API dio_status dio_memory_allocate(dio_context* context, size_t bytes, void** memory);
DIO_API dio_status dio_memory_free(dio_context* context, void* memory);
DIO_API dio_status dio_memory_copy(dio_context* context, void* destination, const void* source, size_t bytes,
                                   dio_copy_direction direction);

/* ---- graphs: a sequence of operations recorded once and started as one (CUDA graphs)
 * -------------------------------------------------------------------------------------------- */

typedef struct dio_graph dio_graph;

/* Operations called from here to dio_graph_end are recorded, not run; arguments that live on the host
 * (coefficients, parameters) are kept as they are now. Memory allocated meanwhile belongs to the graph and is
 * not handed out again before the graph is destroyed, so that every launch finds its intermediate results
 * where they were. Copies between host and device and dio_randn fail meanwhile. On the CPU backends:
 * DIO_STATUS_UNSUPPORTED, since calling the operations costs nothing there. */
DIO_API dio_status dio_graph_begin(dio_context* context);
/* When recording failed, nothing stays behind and *graph is not set. */
DIO_API dio_status dio_graph_end(dio_context* context, dio_graph** graph);
/* On the context that recorded it. */
DIO_API dio_status dio_graph_launch(dio_context* context, dio_graph* graph);
/* Before its context is destroyed, or after. NULL is allowed. */
DIO_API dio_status dio_graph_destroy(dio_graph* graph);

/* ---- attention
 * -------------------------------------------------------------------------------------------------- */

/* out = softmax(scale q k^T + bias) v, per batch and head.
 * q [B, Sq, H, D], k and v [B, Sk, H, D], out [B, Sq, H, D]: f, all of one dtype, innermost stride 1, D 1 to
 * 1024. bias: optional f32 [1 or B, 1 or H, Sq, Sk], innermost stride 1, the others free (negative strides
 * make a Toeplitz view). key_lengths: optional i32 [B]; keys at and beyond a batch's length are ignored; 1 to
 * Sk. scale: multiplies the scores; 0 means 1 / sqrt(D). */
DIO_API dio_status dio_attention(dio_context* context, const dio_tensor* q, const dio_tensor* k,
                                 const dio_tensor* v, const dio_tensor* bias, const dio_tensor* key_lengths,
                                 float scale, dio_tensor* out);

/* ---- linear
 * ----------------------------------------------------------------------------------------------------- */

/* out = residual + gate * activation(x w^T + bias).
 * x f [M, K], w f [N, K] (its own dtype, read as it is), out f [M, N], innermost strides 1.
 * bias: optional f [N]. residual: optional, of out's dtype, [M, N]; may be out itself.
 * gate: optional f32 [G, N]. Row m uses gate row index[m] when index (i32 [M]) is given, else m / (M / G); G
 * = M gives one row each. */
DIO_API dio_status dio_linear(dio_context* context, const dio_tensor* x, const dio_tensor* w,
                              const dio_tensor* bias, dio_activation_kind activation, const dio_tensor* gate,
                              const dio_tensor* index, const dio_tensor* residual, dio_tensor* out);

/* ---- denoising steps
 * -------------------------------------------------------------------------------------------- */

/* out = n(x) * weight + bias, then out * (1 + scale) + shift, where n(x) = (x - mean) / sqrt(variance + eps)
 * over C. x and out f [M, C]; weight, bias: optional f [C]; scale, shift: optional f32 [G, C], rows chosen as
 * dio_linear's gate. May be in place. */
DIO_API dio_status dio_layer_norm(dio_context* context, const dio_tensor* x, const dio_tensor* weight,
                                  const dio_tensor* bias, const dio_tensor* scale, const dio_tensor* shift,
                                  const dio_tensor* index, float eps, dio_tensor* out);

/* As dio_layer_norm with n(x) = x / sqrt(mean(x^2) + eps) and no bias (T5, Wan's q/k norm). May be in place.
 */
DIO_API dio_status dio_rms_norm(dio_context* context, const dio_tensor* x, const dio_tensor* weight,
                                const dio_tensor* scale, const dio_tensor* shift, const dio_tensor* index,
                                float eps, dio_tensor* out);

/* RMS norm over all heads of a token, then rotary embedding of neighbouring pairs, in one pass.
 * x and out f [B, S, H, D] (D even with cos and sin), innermost stride 1; weight: optional f [H * D];
 * cosine, sine: optional f32 [S, D / 2], both or none: (a, b) -> (a cos - b sin, a sin + b cos). May be in
 * place. */
DIO_API dio_status dio_qk_norm_rope(dio_context* context, const dio_tensor* x, const dio_tensor* weight,
                                    float eps, const dio_tensor* cosine, const dio_tensor* sine,
                                    dio_tensor* out);

/* out = residual + gate * x. x, residual, out f [M, C]; gate f32 [G, C], rows chosen as dio_linear's. May be
 * in place. */
DIO_API dio_status dio_gated_residual(dio_context* context, const dio_tensor* x, const dio_tensor* residual,
                                      const dio_tensor* gate, const dio_tensor* index, dio_tensor* out);

/* sum = residual + gate * x, then out = the layer norm of sum as dio_layer_norm makes it: the end of one part
 * of a transformer block and the beginning of the next, in one pass. x, residual, sum, out f [M, C]; gate:
 * optional f32 [G, C] (absent: 1), scale, shift: optional f32 [G, C], rows chosen as dio_linear's gate;
 * weight, bias: optional f [C]. sum may be residual, out may be x. The norm is of sum as it is kept, rounded
 * to its dtype. */
DIO_API dio_status dio_gated_residual_norm(dio_context* context, const dio_tensor* x,
                                           const dio_tensor* residual, const dio_tensor* gate,
                                           const dio_tensor* weight, const dio_tensor* bias,
                                           const dio_tensor* scale, const dio_tensor* shift,
                                           const dio_tensor* index, float eps, dio_tensor* sum,
                                           dio_tensor* out);

/* outputs[j] = sum over i of coefficients[j * input_count + i] * inputs[i]: guidance and a scheduler's update
 * in one pass. All f32 of one shape, any strides (stride 0 broadcasts an input). input_count 1 to 8,
 * output_count 1 to 4. An output may be an input of the same call. Coefficients are f64; sums are f32 on cpu.
 */
DIO_API dio_status dio_combine(dio_context* context, int32_t input_count, const dio_tensor* const* inputs,
                               int32_t output_count, dio_tensor* const* outputs, const double* coefficients);

/* Sinusoidal embedding (Ho et al. 2020): frequencies max_period^(-i / half) for i in [0, half), half = dim
 * / 2. t f32 [N], out f32 [N, dim], dim even; cosines first when cosine_first is not 0. */
DIO_API dio_status dio_timestep_embedding(dio_context* context, const dio_tensor* t, int32_t cosine_first,
                                          float max_period, dio_tensor* out);

/* out = activation(x), element by element; f, same shape, any strides. May be in place. */
DIO_API dio_status dio_activate(dio_context* context, const dio_tensor* x, dio_activation_kind activation,
                                dio_tensor* out);

/* A random generator whose normal numbers equal torch.randn's with a CPU torch.Generator of the same seed. */
DIO_API dio_status dio_generator_create(uint64_t seed, dio_generator** generator);
DIO_API dio_status dio_generator_destroy(dio_generator* generator);
/* out f32, contiguous. Draws advance the generator as torch's do. */
DIO_API dio_status dio_randn(dio_context* context, dio_generator* generator, dio_tensor* out);

/* ---- codec: channels last, [batch, frames, height, width, channels]
 * ----------------------------------------------- */

typedef struct dio_conv3d_params {
  int32_t stride_t, stride_h, stride_w;
  int32_t
      frames_before; /* frames put before x: the last ones of carry, zeros where it is absent or shorter */
  int32_t pad_top, pad_bottom, pad_left, pad_right;
  int32_t padding_mode; /* dio_padding_mode, of height and width */
  int32_t upsample; /* x is first enlarged by this factor in height and width, nearest neighbour; 1 or 2 */
} dio_conv3d_params;

/* Causal 3D convolution. x f [B, T, H, W, Cin]; carry: optional, of x's dtype, [B, P, H, W, Cin]; w f [Cout,
 * kt, kh, kw, Cin] (its own dtype); bias: optional f [Cout]; residual: optional, of out's dtype and shape;
 * out f [B, To, Ho, Wo, Cout] with To = (frames_before + T - kt) / stride_t + 1 and Ho, Wo likewise. x,
 * carry, w: innermost stride 1. out contiguous. Large ones are made by Winograd's F(2x2, 3x3) on "cpu": an
 * infinity may then reach out as NaN, and values beyond a quarter of the largest f32 may overflow. */
DIO_API dio_status dio_conv3d(dio_context* context, const dio_tensor* x, const dio_tensor* carry,
                              const dio_tensor* w, const dio_tensor* bias, const dio_tensor* residual,
                              const dio_conv3d_params* params, dio_tensor* out);

/* carry = the last P frames of carry followed by x. x [B, T, H, W, C], carry [B, P, H, W, C], one dtype. */
DIO_API dio_status dio_carry_update(dio_context* context, const dio_tensor* x, dio_tensor* carry);

/* out = activation(x / max(|x|_2 over channels, 1e-12) * sqrt(C) * gamma + bias) (Wan's RMS_norm). x and out
 * f [..., C], gamma f [C], bias: optional f [C]; contiguous. May be in place. */
DIO_API dio_status dio_channel_norm(dio_context* context, const dio_tensor* x, const dio_tensor* gamma,
                                    const dio_tensor* bias, dio_activation_kind activation, dio_tensor* out);

/* out = clamp(x * scale[c] + shift[c], low, high). x and out f [..., C], any strides; scale, shift f32 [C] or
 * [1]. May be in place. */
DIO_API dio_status dio_channel_affine(dio_context* context, const dio_tensor* x, const dio_tensor* scale,
                                      const dio_tensor* shift, float low, float high, dio_tensor* out);

/* Wan 2.2's residual down-sampling: x [B, T, H, W, Cin] -> out [B, ceil(T/ft), H/fs, W/fs, Cout]; a group of
 * Cin*ft*fs*fs/Cout values, in the order (channel, t, y, x), is averaged; missing first frames are zeros. f,
 * contiguous. */
DIO_API dio_status dio_avg_down(dio_context* context, const dio_tensor* x, int32_t factor_t, int32_t factor_s,
                                dio_tensor* out);

/* Wan 2.2's residual up-sampling, added to out: x [B, T, H, W, Cin], out [B, T*ft - skip_frames, H*fs, W*fs,
 * Cout]: out[b, t, y, x, c] += x[b, t'/ft, y/fs, x/fs, j / repeats], t' = t + skip_frames, j = ((c * ft + t'
 * % ft) * fs + y % fs) * fs + x % fs, repeats = Cout * ft * fs * fs / Cin. f, contiguous. */
DIO_API dio_status dio_dup_up(dio_context* context, const dio_tensor* x, int32_t factor_t, int32_t factor_s,
                              int32_t skip_frames, dio_tensor* out);

/* Cuts x [B, T, H, W, C] (any strides) into patches of pt x ph x pw: out [B, T/pt * H/ph * W/pw, C * pt * ph
 * * pw], features in the order (c, t, y, x) when channels_first is not 0, else (t, y, x, c). f, out
 * contiguous. */
DIO_API dio_status dio_patchify(dio_context* context, const dio_tensor* x, int32_t patch_t, int32_t patch_h,
                                int32_t patch_w, int32_t channels_first, dio_tensor* out);
/* The inverse: x [B, tokens, features] contiguous -> out [B, T, H, W, C], any strides. */
DIO_API dio_status dio_unpatchify(dio_context* context, const dio_tensor* x, int32_t patch_t, int32_t patch_h,
                                  int32_t patch_w, int32_t channels_first, dio_tensor* out);

/* out = round(clamp(x, 0, 1) * 255), halves to even. x f [..., 3], out u8 of the same shape; any strides. NaN
 * gives 0. */
DIO_API dio_status dio_to_rgb8(dio_context* context, const dio_tensor* x, dio_tensor* out);

/* out = x with another dtype, layout or both. Same shape, any strides; any dtypes among f, or equal dtypes.
 */
DIO_API dio_status dio_copy(dio_context* context, const dio_tensor* x, dio_tensor* out);

/* ---- text
 * ------------------------------------------------------------------------------------------------------- */

/* out[n] = table[ids[n]]. table f [V, C], ids i32 [N] in [0, V), out f [N, C]. */
DIO_API dio_status dio_embedding(dio_context* context, const dio_tensor* table, const dio_tensor* ids,
                                 dio_tensor* out);

/* T5's bidirectional relative position bias (Raffel et al. 2020), one value a distance: out f32 [H, 2 * S -
 * 1], where entry [h, j] belongs to key - query = j - (S - 1); table f [buckets, H], buckets even. */
DIO_API dio_status dio_t5_relative_bias(dio_context* context, const dio_tensor* table, int32_t max_distance,
                                        dio_tensor* out);

/* ---- Gaussian splats (Kerbl et al. 2023; rules of compositing as in gsplat)
 * -------------------------------------------------------------------- */

/* Conventions: OpenCV cameras (x right, y down, z forward), pixel centres at +0.5, quaternions wxyz, not
 * normalised. All tensors f32 and contiguous unless said otherwise; N at least 1. A Gaussian with a
 * value that is not finite, or whose quaternion is zero, is not drawn and gets no gradient; but an infinite
 * logit is an opacity of 0 or 1, and a logarithm of -infinity a scale of 0. */

typedef enum dio_camera_model DIO_ANY_INT {
  DIO_CAMERA_PINHOLE = 0,
  DIO_CAMERA_ORTHOGRAPHIC = 1,
  DIO_CAMERA_FISHEYE = 2 /* equidistant: distance from the centre = focal length * angle */
} dio_camera_model;

typedef struct dio_splat_camera {
  int32_t model;         /* dio_camera_model */
  int32_t width, height; /* pixels, 1 to 32768 */
  float fx, fy, cx, cy;  /* pixels; orthographic: fx and fy are pixels per unit of length. fx, fy > 0 */
  float view[16];        /* world to camera, [4, 4] row by row, last row 0 0 0 1 */
} dio_splat_camera;

typedef struct dio_splat_settings {
  int32_t antialiased; /* not 0: opacity is multiplied by sqrt(det before blur / det after) */
  int32_t sh_degree;   /* evaluated at most, 0 to 3; -1: all there are */
  float near_plane;    /* depths at or below are not drawn (orthographic too) */
  float far_plane;     /* depths at or above are not drawn; may be infinite */
  float blur;          /* added to both diagonal entries of the 2D covariance, pixels^2 */
  float alpha_min;     /* contributions below are left out */
  float alpha_max;     /* and above are cut to this */
  float alpha_fade;    /* 0: a hard cut at alpha_min. f > 0: alpha is multiplied by t * t * (3 - 2 t), t =
                          clamp((alpha - alpha_min) / f, 0, 1), for checks by differences */
  float transmittance_stop; /* a Gaussian that would bring the transmittance here or below ends its pixel,
                               undrawn */
  float background[3];
} dio_splat_settings;

/* antialiased 0, sh_degree -1, near 0.01, far 1e10, blur 0.3, alpha 1/255 to 0.99, fade 0, stop 1e-4, black.
 */
DIO_API dio_status dio_splat_settings_default(dio_splat_settings* settings);

typedef struct dio_splat_gaussians {
  const dio_tensor* means;           /* [N, 3] */
  const dio_tensor* quats;           /* [N, 4] wxyz */
  const dio_tensor* log_scales;      /* [N, 3] natural logarithms of the standard deviations */
  const dio_tensor* logit_opacities; /* [N] */
  const dio_tensor* sh;       /* f32 or f16 [N, K, 3], K = 1, 4, 9 or 16; colour = max(0, SH(direction) +
                                 0.5). f16 only for drawing: a backward pass wants f32 */
  const dio_tensor* features; /* optional [N, C], C 1 to 64: more channels to be composited */
} dio_splat_gaussians;

/* Each may be NULL; no two share memory. As outputs of dio_splat_project. */
typedef struct dio_splat_projection {
  dio_tensor* means2d;       /* [N, 2] pixels */
  dio_tensor* conics;        /* [N, 3] inverse 2D covariance: xx, xy, yy */
  dio_tensor* depths;        /* [N] z in the camera */
  dio_tensor* compensations; /* [N] sqrt(det before blur / det after); 1 where not antialiased */
  dio_tensor* colors;        /* [N, 3] */
  dio_tensor* radii; /* i32 [N, 2] ceil(3.33 sigma) along x and y; 0 0: not in view, and all else is 0 */
} dio_splat_projection;

DIO_API dio_status dio_splat_project(dio_context* context, const dio_splat_gaussians* gaussians,
                                     const dio_splat_camera* camera, const dio_splat_settings* settings,
                                     const dio_splat_projection* projection);

/* Pictures, or gradients of a loss with respect to them. Each may be NULL, not all. */
typedef struct dio_splat_images {
  dio_tensor* rgb;            /* [H, W, 3] sum of weight * colour + transmittance * background */
  dio_tensor* depth;          /* [H, W, 1] accumulated: sum of weight * z */
  dio_tensor* expected_depth; /* [H, W, 1] depth / alpha, 0 where alpha is 0 */
  dio_tensor* alpha;          /* [H, W, 1] 1 - transmittance */
  dio_tensor* normals;        /* [H, W, 3] sum of weight * shortest axis, in the camera, turned towards it */
  dio_tensor* features;       /* [H, W, C] sum of weight * feature */
} dio_splat_images;

/* What one rendering keeps for its backward pass, and its memory, used again by the next. Belongs to the
 * context that made it; destroying the context ends it (the handle must still be destroyed). */
typedef struct dio_splat_frame dio_splat_frame;

typedef struct dio_splat_stats {
  int64_t gaussians;
  int64_t visible;       /* in view and not below alpha_min */
  int64_t intersections; /* pairs of a Gaussian and a tile */
  int64_t evaluations;   /* pairs of a Gaussian and a pixel that the rasterizer computed an alpha for */
  int64_t bytes;         /* held by the frame */
  double project_ms;     /* projection and spherical harmonics; wall time of the last rendering */
  double bin_ms;         /* which tiles a Gaussian touches */
  double sort_ms;        /* by tile and depth */
  double raster_ms;
  double raster_backward_ms; /* of the last backward pass */
  double project_backward_ms;
} dio_splat_stats;

DIO_API dio_status dio_splat_frame_create(dio_context* context, dio_splat_frame** frame);
DIO_API dio_status dio_splat_frame_destroy(dio_splat_frame* frame);
DIO_API dio_status dio_splat_frame_stats(dio_splat_frame* frame, dio_splat_stats* stats);

/* Draws front to back; at equal depth the lower index is in front. */
DIO_API dio_status dio_splat_render(dio_context* context, dio_splat_frame* frame,
                                    const dio_splat_gaussians* gaussians, const dio_splat_camera* camera,
                                    const dio_splat_settings* settings, const dio_splat_images* images);

/* Each may be NULL, not all. */
typedef struct dio_splat_gradients {
  dio_tensor* means;
  dio_tensor* quats;
  dio_tensor* log_scales;
  dio_tensor* logit_opacities;
  dio_tensor* sh;
  dio_tensor* features;
  dio_tensor* means2d; /* [N, 2] per pixel of the picture; never accumulated */
  dio_tensor* view;    /* [4, 4] of camera.view, its last row 0 */
} dio_splat_gradients;

/* The gradient of sum(images * image_gradients) of the frame's last rendering. gaussians: the same values as
 * then. accumulate not 0: added to what the gradients hold (but means2d). */
DIO_API dio_status dio_splat_backward(dio_context* context, dio_splat_frame* frame,
                                      const dio_splat_gaussians* gaussians,
                                      const dio_splat_images* image_gradients, int32_t accumulate,
                                      const dio_splat_gradients* gradients);

/* (1 - w) * mean |image - target| + w * (1 - mean SSIM), w = ssim_weight in [0, 1]: the loss of 3D Gaussian
 * Splatting. SSIM (Wang et al. 2004): window of 11 x 11, sigma 1.5, zeros outside, C1 = 0.01^2, C2 = 0.03^2.
 * image [H, W, 3] in 0..1; target: the same, or u8 (divided by 255); mask: optional [H, W], multiplies both.
 * losses [4]: loss, mean |difference|, mean SSIM, mean squared difference. gradient: optional [H, W, 3] of
 * the loss with respect to image. */
DIO_API dio_status dio_splat_loss(dio_context* context, const dio_tensor* image, const dio_tensor* target,
                                  const dio_tensor* mask, float ssim_weight, dio_tensor* losses,
                                  dio_tensor* gradient);

typedef struct dio_adam_params {
  int64_t step; /* from 1 on */
  float learning_rate;
  float beta1, beta2; /* in [0, 1) */
  float eps;          /* > 0, added to the root as in torch.optim.Adam */
} dio_adam_params;

/* One step of Adam (Kingma and Ba 2015) on x, m and v in place. All [N, ...] f32 of one shape; every axis but
 * the outermost contiguous, the outermost stride free. */
DIO_API dio_status dio_adam(dio_context* context, const dio_tensor* gradient, const dio_adam_params* params,
                            dio_tensor* x, dio_tensor* m, dio_tensor* v);

/* One tensor for each kind of parameter, in the shapes of dio_splat_gaussians; none may be NULL. */
typedef struct dio_splat_parameters {
  dio_tensor* means;           /* [N, 3] */
  dio_tensor* quats;           /* [N, 4] */
  dio_tensor* log_scales;      /* [N, 3] */
  dio_tensor* logit_opacities; /* [N] */
  dio_tensor* sh;              /* [N, K, 3] */
} dio_splat_parameters;

typedef struct dio_splat_step {
  int64_t step;       /* of Adam, from 1 on */
  float beta1, beta2; /* in [0, 1) */
  float eps;          /* > 0, added to the root as in torch.optim.Adam */
  /* Learning rates, each finite. */
  float means_rate;
  float quats_rate;
  float log_scales_rate;
  float logit_opacities_rate;
  float constant_colors_rate; /* of the first coefficient of sh */
  float other_colors_rate;    /* of the others */
  /* Added to the loss, each finite and at least 0: opacity_penalty * mean opacity + scale_penalty * mean of
   * all 3 N standard deviations, those of 3DGS-MCMC (Kheradmand et al. 2024). Gaussians that were not drawn
   * pay as well; a logit of NaN and a logarithm of 88 or more, or NaN, do not. */
  float opacity_penalty;
  float scale_penalty;
} dio_splat_step;

/* A step of training in one call, without gradients in memory on a GPU: the gradient of sum(images *
 * image_gradients) of the frame's last rendering, as dio_splat_backward has it, and of the penalties; then a
 * step of Adam (as dio_adam) on all parameters in place, those of Gaussians that were not drawn too.
 * x: the values rendered, without features; m and v: Adam's running means of the gradient and of its square.
 * means2d: optional [N, 2], as in dio_splat_gradients. Afterwards the frame must render again before another
 * backward pass. Everything f32 and contiguous; no two tensors share memory. */
DIO_API dio_status dio_splat_backward_step(dio_context* context, dio_splat_frame* frame,
                                           const dio_splat_images* image_gradients,
                                           const dio_splat_step* step, const dio_splat_parameters* x,
                                           const dio_splat_parameters* m, const dio_splat_parameters* v,
                                           dio_tensor* means2d);

/* 3DGS-MCMC (Kheradmand et al. 2024, equation 9): the opacity and scales that each of counts[i] copies in one
 * place must have to look like the one Gaussian. counts i32 [N], 1 to 51. logit_opacities [N] and log_scales
 * [N, 3] in place; opacities are kept between min_opacity and 1 - 2^-23. */
DIO_API dio_status dio_splat_relocate(dio_context* context, const dio_tensor* counts, float min_opacity,
                                      dio_tensor* logit_opacities, dio_tensor* log_scales);

typedef enum dio_splat_noise_kind DIO_ANY_INT {
  DIO_SPLAT_NOISE_SAMPLE = 0,    /* means += gain * R S noise: a draw from the Gaussian (split) */
  DIO_SPLAT_NOISE_COVARIANCE = 1 /* means += gain * sigmoid(100 (0.005 - opacity)) * R S S R^T noise (MCMC) */
} dio_splat_noise_kind;

/* noise [N, 3], of unit normals; means in place. */
DIO_API dio_status dio_splat_perturb(dio_context* context, const dio_tensor* quats,
                                     const dio_tensor* log_scales, const dio_tensor* logit_opacities,
                                     const dio_tensor* noise, dio_splat_noise_kind kind, float gain,
                                     dio_tensor* means);

/* Unit normals for dio_splat_perturb, out f32 [N, 3]: numbers 4 i to 4 i + 3 are Philox4x32-10's of counter i
 * and key seed (Salmon et al. 2011), two pairs by Box and Muller's formula. They depend on the seed and the
 * place alone: every backend draws the same, but for rounding, and on a device nothing comes from the host.
 */
DIO_API dio_status dio_splat_noise(dio_context* context, uint64_t seed, dio_tensor* out);

/* ---- measuring the machine
 * -------------------------------------------------------------------------------------- */

/* Floating-point operations per second of a loop of independent fused multiply-adds on all the context's
 * threads (f32), and bytes per second of a copy far larger than the caches (read plus written). On
 * cuda: of our own product of bf16 8192 x 8192 x 8192, and of a copy on the card. Each runs for about
 * `seconds`. */
DIO_API dio_status dio_measure_flops(dio_context* context, double seconds, double* flops);
DIO_API dio_status dio_measure_bandwidth(dio_context* context, double seconds, double* bytes_per_second);

#ifdef __cplusplus
}
#endif
#endif
