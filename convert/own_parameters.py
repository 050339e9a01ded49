"""Names of the parameters that a network itself has, beside its layers: they change its pixels or its scores."""

import re

PIXELS = re.compile(r"(?:.*\.)?(?:(?:pixel|image|img|input|norm|data)_?)?(?P<what>mean|std)", re.IGNORECASE)
SCORES = re.compile(r"(?:.*\.)?(?:temperature|logit_scale)")


def is_own(name: str) -> bool:
    """Whether a parameter of this name is the network's, though no layer may stand in front of it."""
    return bool(PIXELS.fullmatch(name) or SCORES.fullmatch(name))
