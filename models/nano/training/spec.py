"""What a clip shows: the attributes of the world, how they are drawn, and what is held out of training."""
from __future__ import annotations

import random
from dataclasses import asdict, dataclass

COLORS = {
    "red": (0.85, 0.12, 0.10), "green": (0.15, 0.65, 0.20), "blue": (0.12, 0.25, 0.85),
    "yellow": (0.95, 0.82, 0.12), "purple": (0.55, 0.18, 0.75), "orange": (0.98, 0.50, 0.08),
    "white": (0.93, 0.93, 0.93), "pink": (0.97, 0.50, 0.68), "cyan": (0.10, 0.75, 0.80),
}
SOLIDS = ("ball", "cube", "cylinder", "cone")
BUILT = ("torus", "tree", "house", "arch", "stairs")
SHAPES = SOLIDS + BUILT
SIZES = {"small": 0.45, "medium": 0.65, "large": 0.90}
MATERIALS = ("matte", "shiny", "glowing", "striped", "checkered")
GROUNDS = {
    "grass": (0.28, 0.55, 0.22), "sand": (0.86, 0.74, 0.50), "snow": (0.92, 0.94, 0.97),
    "stone": (0.48, 0.48, 0.50), "dark water": (0.08, 0.22, 0.36), "tiles": (0.62, 0.58, 0.54),
}
TIMES = ("day", "sunset", "night", "dawn")
WEATHERS = ("clear", "rain", "snowfall", "fog", "clouds")
MOTIONS = ("still", "bounces", "slides left", "slides right", "spins", "rises",
           "rolls left", "rolls right", "swings", "collapses")
CAMERAS = ("static", "orbit", "zoom in", "pan left", "pan right", "zoom out", "from above")
RELATIONS = ("left", "right", "on top", "behind", "circling")
ANGLES = (120, 90, 180, 360)  # degrees of an orbit; the first is meant where none is said

# Never shown in training: these colours on these shapes, and these pairs of motion and place.
HELD_OUT_COLORS = frozenset({
    ("purple", "cone"), ("cyan", "cube"), ("orange", "cylinder"), ("pink", "ball"),
    ("green", "torus"), ("yellow", "house")})
HELD_OUT_SCENES = frozenset({("bounces", "snow"), ("spins", "sand"), ("rises", "stone")})


@dataclass(frozen=True)
class Second:
    """A second object: its colour, its shape and where it is, seen from the first."""

    color: str
    shape: str
    relation: str


@dataclass(frozen=True)
class Spec:
    """All that a caption can say of a clip."""

    color: str
    shape: str
    size: str
    material: str
    ground: str
    time: str
    weather: str
    motion: str
    camera: str
    angle: int = ANGLES[0]
    second: Second | None = None

    def to_json(self) -> dict:
        return asdict(self)

    @staticmethod
    def from_json(values: dict) -> Spec:
        second = values.get("second")
        return Spec(**{**values, "second": Second(**second) if second else None})

    @property
    def held_out(self) -> bool:
        """Whether training never shows this."""
        pairs = {(self.color, self.shape)}
        if self.second:
            pairs.add((self.second.color, self.second.shape))
        return bool(pairs & HELD_OUT_COLORS) or (self.motion, self.ground) in HELD_OUT_SCENES

    @property
    def classic(self) -> bool:
        """Whether the world of the first model has words for this too."""
        known = (self.shape in SOLIDS and self.material in MATERIALS[:3] and self.ground != "tiles"
                 and self.time in TIMES[:3] and self.weather in WEATHERS[:4]
                 and self.motion in MOTIONS[:6] and self.camera in CAMERAS[:5]
                 and self.angle == ANGLES[0])
        if self.second:
            known &= self.second.shape in SOLIDS and self.second.relation in RELATIONS[:2]
        return known


def motions_of(shape: str) -> dict[str, float]:
    """The motions a shape can make, with their weights."""
    weights = {"still": 0.20, "bounces": 0.17, "slides left": 0.13, "slides right": 0.13,
               "spins": 0.13, "rises": 0.13}
    if shape in ("ball", "cylinder", "torus"):
        weights |= {"rolls left": 0.06, "rolls right": 0.06}
    if shape in ("ball", "cube", "cone", "torus"):
        weights |= {"swings": 0.08}
    if shape in ("cube", "cylinder", "tree", "house", "arch", "stairs"):
        weights |= {"collapses": 0.08}
    return weights


def _pick(rng: random.Random, weights: dict) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _second(rng: random.Random, first: str, motion: str, shape: str) -> Second:
    weights = {"left": 0.36, "right": 0.36}
    if motion == "still":
        weights |= {"behind": 0.12, "circling": 0.16}
        if shape in ("cube", "cylinder"):
            weights |= {"on top": 0.3}
    relation = _pick(rng, weights)
    color = rng.choice([c for c in COLORS if c != first])
    small = relation in ("circling", "on top")
    shapes = ("ball", "cube") if small else SOLIDS if rng.random() < 0.7 else SHAPES
    return Second(color, rng.choice(shapes), relation)


def _draw(rng: random.Random, classic: bool) -> Spec:
    shape = rng.choice(SOLIDS if classic or rng.random() < 0.5 else BUILT)
    motions = motions_of(shape)
    if classic:
        motions = {m: w for m, w in motions.items() if m in MOTIONS[:6]}
    motion = _pick(rng, motions)
    color = rng.choice(list(COLORS))
    cameras = {"static": 0.44, "orbit": 0.20, "zoom in": 0.10, "pan left": 0.09, "pan right": 0.09}
    materials = {"matte": 0.6, "shiny": 0.2, "glowing": 0.15}
    grounds = [g for g in GROUNDS if g != "tiles" or not classic]
    times = {"day": 0.5, "sunset": 0.2, "night": 0.2}
    weathers = {"clear": 0.6, "rain": 0.12, "snowfall": 0.12, "fog": 0.12}
    angle = ANGLES[0]
    if not classic:
        cameras |= {"zoom out": 0.10, "from above": 0.10}
        materials |= {"striped": 0.12, "checkered": 0.12}
        times |= {"dawn": 0.16}
        weathers |= {"clouds": 0.12}
        angle = rng.choice(ANGLES)
    camera = _pick(rng, cameras)
    if motion in ("rolls left", "rolls right", "slides left", "slides right") and rng.random() < 0.6:
        camera = "static"
    second = None
    if rng.random() < 0.32:
        second = _second(rng, color, "moves" if classic else motion, shape)
    return Spec(color, shape, rng.choice(("small", "medium", "medium", "large")),
                _pick(rng, materials), rng.choice(grounds), _pick(rng, times),
                _pick(rng, weathers), motion, camera, angle if camera == "orbit" else ANGLES[0], second)


def sample_spec(rng: random.Random, held_out: bool = False, classic: float = 0.5) -> Spec:
    """Draws what a clip shows.

    held_out: whether it must, or must not, have a combination that training never shows.
    classic: the share of clips that the world of the first model can also draw.
    """
    only_classic = rng.random() < classic
    while True:
        spec = _draw(rng, only_classic)
        if spec.held_out == held_out:
            return spec
