"""The house rules, checked by machine: imports, names, and lengths of files."""

import ast
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("server", "pipelines", "models", "convert")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if not path.stem.endswith("_pb2"))
TESTS = sorted(path for path in (ROOT / "tests").rglob("*.py") if path.parent.name != "conformance")
CPP_SOURCES = sorted(path for ending in ("cpp", "h") for path in (ROOT / "mxbase_cpp").rglob(f"*.{ending}"))

MAX_LINES = 300
MAX_FUNCTION_LINES = 50
VENDOR = {"StreamManagerApi", "MxpiDataType_pb2", "mindx", "mxclassify", "mindspore", "torch"}

# From the top down: a folder may import from its own layer and from those below.
LAYERS = (
    ("server/cli", "server/ray", "server/__main__"),
    ("server/app",),
    ("server/http", "server/grpc"),
    ("server/api", "server/oip", "server/web"),
    ("server/evaluation", "server/parity"),
    ("server/serving",),
    ("server/engines", "server/calibration"),
    ("server/images", "server/telemetry", "server/words"),
    ("server/settings", "server/setting_sources", "server/errors", "server/types"),
    ("pipelines",),
    ("models",),
)
OFFLINE = ("models/resnext", "models/training")  # imported by nothing that serves; its environment has MindSpore
LOOSE = {"__init__", "__main__", "app", "errors", "setting_sources", "settings", "types"}
TOP_LEVEL = {
    "server", "pipelines", "models", "convert", "mxbase_cpp", "tests", "Dockerfile.infer", "docker-compose.yml", "README.md",
    ".ci", ".dockerignore", ".env.example", ".gitignore", "CHANGELOG.md", "LICENSE", "Makefile", "NOTICE", "SECURITY.md", "README.zh-CN.md",
    "clients", "deploy", "docker-compose.cpu.yml", "docs", "MANIFEST.in", "mkdocs.yml", "pyproject.toml",
}  # fmt: skip


def place(module: str) -> str:
    """A module's path without its ending."""
    return module.replace(".", "/")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_below(module: str, folders: tuple[str, ...]) -> bool:
    return any(place(module) == folder or place(module).startswith(f"{folder}/") for folder in folders)


def layer(module: str) -> int:
    return next((rank for rank, folders in enumerate(LAYERS) if is_below(module, folders)), len(LAYERS))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """All statements below a node. Their expressions, which are most of a tree, are passed over."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for inner in getattr(node, part, ()):
            yield inner
            yield from statements(inner)


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    """Imports and functions, wherever they stand."""
    kinds = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef
    return [node for node in statements(tree_of(path)) if isinstance(node, kinds)]


def imports(path: Path, *, top_level: bool = False) -> Iterator[str]:
    for node in tree_of(path).body if top_level else nodes_of(path):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def upward(path: Path) -> Iterator[str]:
    """The modules that a file imports although they stand above it."""
    module, top_level = module_name(path), set(imports(path, top_level=True))
    for imported in imports(path):
        top = imported.partition(".")[0]
        if top not in PACKAGES:
            continue
        if top == "convert" and not module.startswith("convert"):
            allowed = is_below(module, ("server/cli",)) and imported not in top_level  # and only when it is asked for
        elif module.startswith("convert"):
            allowed = top in ("convert", "pipelines", "models")
        else:
            allowed = layer(module) <= layer(imported)
        if not allowed:
            yield f"{module} imports {imported}"


def test_imports_go_downward() -> None:
    assert [fault for path in SOURCES for fault in upward(path)] == []


def test_training_stays_offline() -> None:
    faults = []
    for path in SOURCES:
        offline = is_below(module_name(path), OFFLINE)
        for imported in imports(path):
            allowed = is_below(imported, OFFLINE) == offline or imported in (
                "models.model_errors",
                "models.manifest",
                "models.whole_file",
                "models.text_file",
            )
            if imported.partition(".")[0] in PACKAGES and not (allowed if offline else not is_below(imported, OFFLINE)):
                faults.append(f"{module_name(path)} imports {imported}")
    assert faults == []


def test_vendor_modules_are_imported_where_they_are_opened() -> None:
    faults = []
    for path in SOURCES:
        vendor = VENDOR - {"mindspore"} if is_below(module_name(path), OFFLINE) else VENDOR
        faults += [f"{module_name(path)}: {name}" for name in imports(path, top_level=True) if name.partition(".")[0] in vendor]
    assert faults == []


def test_openvino_is_imported_quietly() -> None:
    found = [path.stem for path in SOURCES if "openvino" in {name.partition(".")[0] for name in imports(path)}]
    assert found == ["quiet_openvino"]


def test_only_the_settings_read_the_environment() -> None:
    """Except compat, which replaces the vendor's module and has no other way to get a setting."""
    sources = [path for path in SOURCES if path.parent.name != "compat"]
    assert [str(path) for path in sources if re.search(r"\bos\.(environ|getenv)\b", path.read_text("utf-8"))] == []


def test_files_and_functions_are_short() -> None:
    faults = []
    for path in (*SOURCES, *TESTS):
        name = str(path.relative_to(ROOT))
        if (lines := len(path.read_text("utf-8").splitlines())) > MAX_LINES:
            faults.append(f"{name} has {lines} lines")
        functions = [node for node in nodes_of(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        faults += [f"{name}: {node.name}" for node in functions if (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES]
    assert faults == []


def test_c_plus_plus_files_are_short() -> None:
    lines = {str(path.relative_to(ROOT)): path.read_text("utf-8").splitlines() for path in CPP_SOURCES}
    assert [name for name, text in lines.items() if len(text) > MAX_LINES or max(map(len, text)) > 140] == []


def repeated(names: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: places for name, places in names.items() if len(places) > 1}


def test_no_two_modules_have_one_name() -> None:
    names: dict[str, list[str]] = defaultdict(list)
    for path in SOURCES:
        if not path.stem.startswith("__"):
            names[path.stem].append(module_name(path))
    assert repeated(names) == {}


def test_no_two_public_classes_have_one_name() -> None:
    names: dict[str, list[str]] = defaultdict(list)
    for path in SOURCES:
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                names[node.name].append(module_name(path))
    assert repeated(names) == {}


def test_no_file_is_named_for_nothing() -> None:
    assert [path for path in SOURCES if path.stem in ("utils", "common", "helpers", "misc")] == []


def test_the_server_has_no_loose_files() -> None:
    assert {path.stem for path in (ROOT / "server").glob("*.py")} == LOOSE


def test_the_top_level_holds_what_it_should() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    names = {name.partition("/")[0] for name in tracked}
    assert [name for name in sorted(names - TOP_LEVEL) if not re.fullmatch(r"requirements[a-z-]*\.lock", name)] == []


def has_code(path: Path) -> bool:
    functions = (node for node in nodes_of(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return any(len(function.body) > 1 or not isinstance(function.body[0], ast.Expr) for function in functions)  # else a Protocol's


def test_the_tests_mirror_the_source() -> None:
    """Every module with a function has a test file of its name in the same folder below tests/."""
    missing = []
    for path in SOURCES:
        below = path.relative_to(ROOT)
        stem = below.parent.name if path.stem == "__init__" else path.stem
        folder = below.parent.parent if path.stem == "__init__" else below.parent
        if has_code(path) and not (ROOT / "tests" / folder / f"test_{stem}.py").is_file():
            missing.append(str(below))
    assert missing == []


def test_no_test_outlives_its_module() -> None:
    """A test file of a mirrored folder is named for a module there, for the folder, or says in its docstring what it covers."""
    folders = {path.parent.relative_to(ROOT) for path in SOURCES}
    orphans = []
    for path in TESTS:
        folder, stem = path.parent.relative_to(ROOT / "tests"), path.stem.removeprefix("test_")
        known = (ROOT / folder / f"{stem}.py").exists() or (ROOT / folder / stem).is_dir()
        if path.stem.startswith("test_") and folder in folders and not known and not ast.get_docstring(tree_of(path)):
            orphans.append(str(path.relative_to(ROOT)))
    assert orphans == []
