"""The golden image of a model."""

import pytest

from models.manifest import Golden
from pipelines.reduction import Decode
from server.serving.golden import difference, made_with
from server.types import ClassScore, Prediction, ScoreType

GOLDEN = Golden(file="golden.png", sha256="0" * 64, class_id=3, score=0.9, tolerance=0.05)


@pytest.mark.parametrize(
    ("class_id", "score", "kind", "words"),
    [
        (3, 0.9, "probability", ""),
        (3, 0.86, "probability", ""),
        (3, 0.84, "probability", "a score of 0.8400 instead of 0.9000 ± 0.05"),
        (2, 0.9, "probability", "class 2 (0.9000) instead of 3"),
        (3, 17.5, "logit", ""),
        (2, 17.5, "logit", "class 2 (17.5000) instead of 3"),
    ],
)
def test_difference(class_id: int, score: float, kind: ScoreType, words: str) -> None:
    assert difference(GOLDEN, Prediction((ClassScore(class_id, "", score),), "stream", kind)) == words


@pytest.mark.parametrize(
    ("golden", "precision", "decode", "settings"),
    [
        ({"precision": "int8"}, "f32", "exact", ["PRECISION=int8"]),
        ({"precision": "f32", "decode": "reduced"}, "f32", "exact", ["DECODE=reduced"]),
        ({"precision": "f32"}, "bf16", "reduced", ["PRECISION=f32", "DECODE=exact"]),
        ({"precision": "f32"}, "f32", "exact", []),
        ({"precision": "f32"}, "as compiled by ATC", "exact", []),
        ({}, "f32", "exact", []),
    ],
)
def test_the_settings_of_the_answer_are_told_where_others_are_served(
    golden: dict[str, str], precision: str, decode: Decode, settings: list[str]
) -> None:
    assert made_with(GOLDEN.model_copy(update=golden), precision, decode) == settings
