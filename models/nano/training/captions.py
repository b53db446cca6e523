"""Says in words what a clip shows: sentences, fragments, requests and questions."""
from __future__ import annotations

import random

from spec import ANGLES, Spec

SIZES = {"small": ("small", "tiny", "little"), "medium": ("",), "large": ("large", "big", "huge")}
MATERIALS = {"matte": ("", "", "", "matte"), "shiny": ("shiny", "glossy", "polished"),
             "glowing": ("glowing", "luminous", "shining"), "striped": ("striped",),
             "checkered": ("checkered", "chequered")}
SHAPES = {"ball": ("ball", "ball", "sphere"), "cube": ("cube", "cube", "box"), "cylinder": ("cylinder",),
          "cone": ("cone",), "torus": ("torus", "ring", "donut"), "tree": ("tree",), "house": ("house",),
          "arch": ("arch", "gate"), "stairs": ("staircase", "stairway")}
# (third person, participle)
MOTIONS = {
    "still": (("", ""), ("stands still", "standing still"), ("rests", "resting"), ("stands", "standing")),
    "bounces": (("bounces", "bouncing"), ("bounces up and down", "bouncing up and down"), ("jumps", "jumping")),
    "slides left": (("slides left", "sliding left"), ("moves to the left", "moving to the left"),
                    ("slides to the left", "sliding to the left")),
    "slides right": (("slides right", "sliding right"), ("moves to the right", "moving to the right"),
                     ("slides to the right", "sliding to the right")),
    "spins": (("spins", "spinning"), ("rotates", "rotating"), ("turns around", "turning around")),
    "rises": (("rises", "rising"), ("floats up", "floating up"), ("flies up", "flying up")),
    "rolls left": (("rolls left", "rolling left"), ("rolls to the left", "rolling to the left")),
    "rolls right": (("rolls right", "rolling right"), ("rolls to the right", "rolling to the right")),
    "swings": (("swings", "swinging"), ("swings to and fro", "swinging to and fro")),
    "collapses": (("collapses", "collapsing"), ("falls apart", "falling apart"))}
GROUNDS = {"grass": ("on grass", "on green grass", "on a meadow"),
           "sand": ("on sand", "on the beach", "on desert sand"),
           "snow": ("on snow", "on snowy ground"),
           "stone": ("on stone", "on a gray stone floor"),
           "dark water": ("on dark water", "over dark water", "on the sea", "over the sea"),
           "tiles": ("on tiles", "on a tiled floor")}
TIMES = {"day": ("", "", "at noon", "in daylight", "by day"), "sunset": ("at sunset", "at dusk", "in the evening"),
         "night": ("at night", "in the dark"), "dawn": ("at dawn", "at sunrise", "in the early morning")}
WEATHERS = {"clear": ("",), "rain": ("in the rain", "rain", "while it rains"),
            "snowfall": ("in falling snow", "snowfall", "while it snows"),
            "fog": ("in thick fog", "fog", "in the mist"),
            "clouds": ("under passing clouds", "clouds drift by", "cloudy")}
CAMERAS = {"static": ("", "", "", "static camera", "the camera does not move"),
           "orbit": ("camera orbits", "orbit shot", "the camera circles around", "the camera orbits"),
           "zoom in": ("camera zooms in", "zoom in", "the camera moves closer"),
           "zoom out": ("camera zooms out", "zoom out", "the camera moves away"),
           "pan left": ("camera pans left", "pan left", "the camera pans to the left"),
           "pan right": ("camera pans right", "pan right", "the camera pans to the right"),
           "from above": ("seen from above", "top view", "from above")}
RELATIONS = {"left": ("{} on the left", "{} to the left of it", "{} on its left"),
             "right": ("{} on the right", "{} to the right of it", "{} on its right"),
             "on top": ("{} on top of it", "{} on top"),
             "behind": ("{} behind it", "{} in the back"),
             "circling": ("{} circling it", "{} orbiting around it")}


def _article(words: str) -> str:
    return ("an " if words[0] in "aeiou" else "a ") + words


def _joined(words, by: str = " ") -> str:
    return by.join(w for w in words if w)


class _Words:
    """One choice of words for each attribute of a spec."""

    def __init__(self, spec: Spec, rng: random.Random):
        pick = rng.choice
        self.noun = _joined((pick(SIZES[spec.size]), pick(MATERIALS[spec.material]), spec.color,
                             pick(SHAPES[spec.shape])))
        self.verb, self.participle = pick(MOTIONS[spec.motion])
        self.ground = pick(GROUNDS[spec.ground])
        self.time = pick(TIMES[spec.time])
        self.weather = pick(WEATHERS[spec.weather])
        self.camera = pick(CAMERAS[spec.camera])
        if spec.camera == "orbit" and (spec.angle != ANGLES[0] or rng.random() < 0.2):
            self.camera = pick((f"camera orbits {spec.angle} degrees", f"{spec.angle} degree orbit"))
        self.second = ""
        if spec.second:
            noun = f"{spec.second.color} {pick(SHAPES[spec.second.shape])}"
            self.second = pick(RELATIONS[spec.second.relation]).format(_article(noun))


def _sentence(w: _Words, rng: random.Random) -> str:
    main = _joined((_article(w.noun), w.verb, w.ground, w.time))
    tail = [t for t in ("with " + w.second if w.second else "", w.weather, w.camera) if t]
    rng.shuffle(tail)
    return ", ".join([main] + tail)


def _time_first(w: _Words, rng: random.Random) -> str:
    main = _joined((_article(w.noun), w.verb, w.ground))
    if w.second:
        main += f" and {w.second}" if rng.random() < 0.5 else f", with {w.second}"
    return ", ".join(t for t in (w.time, w.weather, main, w.camera) if t)


def _fragment(w: _Words, rng: random.Random) -> str:
    tail = [t for t in (w.participle, w.ground.removeprefix("on "), w.time.removeprefix("at "), w.second,
                        w.weather, w.camera) if t]
    rng.shuffle(tail)
    return ", ".join([w.noun] + tail)


def _request(w: _Words, rng: random.Random) -> str:
    start = rng.choice(("show me", "a video of", "a film of", "a clip of", "please draw", "I want to see"))
    with_second = f"with {w.second}" if w.second else ""
    main = _joined((start, _article(w.noun), w.participle, w.ground, with_second, w.time))
    return ", ".join(t for t in (main, w.weather, w.camera) if t)


def _question(w: _Words, rng: random.Random) -> str:
    thing = _joined((_article(w.noun), w.participle, w.ground, f"with {w.second}" if w.second else ""))
    rest = _joined((w.time, w.weather, w.camera), ", ")
    form = rng.choice(("what does {} look like", "can you show me {}", "could I see {}", "how about {}"))
    return form.format(thing) + (f", {rest}?" if rest else "?")


FORMS = ((_sentence, 0.5), (_time_first, 0.13), (_fragment, 0.13), (_request, 0.12), (_question, 0.12))


def caption(spec: Spec, rng: random.Random) -> str:
    """A caption in free paraphrase."""
    form = rng.choices([f for f, _ in FORMS], [w for _, w in FORMS])[0]
    return form(_Words(spec, rng), rng)


def plain_caption(spec: Spec) -> str:
    """The caption in the words that the first model's world knows too; for classic specs."""
    w = _Words(spec, _First())
    return _sentence(w, _First())


class _First(random.Random):
    """Always the first choice that says something, never a shuffle."""

    def choice(self, options):
        said = [o for o in options if o and (isinstance(o, str) or o[0])]
        return said[0] if said and len(options) > 1 and "" not in options else options[0]

    def shuffle(self, options):
        pass

    def random(self):
        return 1.0
