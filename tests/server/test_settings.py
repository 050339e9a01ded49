"""Flag > environment > file > default."""

from pathlib import Path

import pytest

from server.cli.flags import load_settings
from server.settings import PREFIX, SettingInvalid, Settings
from tests.level_model import store_level_model


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


def test_precedence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().port == 8000
    Path("ascend-classify.toml").write_text("port = 8001\nwindow = 7\n")
    assert (load_settings().port, load_settings().window) == (8001, 7)
    monkeypatch.setenv("PORT", "8002")
    assert load_settings().port == 8002
    assert (load_settings(port=8003).port, load_settings(port=None).port) == (8003, 8002)


def test_the_long_name_beats_the_short_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "x86_64-conda-linux-gnu")
    monkeypatch.setenv("ASCEND_CLASSIFY_HOST", "::1")
    monkeypatch.setenv("ASCEND_CLASSIFY_STRICT", "1")
    assert (load_settings().host, load_settings(host="0.0.0.0").host) == ("::1", "0.0.0.0")


def test_an_empty_value_is_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "")
        monkeypatch.setenv(PREFIX + name.upper(), "")
    Path("ascend-classify.toml").write_text("".join(f'{name} = ""\n' for name in Settings.model_fields))
    cache = Settings.model_fields["compile_cache"].default.expanduser()
    assert load_settings() == Settings.model_construct(compile_cache=cache)


@pytest.mark.parametrize("around", ["{} ", " {}", "{}\r", "\t{}\n", '"{}"', "'{}'", "'{}'\r", '" {}"'])
def test_blanks_and_quotes_around_a_value(monkeypatch: pytest.MonkeyPatch, around: str) -> None:
    """As an `env_file` written on Windows has them, and `docker run --env-file`, which keeps quotes."""
    written = {"PORT": "8001", "LOG_LEVEL": "Debug", "INSECURE": "yes", "MODEL": "level", "ROOT_PATH": "/infer", "MODEL_STORE": "/a b"}
    for name, value in written.items():
        monkeypatch.setenv(name, around.format(value))
    found = load_settings()
    assert (found.port, found.log_level, found.insecure, found.model, found.root_path) == (8001, "debug", True, "level", "/infer")
    assert found.model_store == Path("/a b")


def test_blanks_alone_are_as_none_and_a_key_keeps_its_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), " \r")
    assert load_settings() == Settings.model_construct()
    monkeypatch.setenv("API_KEY", '"secret"\r')
    assert load_settings().read_api_key() == '"secret"'


@pytest.mark.parametrize("home", ["~/store", "~"])
def test_a_path_may_begin_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: str) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MODEL_STORE", home)
    assert load_settings().model_store == load_settings(model_store=Path(home)).model_store == tmp_path / home[2:]
    assert load_settings(model_store="~no-such-user/x").model_store == Path("~no-such-user/x")


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "ascend-classify.toml").mkdir()
    with pytest.raises(SettingInvalid, match=r"ascend-classify.toml is a folder\. Remove it"):
        load_settings()


@pytest.mark.parametrize(("written", "meant"), [("INFO", "info"), ("Warning", "warning")])
def test_the_case_of_a_word_does_not_matter(monkeypatch: pytest.MonkeyPatch, written: str, meant: str) -> None:
    monkeypatch.setenv("LOG_LEVEL", written)
    assert load_settings().log_level == load_settings(log_level=written).log_level == meant


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("prot = 8001", r"no setting for 'prot' in ascend-classify.toml\. Did you mean port\?"),
        ("zzz = 1", r"no setting for 'zzz' .*docs/settings.md"),
        ("PORT = 1", r"no setting for 'PORT' .*Did you mean port\?"),
        ("max-body-bytes = 1", r"Did you mean max_body_bytes\?"),
        ("ASCEND_CLASSIFY_PORT = 1", r"Did you mean port\?"),
        ("log_level = debug", r"or host = \"0.0.0.0\": text has quotes around it"),
        ("[server]\nport = 1", r"has the section \[server\]\. The file has no sections"),
    ],
)
def test_a_name_that_no_setting_has(content: str, words: str) -> None:
    Path("ascend-classify.toml").write_text(content)
    with pytest.raises(SettingInvalid, match=words):
        Settings()


def test_a_variable_with_the_prefix_must_be_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASCEND_CLASSIFY_MODEL_STOR", "x")
    with pytest.raises(SettingInvalid, match=r"for ASCEND_CLASSIFY_MODEL_STOR\. Did you mean ASCEND_CLASSIFY_MODEL_STORE\?"):
        load_settings()


def test_a_wrong_value_names_its_setting() -> None:
    with pytest.raises(SettingInvalid, match=r"port cannot be 70000.*PORT, --port or"):
        load_settings(port=70000)


def test_the_key_comes_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-file\n")
    assert load_settings(api_key="direct").read_api_key() == "direct"
    assert load_settings(api_key_file=tmp_path / "key").read_api_key() == "from-file"
    assert load_settings().read_api_key() is None
    assert "direct" not in repr(load_settings(api_key="direct"))


def test_a_key_file_without_a_key_is_an_accident_unless_it_says_so(tmp_path: Path) -> None:
    file = tmp_path / "key"
    for content in ("", " \n"):
        file.write_text(content)
        with pytest.raises(SettingInvalid, match=r"API_KEY_FILE: .*key is empty\. .*no-api-key"):
            load_settings(api_key_file=file).read_api_key()
    with pytest.raises(SettingInvalid, match="cannot be read"):
        load_settings(api_key_file=tmp_path / "none").read_api_key()
    file.write_text("no-api-key\n")
    assert load_settings(api_key_file=file).read_api_key() is None


@pytest.mark.parametrize(
    ("host", "loopback"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("atlas", False)]
)
def test_loopback(host: str, loopback: bool) -> None:
    assert load_settings(host=host).loopback is loopback


def test_the_former_runtime_names_the_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    message = r"runtime cannot be 'host': the CPU runtime is now called cpu, so write RUNTIME=cpu\. Correct it where it is set: RUNTIME, "
    with pytest.raises(SettingInvalid, match=message):
        load_settings(runtime="host")
    Path("ascend-classify.toml").write_text('runtime = "host"\n')
    with pytest.raises(SettingInvalid, match=message):
        load_settings()
    monkeypatch.setenv("RUNTIME", "cpu")
    assert load_settings().runtime == "cpu"


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfport = 8001\r\n", b"port = 8001"], ids=["Windows", "plain"])
def test_the_settings_file_may_come_from_any_editor(content: bytes) -> None:
    Path("ascend-classify.toml").write_bytes(content)
    assert Settings().port == 8001


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"port = \n", "line 1"), ("port = 8001\n".encode("utf-16"), "UTF-16"), (b"a = " + b"[" * 3000, "ascend-classify.toml")],
    ids=["syntax", "encoding", "depth"],
)
def test_a_settings_file_that_cannot_be_read_is_told(content: bytes, words: str) -> None:
    Path("ascend-classify.toml").write_bytes(content)
    with pytest.raises(SettingInvalid, match=words):
        Settings()


def test_a_key_file_may_come_from_any_editor(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xef\xbb\xbfsecret\r\n")
    assert Settings(api_key_file=tmp_path / "key").read_api_key() == "secret"
    (tmp_path / "key").write_bytes("secret".encode("utf-16"))
    with pytest.raises(SettingInvalid, match="UTF-16"):
        Settings(api_key_file=tmp_path / "key").read_api_key()


def test_the_first_of_several_models_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELS", '"a, b,c"\r')
    assert (load_settings().model, load_settings().model_names) == ("a", ("a", "b", "c"))
    assert load_settings(model="a").model == "a"
    with pytest.raises(SettingInvalid, match=r"MODEL=b and MODELS=a,b,c are both set, .*Leave out MODEL, or set MODEL=a\."):
        load_settings(model="b")
    with pytest.raises(SettingInvalid, match="names a model twice"):
        load_settings(models="a,a")
    assert Settings.model_construct().model_names == ("efficientnet_lite0",)


def test_the_folder_of_one_model_names_the_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store_level_model(tmp_path).folder.rename(tmp_path / "models")
    monkeypatch.setenv("MODEL_STORE", str(tmp_path / "models"))
    assert (load_settings().model, load_settings().model_names) == ("level", ("level",))
    assert load_settings(model="other").model == "other"
    assert load_settings(model_store=tmp_path).model == "efficientnet_lite0"
