"""sdk.conf: what the vendor's reader makes of a text, and that what is rendered reads back."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sdk_conf import LIMITS, SdkConf

# As the SDK brings it, with the statistics switched on and an interval of 6 seconds.
SEED = """# MindX SDK configuration file

# whether to enable performance statistics, default is false
enable_ps=true

# performance statistics log output directory, create logs directory before use
ps_log_dir=logs

# performance statistics log filename
ps_log_filename=performance-statistics.log

ps_max_log_size=10
ps_queue_size_warn_percent=80
ps_interval_time=6
ps_queue_size_interval_time=50
ps_queue_size_times=100
malloc_max_data_size=1G
"""

WORDS = st.text(st.characters(exclude_characters="#", exclude_categories=("Z", "C")), min_size=1)


def read(folder: Path, text: str) -> SdkConf:
    (folder / "sdk.conf").write_text(text, "utf-8", newline="")
    return SdkConf.read(folder / "sdk.conf")


def test_the_file_of_the_sdk(tmp_path: Path) -> None:
    assert read(tmp_path, SEED) == SdkConf(enable_ps=True, ps_interval_time=6)
    assert read(tmp_path, SEED.replace("\n", "\r\n")) == SdkConf(enable_ps=True, ps_interval_time=6)


@pytest.mark.parametrize(("key", "limits"), LIMITS.items())
def test_a_number_beyond_a_limit_is_the_limit_and_none_is_the_lowest(tmp_path: Path, key: str, limits: tuple[int, int]) -> None:
    lowest, highest = limits
    for text, value in {
        str(highest): highest,
        str(highest + 1): highest,
        "-7": lowest,
        "abc": lowest,
        "": lowest,
        "99999999999": lowest,  # no room in 32 bits, which the vendor reads as no number
        "4294967290": lowest,
        f"000000000000{highest}": highest,
    }.items():
        assert getattr(read(tmp_path, f"{key}={text}\n"), key) == value, text
    assert getattr(read(tmp_path, "enable_ps=true\n"), key) == lowest


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("ps_interval_time = 30 # half a minute", 30),
        ("  ps_interval_time=30", 30),
        ("ps_interval_time=30.9", 30),
        ("ps_interval_time=\t+30 s", 30),
        ("\tps_interval_time=30", 1),  # only blanks are trimmed off a key
        ("#ps_interval_time=30", 1),
        ("ps_interval_time 30", 1),
        ("ps_interval_time=30\nps_interval_time=40", 30),
    ],
)
def test_lines_are_taken_apart_as_the_vendor_does(tmp_path: Path, line: str, seconds: int) -> None:
    assert read(tmp_path, line).ps_interval_time == seconds


@pytest.mark.parametrize(
    ("text", "on"), [("true", True), ("TRUE", True), (" True", True), ("false", False), ("1", False), ("yes", False), ("", False)]
)
def test_only_the_word_true_switches_on(tmp_path: Path, text: str, *, on: bool) -> None:
    assert read(tmp_path, f"enable_ps={text}").enable_ps is on


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [("1G", 2**30), ("512m", 2**29), ("8K", 8192), ("77", 77), ("4g", 2**32), ("5G", 2**32), ("0", 2**32), ("1T", 2**32), ("", 2**32)],
)
def test_the_size_of_a_buffer(tmp_path: Path, text: str, size_bytes: int) -> None:
    assert read(tmp_path, f"malloc_max_data_size={text}").malloc_max_data_size == size_bytes


def test_the_folder_is_below_the_home_unless_it_is_absolute(tmp_path: Path) -> None:
    assert SdkConf().log_folder(Path("/home/me")) == Path("/home/me/log/mindxsdk/logs")
    assert SdkConf(ps_log_dir="/var/log/sdk").log_folder(Path("/home/me")) == Path("/var/log/sdk")
    assert read(tmp_path, "ps_log_dir=my logs").ps_log_dir == "my"  # a text ends at a blank
    assert read(tmp_path, "ps_log_dir=").ps_log_dir == "logs"


@pytest.mark.parametrize("text", ["x" * 10_000, "\n" * 100_001])
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="at most"):
        read(tmp_path, text)


@given(
    st.builds(
        SdkConf,
        enable_ps=st.booleans(),
        ps_log_dir=WORDS,
        ps_log_filename=WORDS,
        malloc_max_data_size=st.integers(1, 2**32),
        **{key: st.integers(*limits) for key, limits in LIMITS.items()},
    )
)
def test_what_is_rendered_reads_back(tmp_path_factory: pytest.TempPathFactory, conf: SdkConf) -> None:
    assert read(tmp_path_factory.mktemp("conf"), conf.render()) == conf


@given(st.text())
def test_any_text_is_read_within_the_limits(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    lines = "".join(f"{key}={text}\n" for key in LIMITS)
    conf = read(tmp_path_factory.mktemp("conf"), lines.encode(errors="replace").decode())
    assert all(lowest <= getattr(conf, key) <= highest for key, (lowest, highest) in LIMITS.items())


@pytest.mark.parametrize("name", ["", "two words", "with#sign"])
def test_a_name_that_would_not_read_back_is_not_rendered(name: str) -> None:
    with pytest.raises(ValueError, match="ps_log_dir"):
        SdkConf(ps_log_dir=name).render()
