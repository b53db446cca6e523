"""Medians by CUDA events on one stream for both sides, or by the clock on a CPU."""
import statistics
import time

import torch


class Timer:
    def __init__(self, device, repeats):
        self.device, self.repeats = device, repeats
        # Between runs this much is overwritten, so that inputs come from memory and not from the L2.
        self._flush = torch.empty(128 << 20, dtype=torch.uint8, device=device) if device == "cuda" else None

    def median(self, body):
        """(median, minimum, maximum) in milliseconds."""
        for _ in range(3):
            body()
        return self._by_events(body) if self.device == "cuda" else self._by_clock(body)

    def _by_events(self, body):
        pairs = []
        for _ in range(self.repeats):
            self._flush.zero_()
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            body()
            end.record()
            pairs.append((start, end))
        torch.cuda.synchronize()
        return _three([start.elapsed_time(end) for start, end in pairs])

    def _by_clock(self, body):
        times = []
        for _ in range(self.repeats):
            begin = time.perf_counter()
            body()
            times.append((time.perf_counter() - begin) * 1e3)
        return _three(times)


def _three(times):
    return statistics.median(times), min(times), max(times)


def rates(timer, device):
    """What the machine reaches: (bf16 FLOP/s of an 8192-cubed product, bytes/s of a copy, read and written)."""
    n, size = (8192, 1 << 30) if device == "cuda" else (256, 1 << 22)
    a, b = (torch.randn(n, n, device=device).bfloat16() for _ in range(2))
    product = timer.median(lambda: a @ b)[0]
    source, target = (torch.empty(size, dtype=torch.uint8, device=device) for _ in range(2))
    copy = timer.median(lambda: target.copy_(source))[0]
    return 2.0 * n ** 3 / product * 1e3, 2.0 * size / copy * 1e3


def relative_error(ours, theirs):
    a, b = ours.double(), theirs.double()
    return ((a - b).norm() / b.norm()).item()
