"""The CPU runtime answers as the vendor's engine did, in strict mode, case by case."""

import json
import os
import runpy
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.server.forked_command import choose_socket_folder, context

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
GROUPS = {"batching": "G", "success": "A", "inputs_formats": "B", "calls": "C", "creation": "E", "resize": "H", "second_build": "K"}
KINDER_GROUPS = ("success", "calls", "creation", "second_build")
TIMES = {"ms", "at_ms", "latency_ms", "model_runs_batch_at_ms", "sends", "t", "elapsed_ms"}
RECORDED, OBSERVED = (json.loads((HERE / name).read_text())["cases"] for name in ("expected.json", "expected_second_build.json"))
EXPECTED = {case["id"]: case for case in (*RECORDED, *OBSERVED)}

# Where the default mode is kinder than the vendor, by the beginning of the case's name, and why.
KINDER = {
    "A.logits": "softmax without overflow and with more digits; equal scores in the order of their ids, NaN last",
    "B.decoder.ascend": "a pipeline that wants DVPP is refused when it is created",
    "C.mode.fresh": "asking for an id too early does not poison it",
    "C.mode.uid": "a late result may still be fetched, an id asked for too early is not lost",
    "K.refused": "results that nobody claims do not stall a stream",
    "K.webp": "a WebP is decoded",
    "K.library": "only the name of the post-process library counts",
    "G.": "a bad frame fails alone; a failed run fails its own batch only",
}


def plain(value):
    """A case without what is only indicative: times and explanations."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if key not in TIMES and not key.endswith("_ms")}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def compared(case, strict):
    """In default mode the run after a creation is left out: its answer may be one of the kinder ones."""
    kept = {key: value for key, value in plain(case).items() if key != "what" and (strict or key != "run")}
    if case["id"].startswith(("G.size", "G.dtype")):  # here each result is [what, at_ms]
        kept["results"] = {name: result[0] for name, result in kept["results"].items()}
    return kept


def execute(program: str, work: Path, strict: bool) -> None:
    """Run a program in the child, which is forked from a process that has imported the runtime."""
    with (work / "told").open("w") as told:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(told.fileno(), stream.fileno())
    os.environ |= {"CONFORMANCE_WORK": str(work), "ASCEND_CLASSIFY_STRICT": str(int(strict))}
    sys.path[:0] = [str(HERE), str(ROOT), str(ROOT / "pipelines" / "cpu" / "compat")]
    runpy.run_path(str(HERE / f"{program}.py"))


def run(program: str, work: Path, strict: bool) -> dict:
    """Run a program and return its cases by id."""
    process = context.Process(target=execute, args=(program, work, strict), daemon=True)
    process.start()
    process.join(300)
    process.kill()
    assert process.exitcode == 0, (work / "told").read_text()[-6000:]
    return {case["id"]: case for case in json.loads((work / "out" / f"{GROUPS[program]}.json").read_text())}


def wanted(program: str) -> dict:
    prefixes = ("H.", "I.") if program == "resize" else (f"{GROUPS[program]}.",)
    return {name: case for name, case in EXPECTED.items() if name.startswith(prefixes)}


def differing(found: dict, program: str, strict: bool) -> dict:
    return {
        name: (compared(case, strict), compared(found[name], strict) if name in found else None)
        for name, case in wanted(program).items()
        if name not in found or compared(found[name], strict) != compared(case, strict)
    }


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, bool], Future[dict]]]:
    """All programs, in the order of the tests, a few at a time: mostly they wait."""
    choose_socket_folder()
    asked = [*((program, True) for program in GROUPS), *((program, False) for program in KINDER_GROUPS)]
    with ThreadPoolExecutor(3) as pool:
        yield {(program, strict): pool.submit(run, program, tmp_path_factory.mktemp(program), strict) for program, strict in asked}


@pytest.mark.parametrize("program", GROUPS)
def test_strict_mode_answers_as_the_vendors_engine(program: str, runs: dict[tuple[str, bool], Future[dict]]) -> None:
    assert differing(runs[program, True].result(), program, strict=True) == {}


@pytest.mark.parametrize("program", KINDER_GROUPS)
def test_the_default_mode_differs_only_where_it_is_kinder(program: str, runs: dict[tuple[str, bool], Future[dict]]) -> None:
    different = differing(runs[program, False].result(), program, strict=False)
    assert [name for name in different if not name.startswith(tuple(KINDER))] == []


def test_every_case_belongs_to_a_program() -> None:
    assert sum(len(wanted(program)) for program in GROUPS) == len(EXPECTED) == len(RECORDED) + len(OBSERVED)
    assert (len(RECORDED), len(OBSERVED)) == (246, 36)
