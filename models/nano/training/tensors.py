"""Reads and writes safetensors files: a header of JSON, then the numbers (format: Hugging Face, safetensors)."""
from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import torch
from torch import Tensor

_TYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16, "I64": torch.int64,
          "I32": torch.int32, "U8": torch.uint8}
_NAMES = {v: k for k, v in _TYPES.items()}


def load(path: str | Path) -> dict[str, Tensor]:
    """All tensors of a file, as they are stored."""
    data = bytearray(Path(path).read_bytes())
    start = 8 + struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        dtype = _TYPES[entry["dtype"]]
        count = (end - begin) // dtype.itemsize
        flat = torch.frombuffer(data, dtype=dtype, count=count, offset=start + begin)
        tensors[name] = flat.clone().view(entry["shape"])
    return tensors


def save(tensors: dict[str, Tensor], path: str | Path, metadata: dict[str, str] | None = None) -> None:
    """Writes tensors in the order of their names; the file appears whole or not at all."""
    header, at = {"__metadata__": metadata} if metadata else {}, 0
    for name in sorted(tensors):
        t = tensors[name]
        size = t.numel() * t.element_size()
        header[name] = {"dtype": _NAMES[t.dtype], "shape": list(t.shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    part = Path(f"{path}.part")
    with open(part, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(tensors):
            out.write(tensors[name].detach().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    os.replace(part, path)
