"""The instruments."""

from server.telemetry.metrics import Metrics


def test_a_run_of_the_model_is_counted_with_its_padding() -> None:
    metrics = Metrics()
    metrics.batch(3, 1)
    metrics.batch(4, 0)
    text = metrics.render().decode()
    assert "classify_batch_size_count 2.0" in text
    assert "classify_batch_size_sum 7.0" in text
    assert "classify_batch_padding_total 1.0" in text
    assert "_created" not in text


def test_build_info_tells_the_version() -> None:
    assert 'classify_build_info{version="0.1.0"} 1.0' in Metrics().render().decode()
