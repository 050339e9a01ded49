"""Every command, flag and setting that a message of the source names is there."""

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from server.cli.ascend_environment import AscendEnvironment
from server.cli.command_line import app
from server.settings import PREFIX, Settings
from tests.test_house_rules import ROOT, SOURCES, tree_of

PROGRAM = typer.main.get_command(app)
_COMMAND = re.compile(r"ascend-classify ((?:[a-z][\w-]*)(?: (?:[\w./{}:-]+))*)")
_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]+")
ELSEWHERE = {
    "ASCEND_GID": "docker-compose.yml",
    "RUN_UID": "Dockerfile.infer",
    "WITH_GRPC": "Dockerfile.infer",
    "LC_ALL": "the system",
    "SOFTMAX": "a .cfg of a pipeline",
    "PHOTO": "--expect PHOTO=ANSWER",
}


def text_of(node: ast.expr) -> str:
    """A string of the source; what is put into it later is X."""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str) else "X"


def messages() -> Iterator[tuple[str, str]]:
    """The strings of all calls but docstrings, with their places."""
    for path in SOURCES:
        for call in ast.walk(tree_of(path)):
            if isinstance(call, ast.Call):
                for node in (*call.args, *(keyword.value for keyword in call.keywords)):
                    if isinstance(node, ast.Constant | ast.JoinedStr):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", text_of(node)


MESSAGES = list(messages())


def below(command: Any) -> dict[str, Any]:
    """The commands of a group."""
    found: dict[str, Any] = getattr(command, "commands", {})
    return found


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words name, and the words behind its name."""
    command = PROGRAM
    while below(command) and words:
        found = below(command).get(words[0])
        if found is None:
            return None, words
        command, words = found, words[1:]
    return command, words


def flags(command: Any) -> set[str]:
    """All flags of a command and of those below it."""
    own = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return own.union({"--help"}, *map(flags, below(command).values()))


def test_a_command_of_a_message_is_there() -> None:
    wrong = []
    for place, text in MESSAGES:
        for found in _COMMAND.findall(text):
            if found.startswith("again"):  # the distribution, and not its command
                continue
            command, rest = command_of(found.split())
            if command is None or {word for word in rest if word.startswith("--")} - flags(command):
                wrong.append(f"{place}: {found}")
    assert wrong == []


def test_a_flag_of_a_message_is_there() -> None:
    known = flags(PROGRAM)
    foreign = re.compile(r"pip install|ray start|curl|docker run|ps -e|--output OUT|--save_file OUT")
    sentences = [
        (place, text)
        for place, text in MESSAGES
        if " --" in text and text[0].isupper() and not (place.startswith("models/training") or foreign.search(text))
    ]
    assert len(sentences) > 10
    unknown = [f"{place}: {flag}" for place, text in sentences for flag in _FLAG.findall(text) if flag not in known]
    assert unknown == []


def test_no_full_stop_is_behind_a_command() -> None:
    """Who copies the line would copy it, too."""
    ends = re.compile(r": (?:ascend-classify|pip install|python -m) (?:[a-z][\w./-]* )+(?:-[\w-]+ )*[\w./-]+\.$")
    assert [f"{place}: {text}" for place, text in MESSAGES if ends.search(text)] == []


@pytest.mark.parametrize("name", sorted({name for _, text in MESSAGES for name in re.findall(r"\b([A-Z][A-Z_]+)=", text)}))
def test_a_setting_of_a_message_is_there(name: str) -> None:
    ours = {setting.upper() for setting in Settings.model_fields} | {f"{PREFIX}{setting.upper()}" for setting in Settings.model_fields}
    theirs = {variable.upper() for variable in AscendEnvironment.model_fields}
    assert name in ours | theirs | ELSEWHERE.keys()
