from pipelines.cpu.text.stock_plugins import IGNORED, STOCK_PLUGINS


def test_what_is_ignored_is_known() -> None:
    for factory, names in IGNORED.items():
        assert names <= set(STOCK_PLUGINS[factory])


def test_what_can_be_changed() -> None:
    assert set(STOCK_PLUGINS["queue"]) - IGNORED["queue"] == {"name", "leaky", "max-size-buffers"}
    assert set(STOCK_PLUGINS["appsink"]) - IGNORED["appsink"] == {"name", "blocksize"}
    assert {"max-bytes", "blocksize"} < set(STOCK_PLUGINS["appsrc"]) - IGNORED["appsrc"]
    assert set(STOCK_PLUGINS["tee"]) - IGNORED["tee"] == {"name"}
