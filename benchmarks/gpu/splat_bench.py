"""Frames, gradients and fits of Gaussian splats: time, memory, the share of each stage's floor, gsplat beside them."""
import math
import statistics
import time

import torch

import measure
import splat_peers
import splat_scenes
import splats

# Operations of an evaluation (a Gaussian at a pixel), and more for its gradient: kernels/splat/README.md.
EVALUATION_FLOPS, BACKWARD_FLOPS = 14, 30
# In the order of dio_splat_step.
RATES = {"means": 1.6e-4, "quats": 1e-3, "log_scales": 5e-3, "logit_opacities": 5e-2, "constant": 2.5e-3, "other": 1.25e-4}
BETA1, BETA2, EPS, SSIM_WEIGHT = 0.9, 0.999, 1e-15, 0.2
GAUSSIAN = 4 * 11  # bytes of a mean, a quaternion, three scales and an opacity
RECORD = 48  # bytes of a Gaussian in the picture
KEY = 8  # bytes of a sorted key with its number
SLOT = 4 * 9  # bytes of a pair's gradient: six moments and three colours


def stage_floors(stats, pixels, harmonics, rates):
    """Milliseconds that each stage's unavoidable bytes and operations take at the measured rates. harmonics: bytes of one.

    What must be read and written once: whole Gaussians by the projection (harmonics of visible ones), keys by both sorts,
    records and numbers of every intersection by the rasterizer, a slot of every intersection by its backward pass.
    """
    flops_rate, bytes_rate = rates
    harmonics *= 3 * splat_scenes.COEFFICIENTS
    project = stats.gaussians * (GAUSSIAN + 4) + stats.visible * (harmonics + RECORD)
    lists = stats.intersections * (RECORD + 4)
    return {
        "project": (project / bytes_rate) * 1e3,
        "bin": (stats.gaussians * 4 + stats.visible * KEY + stats.intersections * KEY) / bytes_rate * 1e3,
        "sort": 2 * KEY * (stats.visible + stats.intersections) / bytes_rate * 1e3,
        "raster": max((lists + 12 * pixels) / bytes_rate, stats.evaluations * EVALUATION_FLOPS / flops_rate) * 1e3,
        "raster_backward": max((lists + stats.intersections * SLOT + 24 * pixels) / bytes_rate,
                               stats.evaluations * (EVALUATION_FLOPS + BACKWARD_FLOPS) / flops_rate) * 1e3,
        "project_backward": (stats.intersections * SLOT + stats.gaussians * GAUSSIAN + project) / bytes_rate * 1e3,
    }


class Ours:
    """A scene on a context of Diorama's, drawn again and again into the same memory."""

    def __init__(self, context, scene, harmonics=torch.float32):
        self.context, self.scene = context, scene
        tensors = {**scene.tensors(), "sh": scene.sh.to(harmonics)}
        device = scene.means.device
        self.rgb = torch.empty(scene.camera.height, scene.camera.width, 3, device=device)
        self._kept = tensors
        self._gaussians = splats.gaussians(**tensors)
        self._settings = splats.settings(context, sh_degree=3)
        self._images = splats.images(rgb=self.rgb)
        self.frame = splats.Frame(context)

    def render(self):
        self.context.call("dio_splat_render", self.frame, self._gaussians, self.scene.camera, self._settings, self._images)
        return self.rgb

    def prepare_backward(self):
        self.weights = torch.empty_like(self.rgb)
        self.results = {name: torch.empty_like(tensor) for name, tensor in self.scene.tensors().items()}
        self._weights, self._gradients = splats.images(rgb=self.weights), splats.gradients(**self.results)

    def render_and_backward(self):
        """The gradient of the sum of squares of the picture."""
        self.render()
        self.context.combine([self.rgb], [self.weights], [2.0])
        self.context.call("dio_splat_backward", self.frame, self._gaussians, self._weights, False, self._gradients)
        return self.rgb

    def prepare_fit(self, target):
        self.weights, self._target, self._count = torch.empty_like(self.rgb), target, 0
        self.losses = torch.empty(4, device=target.device)
        # A copy: what is learnt changes in place.
        learnt = {name: tensor.clone() for name, tensor in self._kept.items()}
        means, squares = ({name: torch.zeros_like(tensor) for name, tensor in learnt.items()} for _ in range(2))
        self._kept = (learnt, means, squares)
        self._weights, self._gaussians = splats.images(rgb=self.weights), splats.gaussians(**learnt)
        self._state = [splats.parameters(**tensors) for tensors in self._kept]

    def fit(self):
        """Render, loss, and in one call gradients and Adam."""
        self._count += 1
        self.render()
        self.context.call("dio_splat_loss", self.rgb, self._target, None, SSIM_WEIGHT, self.losses, self.weights)
        step = splats.Step(self._count, BETA1, BETA2, EPS, *RATES.values(), 0, 0)
        self.context.call("dio_splat_backward_step", self.frame, self._weights, step, *self._state, None)
        return self.losses[0]

    def close(self):
        self.context.synchronize()
        self.frame.close()
        self.context.library.check(self.context.library.dio_context_trim(self.context.handle))


class Bench:
    """rates: (f32 operations, bytes) a second."""

    def __init__(self, context, device, small, timer, rates, peer, absent):
        self.context, self.device, self.small, self.timer, self.rates = context, device, small, timer, rates
        self.peer, self.absent = peer, absent

    def _memory(self, before):
        """MB that PyTorch holds at most since then, with the scene."""
        return (torch.cuda.max_memory_allocated() - before) / 1e6 if self.device == "cuda" else math.nan

    def _start_memory(self, scene):
        if self.device != "cuda":
            return 0
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated() - sum(t.numel() * t.element_size() for t in scene.tensors().values())

    def _peer(self, row, run):
        if self.peer is None:
            row["peers"]["gsplat"] = {"absent": self.absent}
            return
        try:
            row["peers"][self.peer.name] = run()
        except Exception as error:  # out of memory, say: said in the table, not hidden
            row["peers"][self.peer.name] = {"absent": str(error).splitlines()[0][:100]}

    def _rows(self, operation, name, run, ours, harmonics, stages):
        median, low, high = self.timer.median(run)
        collected = []
        for _ in range(3 if self.small else 7):
            run()
            collected.append(ours.frame.stats())
        last = collected[-1]
        floors = stage_floors(last, ours.rgb.shape[0] * ours.rgb.shape[1], harmonics, self.rates)
        whole = sum(floors[stage] for stage in stages)
        row = {"operation": operation, "case": name, "median_ms": median, "min_ms": low, "max_ms": high, "floor_ms": whole,
               "share_of_floor": whole / median, "peers": {}, "visible": last.visible, "intersections": last.intersections,
               "evaluations": last.evaluations, "frame_mb": last.bytes / 1e6}
        parts = []
        for stage in stages:
            times = [getattr(stats, f"{stage}_ms") for stats in collected]
            time_ms = statistics.median(times)
            parts.append({"operation": f"  {stage.replace('_', ' ')}", "case": name, "median_ms": time_ms, "min_ms": min(times),
                          "max_ms": max(times), "floor_ms": floors[stage], "peers": {},
                          "share_of_floor": floors[stage] / time_ms if time_ms > 0 else math.nan})
        return row, parts

    def frames(self, scene, harmonics=torch.float32):
        """A rendering and its stages."""
        name = f"{scene.name} n{scene.count} {scene.camera.width}x{scene.camera.height}"
        name += " f16 SH" if harmonics == torch.float16 else ""
        before = self._start_memory(scene)
        ours = Ours(self.context, scene, harmonics)
        row, parts = self._rows("splat render", name, ours.render, ours, 2 if harmonics == torch.float16 else 4,
                                ("project", "bin", "sort", "raster"))
        row["memory_mb"] = self._memory(before) + self.context.memory().reserved_bytes / 1e6
        picture = ours.render().clone()
        ours.close()

        def peer():
            start = self._start_memory(scene)
            parameters, view = self.peer.parameters(scene, False), self.peer.view(scene.camera, self.device)
            draw = lambda: self.peer.draw(parameters, view)
            with torch.no_grad():
                row["error"] = measure.relative_error(picture, draw())
                median, low, high = self.timer.median(draw)
            return {"median_ms": median, "min_ms": low, "max_ms": high, "memory_mb": self._memory(start)}

        self._peer(row, peer)
        return [row, *parts]

    def gradients(self, scene):
        """A rendering, the gradient of the sum of its squares, and their stages."""
        name = f"{scene.name} n{scene.count} {scene.camera.width}x{scene.camera.height}"
        before = self._start_memory(scene)
        ours = Ours(self.context, scene)
        ours.prepare_backward()
        row, parts = self._rows("splat fwd + bwd", name, ours.render_and_backward, ours, 4,
                                ("project", "bin", "sort", "raster", "raster_backward", "project_backward"))
        row["memory_mb"] = self._memory(before) + self.context.memory().reserved_bytes / 1e6
        results = {key: tensor.cpu() for key, tensor in ours.results.items()}
        ours.close()
        del ours

        def peer():
            start = self._start_memory(scene)
            parameters, view = self.peer.parameters(scene, True), self.peer.view(scene.camera, self.device)

            def both():
                for parameter in parameters.values():
                    parameter.grad = None
                self.peer.draw(parameters, view).square().sum().backward()

            with torch.enable_grad():
                both()
                row["error"] = max(measure.relative_error(results[key], parameters[key].grad.cpu()) for key in results)
                median, low, high = self.timer.median(both)
            return {"median_ms": median, "min_ms": low, "max_ms": high, "memory_mb": self._memory(start)}

        self._peer(row, peer)
        return [row, *parts[4:]]

    def fit(self, scene, steps):
        """Steps of a fit: from other colours and opacities back to a picture of the scene."""
        name = f"{scene.name} n{scene.count} {scene.camera.width}x{scene.camera.height}, {steps} steps"
        drawn = Ours(self.context, scene)
        target = drawn.render().clamp(0, 1).clone()
        drawn.close()
        begun = splat_scenes.replace(scene, sh=scene.sh * 0.5, logit_opacities=scene.logit_opacities - 1)
        before = self._start_memory(begun)
        ours = Ours(self.context, begun)
        ours.prepare_fit(target)
        first, last, ms = self._time_steps(ours.fit, steps)
        stats = ours.frame.stats()
        memory = self._memory(before) + self.context.memory().reserved_bytes / 1e6
        ours.close()
        del ours
        floors = stage_floors(stats, scene.camera.width * scene.camera.height, 4, self.rates)
        # Adam reads and writes x, m and v of 59 parameters besides the gradient.
        floor = sum(floors.values()) + scene.count * (GAUSSIAN + 12 * splat_scenes.COEFFICIENTS) * 6 / self.rates[1] * 1e3
        row = {"operation": "splat fit, a step", "case": name, "median_ms": ms, "min_ms": ms, "max_ms": ms, "floor_ms": floor,
               "share_of_floor": floor / ms, "peers": {}, "memory_mb": memory, "loss": [first, last]}
        if not last < first:
            row["error"] = math.nan  # a fit that does not lower its loss has no time

        def peer():
            start = self._start_memory(begun)
            with torch.enable_grad():
                step = self.peer.fit(begun, self.peer.view(begun.camera, self.device), target, RATES)
                begin, end, peer_ms = self._time_steps(step, steps)
            return {"median_ms": peer_ms, "memory_mb": self._memory(start), "loss": [begin, end]}

        self._peer(row, peer)
        return [row]

    def _time_steps(self, step, steps):
        """(loss of the first step, of the last, milliseconds a step by the clock)."""
        first = step().item()
        self.context.synchronize()
        begin = time.perf_counter()
        for _ in range(steps - 1):
            loss = step()
        last = loss.item()
        return first, last, (time.perf_counter() - begin) / (steps - 1) * 1e3


def against_reference(library, context, scene):
    """How far a small picture and its gradients are from the reference backend's, which computes in double."""
    host = splat_scenes.replace(scene, **{name: tensor.cpu() for name, tensor in scene.tensors().items()})
    truth = library.context("reference")
    expected, found = Ours(truth, host), Ours(context, scene)
    errors = []
    for ours in (expected, found):
        ours.prepare_backward()
        ours.render_and_backward()
        ours.context.synchronize()
    errors.append(measure.relative_error(found.rgb.cpu(), expected.rgb))
    errors += [measure.relative_error(found.results[name].cpu(), expected.results[name]) for name in found.results]
    expected.close()
    found.close()
    truth.close()
    return max(errors)


def f32_rate(timer, device):
    """Floating-point operations a second of a plain f32 product, without tensor cores."""
    n = 8192 if device == "cuda" else 256
    a, b = (torch.randn(n, n, device=device) for _ in range(2))
    kept = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = False
    median = timer.median(lambda: a @ b)[0]
    torch.backends.cuda.matmul.allow_tf32 = kept
    return 2.0 * n ** 3 / median * 1e3


def run(library, context, device, small, timer, bytes_rate, options):
    """Rows for the table."""
    peer, absent = None, options.no_gsplat or "it needs a GPU"
    if device == "cuda" and not options.no_gsplat:
        peer, absent = splat_peers.find_gsplat(options.gsplat)
    bench = Bench(context, device, small, timer, (f32_rate(timer, device), bytes_rate), peer, absent)
    base = (splat_scenes.read(options.scene, device, 3000 if small else None) if options.scene
            else splat_scenes.procedural(3000 if small else 1_000_000, device))
    counts, pictures, steps = ((2000, 5000), ((96, 54), (160, 90)), 20) if small else (
        (1_000_000, 5_000_000), ((1920, 1080), (3840, 2160)), 200)
    checked = base.copies(2000).at(96, 54)
    error = against_reference(library, context, checked)
    yield {"operation": "splat check", "case": f"{base.name} n{checked.count} beside reference", "median_ms": math.nan,
           "min_ms": math.nan, "max_ms": math.nan, "floor_ms": math.nan, "share_of_floor": math.nan, "peers": {},
           "error": error}
    for count in counts:
        scene = base.copies(count)
        for width, height in pictures:
            yield from bench.frames(scene.at(width, height))
            yield from bench.gradients(scene.at(width, height))
        yield from bench.frames(scene.at(*pictures[0]), torch.float16)
    one = base.copies(counts[0]).at(*pictures[0])
    yield from bench.fit(one, steps)
