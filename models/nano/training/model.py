"""The whole model: transformer and text encoder, from scratch, from an exported folder, or grown from one."""
from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor, nn

import tensors
from text_encoder import TextConfig, TextEncoder
from tokenizer import UNKNOWN, Tokenizer
from transformer import Transformer, WanConfig

TRANSFORMER_FILE = "transformer/diffusion_pytorch_model.safetensors"
TEXT_FILE = "text_encoder/model.safetensors"


class Model(nn.Module):
    """Text and noisy latents to clean latents."""

    def __init__(self, wan: WanConfig, text: TextConfig):
        super().__init__()
        self.transformer, self.text_encoder = Transformer(wan), TextEncoder(text)

    def forward(self, latents: Tensor, timestep: Tensor, tokens: Tensor) -> Tensor:
        """latents [B, C, F, h, w], timestep [B, F] in 0..1000, tokens [B, L] to clean latents."""
        return self.transformer(latents, timestep, self.text_encoder(tokens))


def _read(path: Path) -> dict[str, Tensor]:
    return {name: t.float() for name, t in tensors.load(path).items()}


def load_folder(folder: Path) -> Model:
    """An exported model, in single precision."""
    wan = json.loads((folder / "transformer/config.json").read_text())
    text = json.loads((folder / "text_encoder/config.json").read_text())
    model = Model(
        WanConfig(channels=wan["in_channels"], heads=wan["num_attention_heads"], head_size=wan["attention_head_dim"],
                  layers=wan["num_layers"], ffn=wan["ffn_dim"], text=wan["text_dim"], frequencies=wan["freq_dim"]),
        TextConfig(text["vocab_size"], text["d_model"], text["d_kv"], text["num_heads"], text["d_ff"], text["num_layers"]))
    model.transformer.load_state_dict(_read(folder / TRANSFORMER_FILE))
    model.text_encoder.load_state_dict(_read(folder / TEXT_FILE))
    return model


@torch.no_grad()
def grow(model: Model, folder: Path, tokenizer: Tokenizer) -> None:
    """Takes over an earlier model of the same widths with fewer latent channels and other tokens.

    What reads or makes new channels starts at zero; a new token starts as the mean of the tokens that spelled it.
    """
    old = load_folder(folder)
    wide, narrow = model.transformer.config, old.transformer.config
    state = old.transformer.state_dict()
    for name, p in model.transformer.named_parameters():
        if name == "patch_embedding.weight":
            p.zero_()[:, :narrow.channels] = state[name]
        elif name.startswith("proj_out."):
            kept = state[name].unflatten(0, (-1, narrow.channels))
            p.zero_().unflatten(0, (-1, wide.channels))[:, :narrow.channels] = kept
        else:
            p.copy_(state[name])
    spelling = Tokenizer.load(folder / "tokenizer")
    table, state = old.text_encoder.shared.weight, old.text_encoder.state_dict()
    for name, p in model.text_encoder.named_parameters():
        if name != "shared.weight":
            p.copy_(state[name])
            continue
        for i, (text, _) in enumerate(tokenizer.pieces):
            ids = spelling.spell(text) if i > UNKNOWN else [i]
            p[i] = table[ids].mean(0)
