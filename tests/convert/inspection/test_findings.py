from convert.inspection.findings import Inspection, Remark, agree
from models.model_errors import ModelNotFound

BAD = Remark(fits=False, what="it is blue", remedy="Paint it.")


def test_a_part_that_does_not_fit_is_enough() -> None:
    assert Inspection("a", "file", findings=(agree("side", 1, 1, ""),)).fits
    assert not Inspection("a", "folder", parts=(Inspection("b", "file", findings=(BAD,)),)).fits


def test_agreement_names_both() -> None:
    assert agree("side", 2, 1, "Cut it.") == Remark(fits=False, what="side: 2, but the manifest says 1", remedy="Cut it.")


def test_a_refusal_is_a_finding() -> None:
    assert Remark.of(ModelNotFound("There is none.", "Make one.")) == Remark(fits=False, what="There is none", remedy="Make one.")


def test_the_text() -> None:
    part = Inspection("b\x1b[2J", "file", findings=(BAD,))
    text = Inspection("a", "folder", {"names": ["x", "y"], "n": 2}, (agree("side", 1, 1, "Cut it."),), (part,)).as_text()
    assert text.splitlines() == [
        "a: folder",
        "  names          x",
        "                 y",
        "  n              2",
        "  ok             side: 1, as in the manifest",
        "",
        "b\N{REPLACEMENT CHARACTER}[2J: file",
        "  problem        it is blue. Paint it.",
    ]


def test_the_object() -> None:
    whole = Inspection("a", "folder", parts=(Inspection("b", "file", {"n": 2}, (BAD,)),)).as_object()
    assert (whole["fits"], whole["parts"][0]["facts"], whole["parts"][0]["findings"][0]["remedy"]) == (False, {"n": 2}, "Paint it.")
