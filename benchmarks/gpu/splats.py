"""The structs of Gaussian splats from Python; tensors are PyTorch's or diorama.Array.

    frame = splats.Frame(context)
    scene = splats.gaussians(means=m, quats=q, log_scales=s, logit_opacities=o, sh=c)
    context.call("dio_splat_render", frame, scene, camera, splats.settings(context), splats.images(rgb=picture))
    print(frame.stats().intersections)
"""
import ctypes

import diorama

PINHOLE, ORTHOGRAPHIC, FISHEYE = range(3)
_POINTER = ctypes.POINTER(diorama.Tensor)


class Camera(ctypes.Structure):
    """struct dio_splat_camera; view is world to camera, [4, 4] row by row."""

    _fields_ = [(name, ctypes.c_int32) for name in ("model", "width", "height")] + [
        (name, ctypes.c_float) for name in ("fx", "fy", "cx", "cy")] + [("view", ctypes.c_float * 16)]

    def at(self, width, height):
        """The same view with other pixels."""
        across, down = width / self.width, height / self.height
        return Camera(self.model, width, height, self.fx * across, self.fy * down, self.cx * across, self.cy * down, self.view)


class Settings(ctypes.Structure):
    """struct dio_splat_settings."""

    _fields_ = [("antialiased", ctypes.c_int32), ("sh_degree", ctypes.c_int32)] + [
        (name, ctypes.c_float) for name in ("near_plane", "far_plane", "blur", "alpha_min", "alpha_max", "alpha_fade",
                                            "transmittance_stop")] + [("background", ctypes.c_float * 3)]


class Stats(ctypes.Structure):
    """struct dio_splat_stats."""

    _fields_ = [(name, ctypes.c_int64) for name in ("gaussians", "visible", "intersections", "evaluations", "bytes")] + [
        (name, ctypes.c_double) for name in ("project_ms", "bin_ms", "sort_ms", "raster_ms", "raster_backward_ms",
                                             "project_backward_ms")]


class Step(ctypes.Structure):
    """struct dio_splat_step."""

    _fields_ = [("step", ctypes.c_int64)] + [(name, ctypes.c_float) for name in (
        "beta1", "beta2", "eps", "means_rate", "quats_rate", "log_scales_rate", "logit_opacities_rate",
        "constant_colors_rate", "other_colors_rate", "opacity_penalty", "scale_penalty")]


class Parameters(ctypes.Structure):
    """struct dio_splat_parameters."""

    _fields_ = [(name, _POINTER) for name in ("means", "quats", "log_scales", "logit_opacities", "sh")]


class Gaussians(ctypes.Structure):
    """struct dio_splat_gaussians."""

    _fields_ = [(name, _POINTER) for name in ("means", "quats", "log_scales", "logit_opacities", "sh", "features")]


class Projection(ctypes.Structure):
    """struct dio_splat_projection."""

    _fields_ = [(name, _POINTER) for name in ("means2d", "conics", "depths", "compensations", "colors", "radii")]


class Images(ctypes.Structure):
    """struct dio_splat_images, of pictures or of gradients by them."""

    _fields_ = [(name, _POINTER) for name in ("rgb", "depth", "expected_depth", "alpha", "normals", "features")]


class Gradients(ctypes.Structure):
    """struct dio_splat_gradients."""

    _fields_ = [(name, _POINTER) for name in ("means", "quats", "log_scales", "logit_opacities", "sh", "features", "means2d",
                                              "view")]


def _pointers(struct, tensors):
    # A ctypes pointer keeps what it points to, and a struct its pointers; the memory itself is the caller's.
    return struct(**{name: ctypes.pointer(diorama.descriptor(tensor)) for name, tensor in tensors.items()})


def gaussians(**tensors):
    return _pointers(Gaussians, tensors)


def projection(**tensors):
    return _pointers(Projection, tensors)


def images(**tensors):
    return _pointers(Images, tensors)


def gradients(**tensors):
    return _pointers(Gradients, tensors)


def parameters(**tensors):
    return _pointers(Parameters, tensors)


def settings(context, **changed):
    """The defaults of the library, with changes."""
    result = Settings()
    context.library.check(context.library.dio_splat_settings_default(ctypes.byref(result)))
    for name, value in changed.items():
        setattr(result, name, value)
    return result


class Frame(diorama.Handle):
    """A dio_splat_frame: what a rendering keeps for its backward pass."""

    def __init__(self, context):
        self._library = context.library
        self.handle = ctypes.c_void_p()
        self._library.check(self._library.dio_splat_frame_create(context.handle, ctypes.byref(self.handle)))

    def stats(self):
        stats = Stats()
        self._library.check(self._library.dio_splat_frame_stats(self.handle, ctypes.byref(stats)))
        return stats

    def close(self):
        self._library.check(self._library.dio_splat_frame_destroy(self.handle))
        self.handle = None
