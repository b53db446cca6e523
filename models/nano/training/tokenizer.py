"""The tokenizer: a Unigram model (Kudo 2018) of whole words and letters, kept as a `tokenizer.json`.

    python tokenizer.py FOLDER      # counts the words of the world's captions

It reads prompts as the tokenizers library does: NFKC, lower case, one mark before each word, the likeliest pieces.
"""
from __future__ import annotations

import argparse
import collections
import json
import math
import random
import re
import unicodedata
from pathlib import Path

import torch
from torch import Tensor

from captions import caption
from spec import sample_spec

PAD, END, UNKNOWN = 0, 1, 2
LENGTH = 32
MARK = "\u2581"
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789,?.!:;'\"-()"
_LETTER_SCORE = -14.0
_UNKNOWN_PENALTY = 10.0


class Tokenizer:
    """pieces: (text, log probability), the first three being padding, end and unknown."""

    def __init__(self, pieces: list[tuple[str, float]]):
        self.pieces = pieces
        self.ids = {text: i for i, (text, _) in enumerate(pieces) if i > UNKNOWN}
        self.scores = [score for _, score in pieces]
        self.longest = max(map(len, self.ids))
        self.unknown_score = min(self.scores) - _UNKNOWN_PENALTY
        self._words: dict[str, list[int]] = {}

    @staticmethod
    def load(folder: str | Path) -> Tokenizer:
        model = json.loads((Path(folder) / "tokenizer.json").read_text())["model"]
        return Tokenizer([(text, score) for text, score in model["vocab"]])

    def __len__(self) -> int:
        return len(self.pieces)

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, without end and padding."""
        text = re.sub(" {2,}", " ", unicodedata.normalize("NFKC", text).lower())
        tokens: list[int] = []
        for word in re.findall(f"{MARK}[^{MARK}]*", MARK + text.replace(" ", MARK)) if text else []:
            if word not in self._words:
                self._words[word] = self._split(word)
            tokens += self._words[word]
        return tokens

    def spell(self, piece: str) -> list[int]:
        """The tokens that make up a piece of another tokenizer; unknown if there are none."""
        return self._split(piece) or [UNKNOWN]

    def _split(self, word: str) -> list[int]:
        """Viterbi: the split of the highest sum of scores; neighbouring unknown letters are one token."""
        best = [(0.0, 0, UNKNOWN)] + [(-math.inf, 0, UNKNOWN)] * len(word)
        for end in range(1, len(word) + 1):
            for start in range(max(0, end - self.longest), end):
                piece = self.ids.get(word[start:end])
                if piece is None and end - start > 1:
                    continue
                score = best[start][0] + (self.unknown_score if piece is None else self.scores[piece])
                if score > best[end][0]:
                    best[end] = (score, start, UNKNOWN if piece is None else piece)
        tokens, at = [], len(word)
        while at > 0:
            _, start, piece = best[at]
            if not (piece == UNKNOWN and tokens and tokens[-1] == UNKNOWN):
                tokens.append(piece)
            at = start
        return tokens[::-1]

    def batch(self, texts: list[str]) -> Tensor:
        """Tokens [B, LENGTH] with end mark and padding."""
        rows = [self.encode(t)[:LENGTH - 1] + [END] for t in texts]
        return torch.tensor([r + [PAD] * (LENGTH - len(r)) for r in rows])

    def fits(self, text: str) -> bool:
        return len(self.encode(text)) < LENGTH

    def save(self, folder: str | Path) -> None:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        space = {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "always", "split": True}
        sequence = lambda which: {"Sequence": {"id": which, "type_id": 0}}
        end = {"SpecialToken": {"id": "</s>", "type_id": 0}}
        special = [{"id": i, "content": self.pieces[i][0], "single_word": False, "lstrip": False, "rstrip": False,
                    "normalized": False, "special": True} for i in (PAD, END, UNKNOWN)]
        content = {
            "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
            "normalizer": {"type": "Sequence", "normalizers": [
                {"type": "NFKC"}, {"type": "Lowercase"},
                {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]},
            "pre_tokenizer": space,
            "post_processor": {
                "type": "TemplateProcessing", "single": [sequence("A"), end],
                "pair": [sequence("A"), end, sequence("B"), end],
                "special_tokens": {"</s>": {"id": "</s>", "ids": [END], "tokens": ["</s>"]}}},
            "decoder": space,
            "model": {"type": "Unigram", "unk_id": UNKNOWN, "vocab": [list(p) for p in self.pieces],
                      "byte_fallback": False}}
        (folder / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
        config = {"eos_token": "</s>", "model_max_length": LENGTH, "pad_token": "<pad>",
                  "tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>"}
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


def train(captions: int = 40000, seed: int = 0) -> Tokenizer:
    """Counts the words of captions; letters stay as a last resort for what the world has no word for."""
    rng = random.Random(seed)
    counts: collections.Counter[str] = collections.Counter()
    for _ in range(captions):
        text = caption(sample_spec(rng, held_out=False), rng).lower()
        for word in (MARK + text.replace(" ", MARK)).split(MARK)[1:]:
            core = word.rstrip(",?")
            counts[MARK + core] += 1
            counts.update(word[len(core):])
    total = counts.total()
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [(piece, math.log(n / total)) for piece, n in sorted(counts.items(), key=lambda c: (-c[1], c[0]))]
    known = {text for text, _ in pieces}
    pieces += [(letter, _LETTER_SCORE) for letter in [MARK, *_LETTERS] if letter not in known]
    return Tokenizer(pieces)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=Path)
    a = p.parse_args()
    tokenizer = train()
    tokenizer.save(a.folder)
    print(f"{len(tokenizer)} pieces")


if __name__ == "__main__":
    main()
