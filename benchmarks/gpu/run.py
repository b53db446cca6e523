#!/usr/bin/env python3
"""Diorama's kernels beside PyTorch's, in one process, on the same memory and stream.

    python3 run.py --library build/libdiorama.so [--backend cuda] [--only attention,linear,denoise,codec,step,decode,splat]
                   [--json results.json] [--repeats 21] [--small] [--scene FILE] [--gsplat DIR | --no-gsplat REASON]

Prints a table and writes JSON. --small runs tiny cases, on --backend cpu too: a check of this program itself.
Splats are drawn from --scene (.npz of points, .ply of Gaussians; a procedural one without it), beside gsplat where it is
installed or --gsplat names a checkout of it.
"""
import argparse
import contextlib
import json
import math
import sys

import torch

import cases
import diorama
import measure
import networks
import splat_bench
import splat_peers
from operations import DioramaOperations, TorchOperations


def run_case(case, timer, flops_rate, bytes_rate):
    floor = case.flops / flops_rate if case.bound == "flops" else case.bytes / bytes_rate
    result = case.ours()
    row = {"operation": case.operation, "case": case.name, "floor_ms": floor * 1e3, "peers": {}}
    if case.truth is not None:
        rows = torch.linspace(0, (result.shape[1] if result.dim() == 4 else result.shape[0]) - 1, 7).long().to(result.device)
        picked = result[0, rows] if result.dim() == 4 else result[rows]
        row["error"] = measure.relative_error(picked, case.truth(rows))
    for name, theirs in case.theirs.items():
        try:
            other = theirs()
        except Exception as error:  # a peer may be missing: said in the table, not hidden
            row["peers"][name] = {"absent": str(error).splitlines()[0][:100]}
            continue
        if case.truth is None:
            row.setdefault("error", measure.relative_error(result, other.reshape(result.shape)))
        median, low, high = timer.median(theirs)
        row["peers"][name] = {"median_ms": median, "min_ms": low, "max_ms": high}
    median, low, high = timer.median(case.ours)
    row.update(median_ms=median, min_ms=low, max_ms=high, share_of_floor=floor * 1e3 / median)
    return row


def run_network(name, ours, theirs, flops, timer, flops_rate, graph=None):
    row = {"operation": name, "case": ours[0], "floor_ms": flops / flops_rate * 1e3, "peers": {}}
    row["error"] = measure.relative_error(ours[1](), theirs[1]())
    median, low, high = timer.median(theirs[1])
    row["peers"][theirs[0]] = {"median_ms": median, "min_ms": low, "max_ms": high}
    median, low, high = timer.median(graph or ours[1])
    row.update(median_ms=median, min_ms=low, max_ms=high, share_of_floor=row["floor_ms"] / median)
    return row


def denoising_step(context, device, small, timer, flops_rate):
    size = networks.TransformerSize(2, 2, 16, 64, 20, 48) if small else networks.TransformerSize()
    network = networks.Transformer(size, torch.bfloat16, device)
    ours, theirs = DioramaOperations(context), TorchOperations()
    launch = None
    if device == "cuda":
        network(ours)  # memory of the first call
        recorded = context.record(lambda: setattr(network, "kept", network(ours)))
        launch = lambda: context.launch(recorded)
    return run_network("denoising step", (f"Wan 2.1 1.3B, {size.tokens} tokens, bf16", lambda: network(ours)),
                       ("eager", lambda: network(theirs)), size.flops(), timer, flops_rate, launch)


def decode(context, device, small, timer, flops_rate):
    network = (networks.Decoder(torch.bfloat16, device, 8, 16, 6, 4) if small
               else networks.Decoder(torch.bfloat16, device))
    frames = 3 if small else 21
    latents = torch.randn(frames, *network.latent_shape, device=device).bfloat16()
    ours, theirs = DioramaOperations(context), TorchOperations()
    timer = measure.Timer(device, 3)
    last = lambda ops: network(ops, latents)[-1]
    last(ours)
    return run_network("vae decode", (f"{4 * frames - 3} frames, bf16", lambda: last(ours)),
                       ("eager", lambda: last(theirs)), network.flops, timer, flops_rate)


def memory(row):
    return f", {row['memory_mb']:.0f} MB" if row.get("memory_mb", math.nan) > 0 else ""


def without_nan(value):
    """JSON has no NaN."""
    if isinstance(value, dict):
        return {key: without_nan(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def table(rows):
    lines = [f"{'operation':<20} {'case':<38} {'ours ms':>10} {'of floor':>9} {'error':>9}  peers (times ours)"]
    for row in rows:
        peers = ", ".join(
            f"{name} {peer['median_ms']:.3f} ({peer['median_ms'] / row['median_ms']:.2f}x){memory(peer)}" if "median_ms" in peer
            else f"{name} absent: {peer['absent']}" for name, peer in row["peers"].items())
        peers += f"  ours{memory(row)}" if memory(row) else ""
        lines.append(f"{row['operation']:<20} {row['case']:<38} {row['median_ms']:>10.3f} {row['share_of_floor']:>9.1%} "
                     f"{row.get('error', math.nan):>9.1e}  {peers}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", required=True)
    parser.add_argument("--backend", default="cuda")
    parser.add_argument("--only", default="attention,linear,denoise,codec,step,decode,splat")
    parser.add_argument("--json")
    parser.add_argument("--repeats", type=int, default=21)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--scene")
    parser.add_argument("--gsplat")
    parser.add_argument("--no-gsplat", metavar="REASON")
    options = parser.parse_args()
    device = "cuda" if options.backend.startswith("cuda") else "cpu"
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    library = diorama.Library(options.library)
    context = library.context(options.backend)
    scope = contextlib.nullcontext()
    if device == "cuda":  # one stream for both sides
        stream = torch.cuda.Stream()
        context.use_stream(stream.cuda_stream)
        scope = torch.cuda.stream(stream)
    rows, wanted = [], options.only.split(",")
    with torch.no_grad(), scope:
        timer = measure.Timer(device, options.repeats)
        flops_rate, bytes_rate = measure.rates(timer, device)
        print(f"{options.backend}: {flops_rate / 1e12:.1f} TFLOP/s of bf16 products, {bytes_rate / 1e12:.2f} TB/s copied",
              flush=True)
        for group, make in cases.GROUPS.items():
            if group not in wanted:
                continue
            for case in make(context, device, options.small):
                rows.append(run_case(case, timer, flops_rate, bytes_rate))
                print(table(rows[-1:]).splitlines()[1], flush=True)
        for group, run in (("step", denoising_step), ("decode", decode)):
            if group in wanted:
                rows.append(run(context, device, options.small, timer, flops_rate))
                print(table(rows[-1:]).splitlines()[1], flush=True)
        if "splat" in wanted:
            for row in splat_bench.run(library, context, device, options.small, timer, bytes_rate, options):
                rows.append(row)
                print(table(rows[-1:]).splitlines()[1], flush=True)
    published = splat_peers.PUBLISHED if "splat" in wanted else ()
    if options.json:
        with open(options.json, "w") as file:
            report = {"backend": options.backend, "torch": torch.__version__, "flops": flops_rate,
                      "bytes_per_second": bytes_rate, "rows": rows, "published": published}
            json.dump(without_nan(report), file, indent=1, allow_nan=False)
    print(table(rows))
    for figure, source in published:
        print(f"published: {figure} ({source})")
    worst = max((row.get("error", 0.0) for row in rows), key=lambda error: math.inf if math.isnan(error) else error)
    if not worst < 0.05:  # NaN as well
        sys.exit(f"a result differs by {worst:.2g} from what PyTorch says; see the column error")


if __name__ == "__main__":
    main()
