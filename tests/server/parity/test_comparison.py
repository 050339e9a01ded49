"""The comparison counts differences, and says which of them break parity."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.conversion_errors import ConvertError
from server.parity.comparison import Answer, Bounds, ParityReport, Scored, compare
from server.parity.parity_errors import ParityBroken

SIDES = ({"recipe_sha256": "a" * 64, "labels_sha256": "c" * 64}, {"recipe_sha256": "b" * 64, "labels_sha256": "c" * 64})
GONE = ConvertError("It is gone.")


def ranking(**scores: float) -> tuple[Scored, ...]:
    """`c7=0.5` is class 7 with that score; in the order given."""
    return tuple((int(name[1:]), f"class {name[1:]}", score) for name, score in scores.items())


def reported(*pairs: tuple[Answer, Answer]) -> ParityReport:
    report = ParityReport(SIDES)
    for number, (one, other) in enumerate(pairs):
        report.add(f"{number}.jpg", one, other)
    return report


@given(st.lists(st.lists(st.tuples(st.integers(0, 999), st.just("x"), st.floats(0, 1)), min_size=1, max_size=16, unique_by=lambda s: s[0])))
def test_a_side_agrees_with_itself_exactly(answers: list[list[Scored]]) -> None:
    report = reported(*((tuple(answer), tuple(answer)) for answer in answers))
    assert (report.differing, report.tied, report.failed, report.largest.difference) == ([], [], [], 0)
    if answers:
        assert report.top5 == pytest.approx(1)
        assert (report.top1, report.mean_difference) == (1, 0)
        report.check(Bounds(1, 1 - 1e-9, 0))


def test_the_figures() -> None:
    one = ranking(c1=0.5, c2=0.2, c3=0.1, c4=0.05, c5=0.04, c6=0.03)
    other = ranking(c2=0.4, c1=0.3, c3=0.1, c4=0.05, c7=0.04, c5=0.03)
    report = reported((one, one), (one, other))
    assert (report.compared, report.agreed, report.top1) == (2, 1, 0.5)
    assert report.top5 == pytest.approx((1 + 4 / 5) / 2)
    assert report.largest.difference == pytest.approx(0.2)
    assert (report.largest.image, report.largest.class_id) == ("1.jpg", 1)
    assert report.mean_difference == pytest.approx((0.2 + 0.2 + 0.01) / 11)  # six classes, and five of six
    assert [(found.image, found.best[0][0], found.best[1][0]) for found in report.differing] == [("1.jpg", 1, 2)]
    assert report.warnings == ["the recipes of the two sides differ"]


def test_what_side_a_is_sure_of() -> None:
    """The share of the images with more than one half in A that have the same best class in B, whatever B's confidence."""
    report = reported(
        (ranking(c1=0.9), ranking(c1=0.2, c2=0.1)), (ranking(c1=0.51), ranking(c2=0.9)), (ranking(c1=0.5), ranking(c2=0.9)), (GONE, GONE)
    )
    assert report.as_dict()["sure"] == {"images": 2, "same_best_class": 1}


def test_a_model_of_fewer_than_five_classes_overlaps_fully() -> None:
    assert reported((ranking(c0=0.9, c1=0.1), ranking(c0=0.8, c1=0.2))).top5 == 1


@pytest.mark.parametrize(
    ("one", "other", "tied"),
    [
        (ranking(c1=0.400, c2=0.399), ranking(c2=0.401, c1=0.399), True),
        (ranking(c1=0.00110, c2=0.00109), ranking(c2=0.00112, c1=0.00111), True),
        (ranking(c1=0.500, c2=0.399), ranking(c2=0.401, c1=0.400), False),  # one side is sure
        (ranking(c1=0.0011, c2=0.0009), ranking(c2=0.0011, c1=0.0009), False),  # near in figures, not as a share
        (ranking(c1=0.4), ranking(c2=0.4), False),  # neither has the other's best
    ],
)
def test_a_tie_is_told_apart_from_a_difference(one: Answer, other: Answer, tied: bool) -> None:
    report = reported((one, other))
    assert (len(report.tied), len(report.differing), report.top1) == ((1, 0, 1) if tied else (0, 1, 0))
    if tied:
        report.check(Bounds(min_top5=0))


@pytest.mark.parametrize(
    ("bounds", "complaint"),
    [
        (Bounds(min_top5=0, max_difference=1), "top-1 agreement is 0.5000, less than 1"),
        (Bounds(min_top1=0, max_difference=1), "top-5 overlap is 0.9000, less than 0.95"),
        (Bounds(0, 0), "a score differs by 0.2, more than 0.02"),
    ],
)
def test_what_is_below_a_bound_is_named(bounds: Bounds, complaint: str) -> None:
    one = ranking(c1=0.5, c2=0.2, c3=0.1, c4=0.05, c5=0.04)
    report = reported((one, one), (one, ranking(c2=0.4, c1=0.3, c3=0.1, c4=0.05, c7=0.04)))
    with pytest.raises(ParityBroken) as broken:
        report.check(bounds)
    assert broken.value.message == f"The two sides do not agree: {complaint}."
    report.check(Bounds(0.5, 0.9, 0.21))


def test_images_that_nobody_can_read_break_nothing_and_those_of_one_side_do() -> None:
    one = ranking(c1=0.5)
    report = reported((one, one), (GONE, GONE))
    report.check(Bounds())
    report.add("half.jpg", one, GONE)
    assert [(failed.image, failed.reasons) for failed in report.failed] == [
        ("1.jpg", ("It is gone. [convert_error]",) * 2),
        ("half.jpg", ("", "It is gone. [convert_error]")),
    ]
    with pytest.raises(ParityBroken, match="1 images have an answer from one side only"):
        report.check(Bounds())
    with pytest.raises(ParityBroken, match="both sides answered no image in common"):
        reported((GONE, GONE)).check(Bounds())


def test_the_streams_are_compared_as_they_come() -> None:
    report = ParityReport(SIDES)
    one: Answer = ranking(c1=0.5)
    others: list[Answer] = [one, GONE]
    counted = compare(report, iter(["a", "b"]), iter([one, one]), iter(others))
    assert (next(counted), report.compared, report.failed) == ("a", 1, [])
    assert (list(counted), report.one_sided) == (["b"], 1)


def test_json_has_everything_the_worst_first() -> None:
    pairs = [(ranking(c1=sure, c2=0.1), ranking(c2=sure, c1=0.1)) for sure in (0.3, 0.8, 0.5)]
    found = json.loads(json.dumps(reported(*pairs, (GONE, GONE)).as_dict()))
    assert [row["image"] for row in found["differing"]] == ["1.jpg", "2.jpg", "0.jpg"]
    assert found["differing"][0]["a"] == {"class_id": 1, "label": "class 1", "score": 0.8}
    assert found["failed"] == [{"image": "3.jpg", "a": "It is gone. [convert_error]", "b": "It is gone. [convert_error]"}]
    assert (found["compared"], found["top1_agreement"], found["sides"]) == (3, 0, list(SIDES))
