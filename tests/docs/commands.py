"""The commands of the pages, parsed: do the programs, options, make targets and files exist that they name?"""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from typer import Typer
from typer.testing import CliRunner

from server.cli.command_line import app
from server.settings import Settings
from tests.bench.__main__ import app as bench_app
from tests.docs.markdown import ROOT

_TRAINING = ROOT / "models" / "training"
_SEPARATORS = set("();<>|&")


def simple_commands(text: str) -> Iterator[list[str]]:
    """The words of each command of a shell text, without assignments before it, redirections' signs and what runs it."""
    lexer = shlex.shlex(re.sub(r"\\\n|(?<=\|)\n", " ", text).replace("\n", "\n; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in (*lexer, ";"):
        if set(word) <= _SEPARATORS:
            while words and (re.match(r"[A-Z_]+=", words[0]) or words[0] in ("sudo", "bash", "step")):
                words.pop(0)
            if words:
                yield words
            words = []
        else:
            words.append(word)


def faults(words: list[str]) -> list[str]:
    """The files, targets and options in a command that do not exist."""
    program = words[0].rpartition("/")[2]
    found = [
        f"no file {word}"
        for word in words
        for path in [_path_in_tree(word)]
        if path and not (path.exists() or path.with_suffix(".py").exists())
    ]
    if program == "ascend-classify":
        found += _cli_faults(app, words[1:])
    elif program == "make":
        found += _make_faults(words[1:])
    elif words[1:3] == ["-m", "models.training"] and words[3:]:
        found += _training_faults(words[3:])
    return found


@cache
def _top_level() -> set[str]:
    return {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir() and path.name in ("server", "pipelines", "models", "convert", "mxbase_cpp", "tests", "deploy", "docs")
    }


def _path_in_tree(word: str) -> Path | None:
    word = re.split(r"[@=]", word)[-1].removeprefix("./")
    top, slash, _ = word.partition("/")
    return ROOT / word if slash and top in _top_level() and not re.search(r"[<>{}$*…]", word) else None


def _cli_faults(program: Typer, words: list[str]) -> list[str]:
    """`--help` is put behind the name of the command: what follows is parsed, and nothing is run."""
    groups = {group.name for group in program.registered_groups}
    depth = 2 if words and words[0] in groups else 1
    if len(words) < depth or words[depth - 1].startswith("-"):
        depth -= 1
    done = CliRunner().invoke(program, [*words[:depth], "--help", *words[depth:]])
    return [] if done.exit_code == 0 else [" ".join(done.output.split())]


def _make_faults(words: list[str]) -> list[str]:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([\w-]+)(?:[ \w-]*):(?!=)", makefile, re.MULTILINE))
    found = []
    for word in words:
        name, sign, value = word.partition("=")
        if not sign:
            found += [f"no target {word}"] if word not in targets else []
        elif name == "ARGS":
            found += _cli_faults(bench_app, value.split())
        elif f"$({name})" not in makefile and name.lower() not in Settings.model_fields:
            found.append(f"make knows nothing of {name}")
    return found


def _training_faults(words: list[str]) -> list[str]:
    """By the sources: importing the package wants MindSpore's environment."""
    main = (_TRAINING / "__main__.py").read_text("utf-8")
    tools = dict(re.findall(r'"([\w-]+)": "(\w+)"', main))
    if words[0] in tools:
        module = _TRAINING / f"{tools[words[0]]}.py"
        source = module.read_text("utf-8") if module.exists() else ""
        known = set(re.findall(r'add_argument\("--(\w+)"', source)) if source else set()
        missing = [] if source else [f"no module {module.name}"]
    else:
        known = {"config", "help", *re.findall(r"^(\w+):", (_TRAINING / "default_config.yaml").read_text("utf-8"), re.MULTILINE)}
        missing = [] if f'"{words[0]}": ' in main else [f"no command {words[0]}"]
    return missing + [f"no option {word}" for word in words if word.startswith("--") and word[2:] not in known]
