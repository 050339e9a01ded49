from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.classification import ClassificationConfig, read_labels


@pytest.fixture
def cfg(tmp_path: Path) -> Path:
    return tmp_path / "model.cfg"


@pytest.mark.parametrize(
    ("text", "top_k"),
    [
        ("5", 5),
        ("2.7", 2),
        ("3;", 3),
        (" 4", 4),
        ("+6", 6),
        ("0", 0),
        ("007", 7),
        ("16", 16),
        ("17", 16),
        ("4294967295", 16),
        ("4294967296", 1),
        ("9" * 5000, 1),
        ("0" * 5000 + "5", 5),
        ("0x10", 0),
        ("\t\v5\r", 5),
        ("-1", 16),
        ("-4294967291", 5),
        ("-4294967296", 1),
        ("-0", 0),
        ("+ 5", 1),
        ("-", 1),
        ("", 1),
        ("five", 1),
        ("\u0665", 1),
    ],
)
def test_numbers_are_read_by_prefix_and_clamped(text: str, top_k: int) -> None:
    assert ClassificationConfig.from_values({"TOP_K": text}).top_k == top_k


@pytest.mark.parametrize(("text", "classes"), [("1000", 1000), ("2001", 2000), ("-5", 2000), ("5000000000", 0), ("x", 0)])
def test_the_number_of_classes(text: str, classes: int) -> None:
    assert ClassificationConfig.from_values({"CLASS_NUM": text}).classes == classes


@pytest.mark.parametrize(
    ("text", "softmax"),
    [("true", True), ("TRUE", True), ("false", False), ("yes", False), ("1", False), ("", False), ("\ttruely", True), ("tru", False)],
)
def test_softmax(text: str, softmax: bool) -> None:
    assert ClassificationConfig.from_values({"SOFTMAX": text}).softmax is softmax


@settings(deadline=None)
@given(value=st.text())
def test_any_value_is_read(value: str) -> None:
    config = ClassificationConfig.from_values({"CLASS_NUM": value, "TOP_K": value, "SOFTMAX": value})
    assert 0 <= config.classes <= 2000
    assert 0 <= config.top_k <= 16


def test_no_values_are_the_vendors_defaults() -> None:
    assert ClassificationConfig.from_values({}) == ClassificationConfig(classes=0, softmax=False, top_k=1)


def test_a_file(cfg: Path) -> None:
    cfg.write_bytes(b"# CLASS_NUM=7\r\n\n CLASS_NUM = 1000 \r\nSOFTMAX=false\nTOP_K=5\nTOP_K=6\nCHECK_MODEL=true\nnonsense\n")
    assert ClassificationConfig.read(cfg) == ClassificationConfig(classes=1000, softmax=False, top_k=5)


def test_a_byte_order_mark_is_not_a_part_of_the_first_key_or_label(cfg: Path) -> None:
    cfg.write_bytes(b"\xef\xbb\xbfTOP_K=5\r\n")
    assert ClassificationConfig.read(cfg).top_k == 5
    assert read_labels(cfg) == ["TOP_K=5"]


def test_another_encoding_is_named(cfg: Path) -> None:
    cfg.write_bytes("TOP_K=5\n".encode("utf-16"))
    with pytest.raises(ValueError, match="it is UTF-16"):
        ClassificationConfig.read(cfg)


def test_an_odd_file(cfg: Path) -> None:
    cfg.write_bytes(b"\xff\xfd=1\n=2\nTOP_K==3\nCLASS_NUM=10=20\n\tSOFTMAX=true\nSOFTMAX\0=true\n")
    assert ClassificationConfig.read(cfg) == ClassificationConfig(classes=10, softmax=False, top_k=1)


def test_what_follows_a_hash_is_left_out(cfg: Path) -> None:
    cfg.write_bytes(b"TOP_K=1#6\nSOFTMAX#=true\nCLASS_NUM = 7 # the seven\n#CLASS_NUM=8\n")
    assert ClassificationConfig.read(cfg) == ClassificationConfig(classes=7, softmax=False, top_k=1)


def test_a_file_out_of_bounds(cfg: Path) -> None:
    cfg.write_bytes(b"TOP_K=2\n#" + b"x" * 9998 + b"\n")
    assert ClassificationConfig.read(cfg).top_k == 2
    for content in (b"TOP_K=2\n#" + b"x" * 9999 + b"\n", b"\n" * 100_002):
        cfg.write_bytes(content)
        with pytest.raises(ValueError, match=r"has (a line of )?more than"):
            ClassificationConfig.read(cfg)


def test_the_content_goes_before_the_path(cfg: Path) -> None:
    cfg.write_text("TOP_K=5\n")
    assert ClassificationConfig.of({"TOP_K": "3"}, str(cfg)).top_k == 3
    assert ClassificationConfig.of('{"TOP_K": "4"}', str(cfg)).top_k == 4
    assert ClassificationConfig.of("", str(cfg)).top_k == 5
    assert ClassificationConfig.of({}, str(cfg)).top_k == 1


def test_a_symbolic_link_is_refused(cfg: Path, tmp_path: Path) -> None:
    cfg.write_text("TOP_K=5\n")
    (tmp_path / "link.cfg").symlink_to(cfg)
    with pytest.raises(ValueError, match=r"postProcessConfigPath '.*link.cfg' is a symbolic link"):
        ClassificationConfig.of("", str(tmp_path / "link.cfg"))


@pytest.mark.parametrize(
    ("content", "path", "words"),
    [
        ({"TOP_K": 3}, "", "postProcessConfigContent must be an object of texts"),
        ("[]", "", "postProcessConfigContent must be an object of texts"),
        ("TOP_K=3", "", "postProcessConfigContent is not JSON"),
        ("[" * 5000, "", "postProcessConfigContent is not JSON"),
        ("", "nosuch.cfg", "postProcessConfigPath 'nosuch.cfg' is not a file"),
        ("", "/", "postProcessConfigPath '/' is not a file"),
        ("null", "", "postProcessConfigContent must be an object of texts"),
        ({"TOP_K": "3\n"}, "", "control character or two spaces"),
        ({"TOP  K": "3"}, "", "control character or two spaces"),
    ],
)
def test_what_cannot_be_a_configuration(content: object, path: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ClassificationConfig.of(content, path)


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        (b"", []),
        (b"a\nb\n", ["a", "b"]),
        (b"a\nb", ["a", "b"]),
        (b"# header\n# more\na\n# b\n", ["a", "# b"]),
        (b"# only a header\n", []),
        (b" # too\na#b\nab#\n", ["ab#"]),
        (b"#\n# b\n", ["#", "# b"]),
        (b"\r\n\t\t\nb\t\r\n", ["\r", "\t\t", "b"]),
        (b"\na\n", ["", "a"]),
        (b"a\n\nb\n\n", ["a", "", "b", ""]),
        (b"tench, Tinca tinca \t\r\n b\r\n", ["tench, Tinca tinca ", " b"]),
        ("Löwe\n狮子\n".encode(), ["Löwe", "狮子"]),
        (b"a\x0bb\xe2\x80\xa8c\nd\xff\n", ["a\x0bb\u2028c", "d\ufffd"]),
    ],
)
def test_labels(tmp_path: Path, content: bytes, labels: list[str]) -> None:
    path = tmp_path / "model.names"
    path.write_bytes(content)
    assert read_labels(path) == labels


def test_strict_labels_that_are_no_utf8_are_empty(tmp_path: Path) -> None:
    path = tmp_path / "model.names"
    path.write_bytes("a\nd\u00fc\n".encode() + b"d\xff\n")
    assert read_labels(path, strict=True) == ["a", "d\u00fc", ""]


def test_too_many_labels(tmp_path: Path) -> None:
    path = tmp_path / "model.names"
    path.write_bytes(b"a\n" * 100_002)
    with pytest.raises(ValueError, match="has more than 100000 lines"):
        read_labels(path)
