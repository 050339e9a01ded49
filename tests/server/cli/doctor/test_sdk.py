"""The SDK and the environment it wants."""

import shutil

import pytest

from server.cli.doctor.sdk import check_sdk
from tests.server.cli.doctor.atlas import CANN, DRIVER, LIBRARY_FOLDERS, PLUGIN_FOLDERS, SCANNER, SDK, Atlas

NEEDED = LIBRARY_FOLDERS[1:]
SOURCE = f"source {SDK}/set_env.sh"


def test_a_whole_sdk(atlas: Atlas) -> None:
    assert atlas.found(check_sdk) == []
    assert [what for what, _ in atlas.found(check_sdk, "ok")] == [
        f"SDK 7.3.0 in {SDK}",
        "LD_LIBRARY_PATH has the folders of the SDK",
        "GST_PLUGIN_PATH has the folders of the SDK",
        "PYTHONPATH has the folder of the SDK",
        "GST_PLUGIN_SCANNER names the SDK's",
        f"CANN's libascendcl.so is in {CANN}",
    ]


@pytest.mark.parametrize(
    ("value", "what"), [("", "MX_SDK_HOME is not set: nothing finds the SDK"), ("/gone", "MX_SDK_HOME is /gone, which does not exist")]
)
def test_an_sdk_that_is_not_named(atlas: Atlas, value: str, what: str) -> None:
    atlas.environment["MX_SDK_HOME"] = value
    assert atlas.found(check_sdk) == [(what, SOURCE)]
    atlas.path(f"{SDK}/set_env.sh").unlink()  # as 2.0.x
    assert atlas.found(check_sdk) == [(what, f"export MX_SDK_HOME={SDK}")]
    shutil.rmtree(atlas.path(SDK))
    assert atlas.found(check_sdk) == [(what, "Install the SDK as the user that serves, then: source <its folder>/set_env.sh")]


def test_an_sdk_without_a_version(atlas: Atlas) -> None:
    atlas.path(f"{SDK}/version.info").unlink()
    assert atlas.found(check_sdk, "note") == [(f"SDK in {SDK}, of a version that it does not tell (no version.info)", "")]


@pytest.mark.parametrize(
    ("name", "lacks", "by_hand"),
    [
        ("LD_LIBRARY_PATH", ", ".join(NEEDED), f"{':'.join(NEEDED)}:$LD_LIBRARY_PATH"),
        ("GST_PLUGIN_PATH", ", ".join(PLUGIN_FOLDERS), f"{':'.join(PLUGIN_FOLDERS)}:$GST_PLUGIN_PATH"),
        ("PYTHONPATH", f"{SDK}/python", f"{SDK}/python:$PYTHONPATH"),
    ],
)
def test_a_variable_that_lacks_folders(atlas: Atlas, name: str, lacks: str, by_hand: str) -> None:
    atlas.environment[name] = f"/elsewhere:{CANN}"
    assert atlas.found(check_sdk) == [(f"{name} lacks {lacks}", SOURCE)]
    atlas.path(f"{SDK}/set_env.sh").unlink()
    assert atlas.found(check_sdk) == [(f"{name} lacks {lacks}", f"export {name}={by_hand}")]


def test_an_incomplete_sdk(atlas: Atlas) -> None:
    shutil.rmtree(atlas.path(f"{SDK}/python"))
    remedy = "The SDK is not complete: install it again as the user that serves."
    assert atlas.found(check_sdk) == [(f"{SDK} has none of python", remedy)]


@pytest.mark.parametrize(
    ("value", "what"), [("", "GST_PLUGIN_SCANNER is not set"), ("/gone", "GST_PLUGIN_SCANNER is /gone, which does not exist")]
)
def test_a_scanner_that_is_not_there(atlas: Atlas, value: str, what: str) -> None:
    atlas.environment["GST_PLUGIN_SCANNER"] = value
    assert atlas.found(check_sdk) == [(what, SOURCE)]
    atlas.path(f"{SDK}/set_env.sh").unlink()
    assert atlas.found(check_sdk) == [(what, f"export GST_PLUGIN_SCANNER={SCANNER}")]


def test_the_compiled_engines_folder_is_only_remarked_on(atlas: Atlas) -> None:
    atlas.environment["LD_LIBRARY_PATH"] = ":".join((*NEEDED, CANN))
    what = f"LD_LIBRARY_PATH lacks {LIBRARY_FOLDERS[0]}, which only the compiled engine needs"
    assert (atlas.found(check_sdk), atlas.found(check_sdk, "note")) == ([], [(what, SOURCE)])


def test_slashes_do_not_matter(atlas: Atlas) -> None:
    for name in ("LD_LIBRARY_PATH", "GST_PLUGIN_PATH", "GST_PLUGIN_SCANNER", "PYTHONPATH"):
        atlas.environment[name] = atlas.environment[name].replace(SDK, f"{SDK}/")
    assert atlas.found(check_sdk) == []


def test_who_came_in_past_the_images_entry_point(atlas: Atlas) -> None:
    """As docker exec does: what the entry point sets is not set."""
    atlas.write("/opt/ascend-classify/with_sdk.sh")
    for name in ("LD_LIBRARY_PATH", "GST_PLUGIN_PATH", "GST_PLUGIN_SCANNER", "PYTHONPATH"):
        atlas.environment[name] = ""
    entry = "Use the image's entry point: /opt/ascend-classify/with_sdk.sh ascend-classify doctor"
    assert [remedy for _, remedy in atlas.found(check_sdk)] == [entry] * 5


def test_cann_that_is_not_found(atlas: Atlas) -> None:
    atlas.environment["LD_LIBRARY_PATH"] = ":".join((*LIBRARY_FOLDERS, f"{DRIVER}/lib64"))
    what = "LD_LIBRARY_PATH has no folder with CANN's libascendcl.so"
    assert atlas.found(check_sdk) == [(what, "Install CANN (nnrt or toolkit), then: source /usr/local/Ascend/nnrt/set_env.sh")]
    atlas.write("/usr/local/Ascend/ascend-toolkit/set_env.sh")
    assert atlas.found(check_sdk) == [(what, "source /usr/local/Ascend/ascend-toolkit/set_env.sh")]
