"""The facts of an OM, read in the layout of GE's Pb2Json."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.atc.om_facts import OmFacts, om_facts, read_om_facts
from convert.conversion_errors import OmInvalid
from tests.convert.atc.standin_atc import VERSION, attribute, description

FLAGS = {"soc_version": "Ascend310", "dynamic_batch_size": "1,2,4,8"}
GEARS = (1, 2, 4, 8)
OM = Path("m.om")


def test_the_facts_are_found() -> None:
    facts = om_facts(description(FLAGS, ""))
    assert facts == OmFacts("Ascend310", VERSION, aipp=True, output_types=("DT_FLOAT",), batch_sizes=GEARS)
    assert facts.check(OM, "Ascend310", GEARS) == []


def test_an_attribute_map_may_be_an_object() -> None:
    assert om_facts({"attr": {"soc_version": {"s": "Ascend310"}}}).soc == "Ascend310"


@pytest.mark.parametrize(
    "op",
    [
        {"type": "Aipp", "name": "aipp_node"},
        {"type": "AippData"},
        {"type": "Conv2D", "attr": [attribute("new_conv_op_for_aipp", i=1)]},
        {"type": "Data", "attr": [attribute("_aipp_inputs", list={"s": ["NHWC:DT_UINT8:image:196608:4:1,256,256,3"]})]},
    ],
)
def test_aipp_leaves_more_than_one_trace(op: dict[str, Any]) -> None:
    assert om_facts({"graph": [{"op": [{"type": "Data"}, op]}]}).aipp is True


@pytest.mark.parametrize(
    ("mode", "told"), [("no_aipp", "has no AIPP"), ("other_soc", "for Ascend910A, not for Ascend310"), ("fp16", "DT_FLOAT16")]
)
def test_an_om_that_was_not_asked_for_is_refused(mode: str, told: str) -> None:
    with pytest.raises(OmInvalid, match=told):
        om_facts(description(FLAGS, mode)).check(OM, "Ascend310", GEARS)


def test_other_gears_are_refused() -> None:
    with pytest.raises(OmInvalid, match=r"\(1, 2, 4, 8\), not of \(1, 8\)"):
        om_facts(description(FLAGS, "")).check(OM, "Ascend310", (1, 8))


def test_what_is_not_seen_is_told() -> None:
    [warning] = om_facts({"something": "else"}).check(OM, "Ascend310", (1, 2))
    assert warning.endswith("lacks: chip, AIPP, output type, ATC version, gears.")


@pytest.mark.parametrize("content", [b"", b"[", b"[" * 100_000, b'"text"', b"\xff"])
def test_a_file_of_another_layout_has_no_facts(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "om.json").write_bytes(content)
    assert read_om_facts(tmp_path / "om.json") == OmFacts()
    assert read_om_facts(tmp_path / "none.json") == OmFacts()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["Data", "NetOutput", "soc_version", "a:1,2"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["attr", "graph", "op", "type", "key", "value", "s", "list", "input_desc", "dtype"]), inner)
    ),
)


@given(JSON)
def test_no_json_is_an_error(model: object) -> None:
    facts = om_facts(json.loads(json.dumps(model)))
    assert facts.aipp in (None, True, False)
