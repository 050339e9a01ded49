"""The ways to quantise a network, in the order in which they are tried."""

from dataclasses import dataclass
from typing import Literal

Calibration = Literal["MinMax", "Percentile", "Entropy"]
Part = Literal["first convolution", "classifier"]

FIRST_CONVOLUTION: Part = "first convolution"
CLASSIFIER: Part = "classifier"


@dataclass(frozen=True)
class Variant:
    """How the ranges of the activations are found, and which parts of the network stay in f32."""

    calibration: Calibration = "MinMax"
    f32: tuple[Part, ...] = ()

    def __str__(self) -> str:
        """The variant for a person."""
        return f"{self.calibration}, {' and '.join(self.f32)} in f32" if self.f32 else self.calibration


FASTEST = Variant()
PARTS: tuple[tuple[Part, ...], ...] = ((FIRST_CONVOLUTION,), (CLASSIFIER,), (FIRST_CONVOLUTION, CLASSIFIER))
CALIBRATIONS: tuple[Calibration, ...] = ("Percentile", "Entropy")
