"""The performance statistics of a running stream, as `sdk.conf` asks for them."""

from pathlib import Path

import pytest

from pipelines.cpu import CpuOptions, CpuStreamManager
from pipelines.sdk_conf import SdkConf
from pipelines.statistics_report import read_report
from tests.level_model import level_png, store_level_model
from tests.pipelines.cpu.pipelines_made import TIMEOUT_MS, classifying, create, input_of


@pytest.mark.parametrize("enabled", [True, False])
def test_a_stream_is_measured_if_the_file_says_so(tmp_path: Path, enabled: bool) -> None:
    conf = SdkConf(enable_ps=enabled, ps_interval_time=60)
    (tmp_path / "sdk.conf").write_text(conf.render())
    manager = CpuStreamManager(CpuOptions(sdk_conf=tmp_path / "sdk.conf", home=tmp_path))
    assert manager.InitManager() == 0
    create(manager, s=classifying(store_level_model(tmp_path / "store")))
    for level in range(10):
        unique_id = manager.SendDataWithUniqueId(b"s", 0, input_of(level_png(level)))
        assert manager.GetResultWithUniqueId(b"s", unique_id, TIMEOUT_MS).errorCode == 0
    assert manager.DestroyAllStreams() == 0
    folder = conf.log_folder(tmp_path)
    assert folder.exists() is enabled
    if enabled:
        text = read_report(folder).as_text()
        assert all(name in text for name in ("mxpi_imagedecoder0", "mxpi_tensorinfer0", "modelInference", "mxpi_dataserialize0"))
