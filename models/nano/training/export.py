"""Writes a model folder (weights in bf16) from a checkpoint, and the golden answers of what it wrote.

    python export.py CHECKPOINT CODEC TOKENIZER MODEL_FOLDER [--golden FOLDER]

The golden answers are the trainer's own sampler, in single precision, on the weights as they were written: the engine
has to give the same frames.
"""
from __future__ import annotations

import argparse
import json
import random
import shutil
import struct
import zlib
from pathlib import Path

import torch
from torch import Tensor

import codec as codecs
import tensors
from model import TEXT_FILE, TRANSFORMER_FILE, Model
from render import render
from sample import Generator
from spec import sample_spec
from text_encoder import TextConfig
from tokenizer import LENGTH, Tokenizer
from transformer import WanConfig

PROMPT, SEED = "a large blue cube on sand at sunset, camera orbits", 7
TRACED = (0, 1, 4)  # steps whose numbers are kept, besides the last
CODEC_FRAMES = 9


def _json(path: Path, values: dict) -> None:
    path.write_text(json.dumps(values, indent=2) + "\n")


def averaged(checkpoint: Path, channels: int, vocabulary: int, wan: dict | None = None) -> Model:
    """The averaged weights of a training checkpoint."""
    model = Model(WanConfig(channels=channels, **(wan or {})), TextConfig(vocabulary))
    with torch.no_grad():
        for p, value in zip(model.parameters(), torch.load(checkpoint)["average"], strict=True):
            p.copy_(value)
    return model.eval()


def write_model(model: Model, codec: codecs.Codec, tokenizer: Tokenizer, folder: Path, steps: int, guidance: float,
                shift: float, size: int = 64, frames: int = 17) -> None:
    """Writes all files of a model folder but its card."""
    for part in ("transformer", "text_encoder", "vae", "scheduler"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    half = lambda module: {k: v.bfloat16() for k, v in module.state_dict().items()}
    tensors.save(half(model.transformer), folder / TRANSFORMER_FILE, {"format": "pt"})
    tensors.save(half(model.text_encoder), folder / TEXT_FILE, {"format": "pt"})
    tensors.save(codec, folder / "vae/diffusion_pytorch_model.safetensors", {"format": "pt"})
    tokenizer.save(folder / "tokenizer")
    c, t = model.transformer.config, model.text_encoder.config
    _json(folder / "transformer/config.json", {
        "_class_name": "WanTransformer3DModel", "added_kv_proj_dim": None, "attention_head_dim": c.head_size,
        "cross_attn_norm": True, "eps": c.eps, "ffn_dim": c.ffn, "freq_dim": c.frequencies, "image_dim": None,
        "in_channels": c.channels, "num_attention_heads": c.heads, "num_layers": c.layers, "out_channels": c.channels,
        "patch_size": [1, c.patch, c.patch], "pos_embed_seq_len": None, "qk_norm": "rms_norm_across_heads",
        "rope_max_seq_len": 64, "text_dim": c.text})
    _json(folder / "text_encoder/config.json", {
        "architectures": ["UMT5EncoderModel"], "d_ff": t.d_ff, "d_kv": t.d_kv, "d_model": t.d_model,
        "dense_act_fn": "gelu_new", "dropout_rate": 0.0, "eos_token_id": 1, "feed_forward_proj": "gated-gelu",
        "is_gated_act": True, "layer_norm_epsilon": t.eps, "model_type": "umt5", "num_heads": t.num_heads,
        "num_layers": t.num_layers, "pad_token_id": 0, "relative_attention_max_distance": t.max_distance,
        "relative_attention_num_buckets": t.buckets, "tie_word_embeddings": True, "vocab_size": t.vocab_size})
    _json(folder / "vae/config.json", {
        "_class_name": "PatchCodec", "patch_size": codecs.PATCH, "temporal_patch_size": codecs.STRIDE,
        "latent_channels": c.channels, "scale_factor_spatial": codecs.PATCH, "scale_factor_temporal": codecs.STRIDE})
    _json(folder / "scheduler/scheduler_config.json", {
        "_class_name": "UniPCMultistepScheduler", "disable_corrector": [], "final_sigmas_type": "zero",
        "flow_shift": shift, "lower_order_final": True, "num_train_timesteps": 1000, "predict_x0": True,
        "prediction_type": "sample", "solver_order": 2, "solver_type": "bh2", "use_flow_sigmas": True})
    _json(folder / "model_index.json", {
        "_class_name": "WanPipeline", "boundary_ratio": None, "expand_timesteps": True,
        "scheduler": ["diffusers", "UniPCMultistepScheduler"], "text_encoder": ["transformers", "UMT5EncoderModel"],
        "tokenizer": ["transformers", "PreTrainedTokenizerFast"], "transformer": ["diffusers", "WanTransformer3DModel"],
        "transformer_2": [None, None], "vae": ["diorama", "PatchCodec"]})
    _json(folder / "generation_config.json", {
        "width": size, "height": size, "num_frames": frames, "frame_rate": 8, "num_inference_steps": steps,
        "guidance_scale": guidance, "max_sequence_length": LENGTH})


def write_png(image: Tensor, path: Path) -> None:
    """uint8 [H, W, 3]."""
    height, width, _ = image.shape
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + row.numpy().tobytes() for row in image)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def _traced(trace: dict[str, Tensor], steps: int) -> dict[str, Tensor]:
    """Of a sampler's trace, the numbers of a few steps; a fixture need not tell all."""
    kept = {*TRACED, steps - 1}
    of = lambda key: int(key.split(".")[1]) // (1 if key.startswith("latents") else 2)
    return {key: value for key, value in trace.items() if of(key) in kept}


@torch.no_grad()
def write_golden(model_folder: Path, golden: Path, name_of_model: str, size: int = 64, frames: int = 17) -> None:
    """The answers to one prompt, without and with a first frame, and those of the codec alone."""
    golden.mkdir(parents=True, exist_ok=True)
    g = Generator.open(model_folder)
    rng = random.Random(5)
    clip = render(sample_spec(rng), rng, size, frames)[None]
    video = codecs.pixels(clip)
    tokens = g.tokenizer.batch([PROMPT])
    noise, trace, trace_i2v = g.noise(1, SEED, frames, size), {}, {}
    drawn = codecs.decode(g.codec, g.latents([PROMPT], noise, trace=trace))[0]
    first = codecs.encode(g.codec, video[:, :1])[:, :, 0]
    moved = codecs.decode(g.codec, g.latents([PROMPT], noise, first, trace_i2v))[0]
    alone = clip[:, :CODEC_FRAMES]
    latents = codecs.encode(g.codec, codecs.pixels(alone))
    tensors.save({"prompt.input_ids": tokens, "encoder_hidden_states.cond": g.model.text_encoder(tokens),
                  "frames": (drawn + 1) / 2, "codec.video": alone, "codec.latents": latents,
                  "codec.reconstruction": codecs.decode(g.codec, latents), **_traced(trace, g.steps)},
                 golden / "golden.safetensors")
    tensors.save({"image": (video[0, 0] + 1) / 2, "frames": (moved + 1) / 2, **_traced(trace_i2v, g.steps)},
                 golden / "golden_i2v.safetensors")
    write_png(clip[0, 0], golden / "image.png")
    request = {"prompt": PROMPT, "negative_prompt": "", "num_inference_steps": g.steps, "guidance_scale": g.guidance,
               "seed": SEED, "width": size, "height": size, "num_frames": frames, "max_sequence_length": LENGTH,
               "model": name_of_model}
    _json(golden / "golden.json", request)
    _json(golden / "golden_i2v.json", {**request, "image": "image.png"})


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkpoint", type=Path)
    p.add_argument("codec", type=Path)
    p.add_argument("tokenizer", type=Path)
    p.add_argument("folder", type=Path)
    p.add_argument("--golden", type=Path)
    p.add_argument("--name", default="models/nano", help="the folder as the golden requests name it")
    p.add_argument("--steps", type=int, default=8)
    p.add_argument("--guidance", type=float, default=2.5)
    p.add_argument("--shift", type=float, default=6.0)
    a = p.parse_args()
    codec, tokenizer = tensors.load(a.codec), Tokenizer.load(a.tokenizer)
    model = averaged(a.checkpoint, len(codec["encoder.first.weight"]), len(tokenizer))
    if a.golden:
        shutil.rmtree(a.golden, ignore_errors=True)
    write_model(model, codec, tokenizer, a.folder, a.steps, a.guidance, a.shift)
    if a.golden:
        write_golden(a.folder, a.golden, a.name)


if __name__ == "__main__":
    main()
