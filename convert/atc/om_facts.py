"""The facts about an OM, from the JSON dump of `atc --mode=1`: a ModelDef of the vendor's ge.proto.

Fields have the message's names; a map is a list of {"key", "value"}, a value has one of s, i, b, list, func …; enums are
names (GE's Pb2Json). AIPP is in the attributes of the Data op it was set for, because the compiler removes the Aipp op itself.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convert.conversion_errors import OmInvalid

MAX_JSON_BYTES = 512 * 2**20
_AIPP_ATTRIBUTES = ("_data_related_aipp_mode", "aipp", "_aipp_inputs", "new_conv_op_for_aipp")
_AIPP_OPS = ("Aipp", "AippData")


@dataclass(frozen=True)
class OmFacts:
    """The facts found in the dump; None or empty if not found."""

    soc: str | None = None
    atc_version: str | None = None
    aipp: bool | None = None
    output_types: tuple[str, ...] = ()
    batch_sizes: tuple[int, ...] = ()

    def check(self, om: Path, soc: str, batch_sizes: tuple[int, ...]) -> list[str]:
        """The names of the facts that could not be checked; raises OmInvalid if the OM differs from the request."""
        if self.aipp is False:
            raise OmInvalid(f"{om} has no AIPP: it would take float pixels.", "See ATC's log; the AIPP config had no effect.")
        if self.soc and self.soc.lower() != soc.lower():
            raise OmInvalid(f"{om} was compiled for {self.soc}, not for {soc}.", "See ATC's log.")
        if wrong := [kind for kind in self.output_types if kind != "DT_FLOAT"]:
            raise OmInvalid(
                f"The outputs of {om} have the type {wrong[0]}, not DT_FLOAT: the vendor's post-process takes FP32 only.", "See ATC's log."
            )
        if self.batch_sizes and self.batch_sizes != batch_sizes:
            raise OmInvalid(f"{om} takes batches of {self.batch_sizes}, not of {batch_sizes}.", "See ATC's log.")
        seen: dict[str, object] = {"chip": self.soc, "AIPP": self.aipp, "output type": self.output_types, "ATC version": self.atc_version}
        if len(batch_sizes) > 1:
            seen["gears"] = self.batch_sizes
        unseen = [name for name, value in seen.items() if not value]
        return [f"ATC's description of {om.name} lacks: {', '.join(unseen)}."] if unseen else []


def read_om_facts(path: Path) -> OmFacts:
    """The facts in a dumped JSON file; an unknown layout gives fewer facts, never an error."""
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            return OmFacts()
        return om_facts(json.loads(path.read_bytes()))
    except (OSError, ValueError, RecursionError):
        return OmFacts()


def om_facts(model: object) -> OmFacts:
    """The facts in a ModelDef as `atc --mode=1` dumps it."""
    attributes = _attributes(model)
    ops = list(_ops(model))
    inputs = [_attributes(op) for op in ops if op.get("type") == "Data"]
    aipp = any(op.get("type") in _AIPP_OPS or not set(_AIPP_ATTRIBUTES).isdisjoint(_attributes(op)) for op in ops)
    return OmFacts(
        soc=_text(attributes.get("soc_version")),
        atc_version=_text(attributes.get("atc_version")),
        aipp=aipp if inputs else None,
        output_types=_output_types(ops),
        batch_sizes=tuple(sorted({size for attribute in inputs for size in _gears(attribute)})),
    )


def _ops(model: object) -> Iterator[dict[str, Any]]:
    for graph in _list(_get(model, "graph")):
        yield from (op for op in _list(_get(graph, "op")) if isinstance(op, dict))


def _attributes(holder: object) -> dict[str, Any]:
    """The attributes by name, from a list of pairs or from an object, which other protobuf printers write for a map."""
    listed = _get(holder, "attr")
    if isinstance(listed, dict):
        return listed
    return {pair["key"]: pair.get("value") for pair in _list(listed) if isinstance(pair, dict) and isinstance(pair.get("key"), str)}


def _output_types(ops: list[dict[str, Any]]) -> tuple[str, ...]:
    """The types of NetOutput's inputs. With gears, the root graph's types come first; those of the branches are equal."""
    kinds = [_get(tensor, "dtype") for op in ops if op.get("type") == "NetOutput" for tensor in _list(op.get("input_desc"))[:1]]
    return tuple(dict.fromkeys(kind for kind in kinds if isinstance(kind, str)))


def _gears(attributes: dict[str, Any]) -> Iterator[int]:
    """From "NCHW:DT_FLOAT:image:602112:4:1,3,224,224", one for each gear."""
    for text in _list(_get(_get(attributes.get("_all_origin_gears_inputs"), "list"), "s")):
        batch = str(text).rpartition(":")[2].split(",")[0]
        if batch.isascii() and batch.isdigit():
            yield int(batch)


def _text(value: object) -> str | None:
    text = _get(value, "s")
    return text if isinstance(text, str) and text else None


def _get(holder: object, key: str) -> Any:  # noqa: ANN401 - JSON
    return holder.get(key) if isinstance(holder, dict) else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
