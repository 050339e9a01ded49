"""Every command of README and docs names what there is, and says where it is run."""

from pathlib import Path

import pytest

from tests.docs.commands import faults, simple_commands
from tests.docs.markdown import GENERATED, PAGES, RUN, SETTINGS, blocks, spans

HAND_WRITTEN = [page for page in PAGES if page.name not in GENERATED]


@pytest.mark.parametrize("page", HAND_WRITTEN, ids=lambda page: page.name)
def test_every_block_says_where_it_is_run(page: Path) -> None:
    found, before = [], ""
    for block in blocks(page):
        setting, *rest = block.words or ("",)
        if block.language in ("sh", "shell", "console"):
            found.append(f"{block.place}: write bash")
        elif block.language == "bash" and (setting not in SETTINGS or rest not in ([], ["refused"]) or (rest and setting not in RUN)):
            found.append(f"{block.place}: {' '.join(block.words) or 'no comment above'}")
        elif setting == "prints" and before not in RUN:
            found.append(f"{block.place}: output of a block that is not run")
        before = setting
    assert found == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_block_is_one(page: Path) -> None:
    commands = [(block.place, words) for block in blocks(page) if block.language == "bash" for words in simple_commands(block.text)]
    assert [(place, fault) for place, words in commands for fault in faults(words)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_file_of_the_prose_is_one(page: Path) -> None:
    whole = [span for span in spans(page) if "…" not in span]
    commands = [words for span in whole if span.startswith(("ascend-classify ", "make ", "python -m ")) for words in simple_commands(span)]
    paths = [[span] for span in whole if " " not in span]
    assert [fault for words in (*commands, *paths) for fault in faults(words)] == []


@pytest.mark.parametrize(
    "command",
    [
        "ascend-classify evaluat val/",
        "ascend-classify convert parity a b --min-top2 1",
        "FOO=1 ascend-classify models prepare",  # the exception: what is missing is not seen, since nothing is run
        ".venv/bin/ascend-classify serve --prot 9000",
        "cd x && make serv",
        "make serve PROT=9000",
        'make bench ARGS="closed --pears 1"',
        "make install\npython -m models.training train --learning_rate 1",
        "python -m models.training chek DATA",
        "cat tests/photos/dog.png | curl -d @- localhost",
        "curl -F image=@tests/photos/dog.png localhost",
    ],
)
def test_a_wrong_command_is_found(command: str) -> None:
    found = [fault for words in simple_commands(command) for fault in faults(words)]
    assert len(found) == (0 if command.startswith("FOO") else 1)
