"""docs/errors.md: the whole error tree, by code; docs/zh/errors.md: the codes, with the Chinese words that the pages show."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module

from models.model_errors import ClassifyError
from server.api.statuses import ANSWERED, status_of
from server.web.rendering import STATIC
from tests.docs.tables import code, table, words
from tests.test_house_rules import OFFLINE, SOURCES, is_below, module_name


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """By code: what happened and what to do, in Chinese."""
    return dict(json.loads((STATIC / "errors.zh.json").read_text("utf-8")))


def import_all() -> None:
    """Import everything that may hold an error; of training and of Ray, whose dependencies are not here, their errors."""
    for path in SOURCES:
        module = module_name(path)
        if (
            path.stem != "__main__"
            and module != "server.ray.application"
            and (not is_below(module, OFFLINE) or path.stem.endswith("_errors"))
        ):
            import_module(module)


def error_classes(root: type[ClassifyError] = ClassifyError) -> Iterator[type[ClassifyError]]:
    """Every error that has a code of its own or an inherited one; the branches above have none."""
    if root.code != ClassifyError.code:
        yield root
    for child in sorted(root.__subclasses__(), key=lambda each: (each.__module__, each.__qualname__)):
        yield from error_classes(child)


def errors() -> str:
    """Two tables: what is answered over HTTP, by status, and what is met at the command line."""
    import_all()
    found = list(dict.fromkeys(error_classes()))
    over_http = sorted((each for each in found if issubclass(each, ANSWERED)), key=lambda each: (status_of(each), each.code))
    answered = [(str(int(status_of(each))), code(each.code), *words(each.__doc__)) for each in over_http]
    offline = sorted((each for each in found if each not in over_http), key=lambda each: (each.code, each.__qualname__))
    said = [(code(each.code), *words(each.__doc__)) for each in offline]
    return "\n\n".join(
        (
            "## Over HTTP",
            table(("Status", "Code", "What happened", "What to do"), answered),
            "## At the command line",
            "These come besides those above, whose codes are the same at the command line.",
            table(("Code", "What happened", "What to do"), said),
        )
    )


def chinese_errors() -> str:
    """The same two tables with one row a code: its words hold for all kinds of errors that have it."""
    import_all()
    statuses = {each.code: int(status_of(each)) for each in error_classes() if issubclass(each, ANSWERED)}
    rows = [(each, (code(each), said["what"], said["remedy"])) for each, said in sorted(catalogue().items())]
    answered = sorted((str(statuses[each]), *row) for each, row in rows if each in statuses)
    offline = [row for each, row in rows if each not in statuses]
    return "\n\n".join(
        (
            "## HTTP 响应",
            table(("状态码", "错误码", "发生了什么", "怎样处理"), answered),
            "## 命令行",
            "上表中的错误码在命令行上含义相同。另外还有以下几种。",
            table(("错误码", "发生了什么", "怎样处理"), offline),
        )
    )
