"""Remedies for settings, addresses, pipelines and result files."""

from pathlib import Path

from pipelines.cpu.text.pipeline_text import read_streams
from pipelines.pipeline_errors import PipelineError, ResultsInvalid, StatisticsMissing
from pipelines.sdk_conf import SdkConf
from pipelines.task_metric import evaluate
from server.cli.flags import load_settings
from server.http.address import PortTaken, bind
from server.settings import SettingInvalid
from tests.level_model import level_png
from tests.remedies.scenario import Place, Refusal, Scenario, called, command, one_of, provokes, said
from tests.server.cli.command import run


@provokes(SettingInvalid)
def port_without_a_number(_place: Place) -> Scenario:
    settings = {"PORT": "none"}

    def mend(words: str) -> None:
        settings[one_of(words, "where it is set:")] = "0"

    return Scenario(lambda: command("doctor", ENGINES="fake", **settings), mend)


@provokes(SettingInvalid)
def setting_with_a_wrong_name(place: Place) -> Scenario:
    file = place.folder / "ascend-classify.toml"
    file.write_text("widnow = 7\n")
    return Scenario(lambda: called(load_settings), lambda words: file.write_text(f"{one_of(words, 'Did you mean').rstrip('?')} = 7\n"))


@provokes(SettingInvalid)
def settings_file_with_a_section(place: Place) -> Scenario:
    file = place.folder / "ascend-classify.toml"
    file.write_text("[server]\nport = 1\n")

    def mend(words: str) -> None:
        lines, _, _ = words.partition("NAME = value, as ")[2].partition(": ")
        file.write_text(lines.replace(", or ", "\n"))

    return Scenario(lambda: called(load_settings), mend)


@provokes(SettingInvalid)
def key_file_that_is_empty(place: Place) -> Scenario:
    (place.folder / "key").write_text("")

    def mend(words: str) -> None:
        (place.folder / "key").write_text(one_of(words, "or the word"))

    return Scenario(lambda: called(load_settings(api_key_file=Path("key")).read_api_key), mend)


@provokes(PortTaken)
def port_of_another_program(_place: Place) -> Scenario:
    taken = bind(load_settings(port=0))
    taken.listen()
    ports = [taken.getsockname()[1]]

    def mend(words: str) -> None:
        ports.append(int(one_of(words, "(--port").rstrip(")")))

    def attempt() -> Refusal | None:
        refused = called(lambda: bind(load_settings(port=ports[-1])).close())
        if refused is None:
            taken.close()
        return refused

    return Scenario(attempt, mend)


@provokes(SettingInvalid)
def address_of_another_machine(_place: Place) -> Scenario:
    hosts = ["192.0.2.1"]
    return Scenario(
        lambda: called(lambda: bind(load_settings(host=hosts[-1], port=0)).close()), lambda words: hosts.append(one_of(words, "--host"))
    )


@provokes(StatisticsMissing)
def statistics_that_were_not_kept(place: Place) -> Scenario:
    """`sdk-conf` prints the configuration."""
    (place.folder / "a.png").write_bytes(level_png(40))
    logs = SdkConf().log_folder(place.folder)
    logs.mkdir(parents=True)

    def mend(words: str) -> None:
        said(words, "enable_ps=true")
        conf = run("sdk-conf", "--interval-s", 1).stdout
        (place.folder / "sdk.conf").write_text(conf)
        assert run("classify", "a.png", "--model", "level", SDK_CONF="sdk.conf", HOME=str(place.folder)).returncode == 0

    return Scenario(lambda: command("stats", logs), mend)


@provokes(ResultsInvalid)
def results_in_another_folder(place: Place) -> Scenario:
    for name in ("in", "out"):
        (place.folder / name).mkdir()
    (place.folder / "in/a.png").write_bytes(level_png(40))
    (place.folder / "labels.txt").write_text("a.png 10\n")

    def mend(words: str) -> None:
        said(words, "<image>_1.txt")
        run("infer-dir", "in", "out", "--model", "level")

    return Scenario(lambda: called(lambda: evaluate(Path("out"), Path("labels.txt"))), mend)


@provokes(PipelineError)
def pipeline_with_a_comma_too_many(_place: Place) -> Scenario:
    texts = [b'{"classify": {},}']

    def mend(words: str) -> None:
        said(words, "no trailing commas")
        texts.append(texts[0].replace(b",}", b"}"))

    return Scenario(lambda: called(lambda: read_streams(texts[-1])), mend)
