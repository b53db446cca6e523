#!/usr/bin/env python3
"""Judges projection, pictures and gradients of Gaussian splats by the answers of gsplat's PyTorch reference.

    python3 splat_fixtures.py --library build/libdiorama.so [--backend cuda] [--fixtures tests/fixtures/splat]

Needs nothing but Python. A line for each case and part; exit 1 when one is off. The bounds are those of SplatFixtureTest.
"""
import argparse
import array
import json
import math
import pathlib
import struct
import sys

import diorama
import splats

HOME = pathlib.Path(__file__).resolve().parent.parent.parent
PROJECTION = 1e-4  # of the largest entry of a Gaussian's row
PICTURE = 1e-4  # absolute, but for one pixel in a thousand: those at thresholds
GRADIENT = 1e-3  # of the largest entry of the tensor
MODELS = {"pinhole": splats.PINHOLE, "ortho": splats.ORTHOGRAPHIC, "fisheye": splats.FISHEYE}
INPUTS = ("means", "quats", "log_scales", "logit_opacities", "sh")


class Fixture:
    """A safetensors file of a scene seen by several cameras, and the scene on a context."""

    def __init__(self, path, context):
        data = path.read_bytes()
        (size,) = struct.unpack("<Q", data[:8])
        self._entries = json.loads(data[8:8 + size])
        self._data = memoryview(data)[8 + size:]
        self.facts = self._entries.pop("__metadata__")
        self.context = context
        self.width, self.height = int(self.facts["width"]), int(self.facts["height"])
        self.cameras = self.shape("viewmats")[0]
        self.scene = splats.gaussians(**{name: diorama.Array(context, self.shape(name), values=self.values(name))
                                         for name in INPUTS})
        self.settings = splats.settings(context, antialiased=int(self.facts["antialiased"] == "true"),
                                        sh_degree=int(self.facts["sh_degree"]))
        self.settings.background[:] = self.values("background")

    def has(self, name):
        return name in self._entries

    def shape(self, name):
        return self._entries[name]["shape"]

    def values(self, name, camera=None):
        """All of a tensor, or what a [cameras, ...] holds for one of them."""
        entry = self._entries[name]
        begin, end = entry["data_offsets"]
        values = array.array({"F32": "f", "I32": "i"}[entry["dtype"]])
        values.frombytes(self._data[begin:end])
        if camera is None:
            return values
        size = len(values) // self.cameras
        return values[camera * size:(camera + 1) * size]

    def camera(self, index):
        k = self.values("Ks", index)
        result = splats.Camera(MODELS[self.facts["camera_model"]], self.width, self.height, k[0], k[4], k[2], k[5])
        result.view[:] = self.values("viewmats", index)
        return result

    def array(self, *shape, dtype=diorama.F32, values=None):
        return diorama.Array(self.context, shape, dtype, values)


def largest_error(found, expected):
    """Also NaN where there is one."""
    return max((abs(a - b) for a, b in zip(found, expected)), key=lambda e: math.inf if math.isnan(e) else e)


def project(fixture):
    n = fixture.shape("means")[0]
    widths = {"means2d": 2, "conics": 3, "depths": 1, "colors": 3, "compensations": 1}
    tensors = {name: fixture.array(*((n, width) if width > 1 else (n,))) for name, width in widths.items()}
    radii = fixture.array(n, 2, dtype=diorama.I32)
    checked = [name for name in widths if fixture.has(name)]
    worst = 0.0
    for camera in range(fixture.cameras):
        fixture.context.call("dio_splat_project", fixture.scene, fixture.camera(camera), fixture.settings,
                             splats.projection(**tensors, radii=radii))
        found, expected = radii.values(), fixture.values("radii", camera)
        here = [found[2 * i] > 0 and found[2 * i + 1] > 0 for i in range(n)]
        there = [expected[2 * i] > 0 and expected[2 * i + 1] > 0 for i in range(n)]
        both = [i for i in range(n) if here[i] and there[i]]
        # A Gaussian may touch the border by rounding alone.
        if not both or len(both) < sum(there) - n // 1000:
            return False, f"camera {camera} sees {len(both)} of {sum(there)} Gaussians"
        if any(abs(found[k] - expected[k]) > 1 for i in both for k in (2 * i, 2 * i + 1)):
            return False, f"camera {camera}: a radius is off by more than 1"
        for name in checked:
            found, expected, width = tensors[name].values(), fixture.values(name, camera), widths[name]
            for i in both:
                row = slice(i * width, (i + 1) * width)
                scale = max(abs(value) for value in expected[row])
                error = largest_error(found[row], expected[row])
                if not error <= PROJECTION * scale:
                    return False, f"{name} of Gaussian {i}, camera {camera}, is off by {error:.1e} of {scale:.1e}"
                worst = max(worst, error / scale if scale else 0.0)
    return True, f"{worst:.1e} of a row's largest entry"


def draw(fixture):
    channels = {"rgb": 3, "depth": 1, "alpha": 1}
    pixels = fixture.width * fixture.height
    pictures = {name: fixture.array(fixture.height, fixture.width, count) for name, count in channels.items()}
    frame = splats.Frame(fixture.context)
    most = 0
    for camera in range(fixture.cameras):
        fixture.context.call("dio_splat_render", frame, fixture.scene, fixture.camera(camera), fixture.settings,
                             splats.images(**pictures))
        for name, count in channels.items():
            found, expected = pictures[name].values(), fixture.values(f"image_{name}", camera)
            off = {k // count for k, (a, b) in enumerate(zip(found, expected)) if not abs(a - b) <= PICTURE}
            if len(off) > pixels // 1000:
                return False, f"{len(off)} of {pixels} pixels of {name}, camera {camera}, are off by more than {PICTURE}"
            most = max(most, len(off))
    frame.close()
    return True, f"{most} of {pixels} pixels off by more than {PICTURE}"


def gradients(fixture):
    """Of sum(image * v_image) over all cameras, by every input."""
    rgb = fixture.array(fixture.height, fixture.width, 3)
    results = {name: fixture.array(*fixture.shape(name)) for name in INPUTS}
    frame = splats.Frame(fixture.context)
    for camera in range(fixture.cameras):
        fixture.context.call("dio_splat_render", frame, fixture.scene, fixture.camera(camera), fixture.settings,
                             splats.images(rgb=rgb))
        weights = {name: fixture.array(fixture.height, fixture.width, count, values=fixture.values(f"v_image_{name}", camera))
                   for name, count in (("rgb", 3), ("depth", 1), ("alpha", 1))}
        fixture.context.call("dio_splat_backward", frame, fixture.scene, splats.images(**weights), camera > 0,
                             splats.gradients(**results))
    found = {name: result.values() for name, result in results.items()}
    frame.close()
    return found


def differentiate(fixture):
    once, again = gradients(fixture), gradients(fixture)
    worst = 0.0
    for name in INPUTS:
        if once[name].tobytes() != again[name].tobytes():
            return False, f"two passes differ in the gradient of {name}"
        expected = fixture.values(f"grad_{name}")
        scale = max(abs(value) for value in expected)
        error = largest_error(once[name], expected)
        if not error <= GRADIENT * scale:
            return False, f"the gradient of {name} is off by {error:.1e} of {scale:.1e}"
        worst = max(worst, error / scale)
    return True, f"{worst:.1e} of the largest entry, the same bytes twice"


def judge(context, path):
    """[(case, holds, detail)]"""
    results = []
    parts = [("projection", project), ("pictures", draw)]
    fixture = Fixture(path, context)
    if fixture.has("grad_means"):
        parts.append(("gradients", differentiate))
    for name, part in parts:
        try:
            ok, detail = part(fixture)
        except diorama.Failure as failure:
            ok, detail = False, str(failure)
        results.append((f"{path.stem} {name}", ok, detail))
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", required=True)
    parser.add_argument("--backend", default="cuda")
    parser.add_argument("--fixtures", type=pathlib.Path, default=HOME / "tests" / "fixtures" / "splat")
    options = parser.parse_args()
    cases = sorted(options.fixtures.glob("*.safetensors"))
    if not cases:
        sys.exit(f"{options.fixtures} holds no *.safetensors; --fixtures names the folder of the splat fixtures")
    library = diorama.Library(options.library)
    failed = 0
    for path in cases:
        context = library.context(options.backend)
        for name, ok, detail in judge(context, path):
            print(f"{name}: {'holds' if ok else 'FAILS'}, {detail}", flush=True)
            failed += not ok
        context.close()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
