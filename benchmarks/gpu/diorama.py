"""Diorama's C ABI from Python, by ctypes alone: contexts, tensors over anything with a pointer, the operations.

    library = Library("build/libdiorama.so")
    context = library.context("cuda")
    context.call("dio_activate", x, 3, out)      # PyTorch tensors become descriptors, None stays None

A tensor's memory must be where the backend's is (CUDA tensors for "cuda"); see native/include/diorama.h for every
argument's shape and dtype. Where there is no PyTorch, `Array` is memory of a context. splats.py has the structs of
Gaussian splats.
"""
import array
import ctypes
import math
import pathlib

F32, F16, BF16, I32, U8 = range(5)
NONE, GELU_TANH, GELU_ERF, SILU, QUICK_GELU = range(5)
MAX_RANK = 8


class Tensor(ctypes.Structure):
    """struct dio_tensor."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("dtype", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("shape", ctypes.c_int64 * MAX_RANK),
        ("strides", ctypes.c_int64 * MAX_RANK),
    ]


class Conv3d(ctypes.Structure):
    """struct dio_conv3d_params."""

    _fields_ = [(name, ctypes.c_int32) for name in (
        "stride_t", "stride_h", "stride_w", "frames_before", "pad_top", "pad_bottom", "pad_left", "pad_right",
        "padding_mode", "upsample")]


def descriptor(tensor):
    """A PyTorch tensor or an Array as a dio_tensor; its memory must outlive the work."""
    if isinstance(tensor, Array):
        return tensor.descriptor
    import torch

    dtypes = {torch.float32: F32, torch.float16: F16, torch.bfloat16: BF16, torch.int32: I32, torch.uint8: U8}
    result = Tensor(tensor.data_ptr(), dtypes[tensor.dtype], tensor.dim())
    result.shape[: tensor.dim()] = tensor.shape
    result.strides[: tensor.dim()] = tensor.stride()
    return result


class MemoryStats(ctypes.Structure):
    """struct dio_memory_stats."""

    _fields_ = [(name, ctypes.c_int64) for name in ("allocated_bytes", "reserved_bytes", "peak_bytes")]


class Failure(RuntimeError):
    """What dio_last_error() says."""


class Library:
    """libdiorama.so; libdiorama_cuda.so is found beside it."""

    def __init__(self, path):
        self._library = ctypes.CDLL(str(pathlib.Path(path).resolve()))
        self._library.dio_last_error.restype = ctypes.c_char_p
        self._library.dio_version.restype = ctypes.c_char_p

    def __getattr__(self, name):
        return getattr(self._library, name)

    def check(self, status):
        if status != 0:
            raise Failure(self._library.dio_last_error().decode())

    def version(self):
        return self._library.dio_version().decode()

    def backends(self):
        """{name: (available, description or reason)}"""

        class Info(ctypes.Structure):
            _fields_ = [("name", ctypes.c_char_p), ("available", ctypes.c_int32), ("devices", ctypes.c_int32),
                        ("description", ctypes.c_char_p), ("reason", ctypes.c_char_p)]

        found = {}
        for index in range(self._library.dio_backend_count()):
            info = Info()
            self.check(self._library.dio_backend_describe(index, ctypes.byref(info)))
            text = info.description if info.available else info.reason
            found[info.name.decode()] = (bool(info.available), text.decode())
        return found

    def context(self, backend, threads=0):
        return Context(self, backend, threads)


class Handle:
    """Something that the C functions know by a pointer."""

    handle = None


class Context:
    """A dio_context. One thread at a time."""

    def __init__(self, library, backend, threads):
        self.library = library
        self.handle = ctypes.c_void_p()
        library.check(library.dio_context_create(backend.encode(), threads, ctypes.byref(self.handle)))

    def close(self):
        self.library.check(self.library.dio_context_destroy(self.handle))
        self.handle = None

    def call(self, name, *arguments):
        """name(context, arguments...): tensors, None, numbers and structs become what the C function takes."""
        self.library.check(getattr(self.library, name)(self.handle, *map(_argument, arguments)))

    def combine(self, inputs, outputs, coefficients):
        def array(tensors):
            kept = [descriptor(t) for t in tensors]
            return (ctypes.POINTER(Tensor) * len(kept))(*map(ctypes.pointer, kept))

        values = (ctypes.c_double * len(coefficients))(*coefficients)
        self.library.check(self.library.dio_combine(
            self.handle, len(inputs), array(inputs), len(outputs), array(outputs), values))

    def use_stream(self, pointer):
        self.library.check(self.library.dio_context_use_stream(self.handle, ctypes.c_void_p(pointer)))

    def memory(self):
        stats = MemoryStats()
        self.library.check(self.library.dio_context_memory(self.handle, ctypes.byref(stats)))
        return stats

    def synchronize(self):
        self.library.check(self.library.dio_context_synchronize(self.handle))

    def record(self, body):
        """Runs body() while its operations are recorded; returns a graph to launch()."""
        graph = ctypes.c_void_p()
        self.library.check(self.library.dio_graph_begin(self.handle))
        try:
            body()
        finally:
            self.library.check(self.library.dio_graph_end(self.handle, ctypes.byref(graph)))
        return graph

    def launch(self, graph):
        self.library.check(self.library.dio_graph_launch(self.handle, graph))


class Array:
    """A row-major tensor in memory of a context, F32 or I32: what tests need where there is no PyTorch."""

    _CODES = {F32: "f", I32: "i"}

    def __init__(self, context, shape, dtype=F32, values=None):
        self.context, self.shape = context, tuple(shape)
        self.memory = ctypes.c_void_p()
        self._host = array.array(self._CODES[dtype], bytes(4 * math.prod(shape)))
        self._bytes = ctypes.c_size_t(4 * math.prod(shape))
        context.library.check(context.library.dio_memory_allocate(context.handle, self._bytes, ctypes.byref(self.memory)))
        self.descriptor = Tensor(self.memory, dtype, len(shape))
        stride = 1
        for axis in reversed(range(len(shape))):
            self.descriptor.shape[axis], self.descriptor.strides[axis] = shape[axis], stride
            stride *= shape[axis]
        if values is not None:
            self.set(values)

    def set(self, values):
        if len(values) != len(self._host):
            raise ValueError(f"{len(values)} values do not fill {self.shape}")
        self._host[:] = array.array(self._host.typecode, values)
        self._copy(self.memory, self._address(), 0)

    def values(self):
        """What it holds, in row-major order: an array.array of its own."""
        self._copy(self._address(), self.memory, 1)
        return self._host[:]

    def free(self):
        self.context.library.check(self.context.library.dio_memory_free(self.context.handle, self.memory))

    def _address(self):
        return ctypes.c_void_p(self._host.buffer_info()[0])

    def _copy(self, to, source, direction):
        self.context.library.check(self.context.library.dio_memory_copy(
            self.context.handle, to, source, self._bytes, direction))


def _argument(value):
    if value is None:
        return ctypes.c_void_p()
    if isinstance(value, Handle):
        return value.handle
    if isinstance(value, bool) or isinstance(value, int):
        return ctypes.c_int32(value)
    if isinstance(value, float):
        return ctypes.c_float(value)
    if isinstance(value, ctypes.Structure):
        return ctypes.byref(value)
    return ctypes.byref(descriptor(value))
