"""The instruments."""

from server.telemetry.metrics import MAX_REQUEST_LABELS, Metrics


def test_build_info_tells_the_version() -> None:
    text = Metrics().render().decode()
    assert 'classify_build_info{version="0.2.0"} 1.0' in text
    assert "_created" not in text


def test_a_request_is_counted_in_the_bucket_of_its_time() -> None:
    metrics = Metrics()
    metrics.observe_request("/classify", "POST", 200, 0.004)
    metrics.observe_request("/classify", "POST", 200, 0.2)
    buckets = {
        line.split('le="')[1].split('"')[0]: float(line.split()[-1])
        for line in metrics.render().decode().splitlines()
        if line.startswith('classify_http_request_duration_seconds_bucket{endpoint="/classify"')
    }
    assert (buckets["0.0025"], buckets["0.005"], buckets["0.1"], buckets["0.25"], buckets["+Inf"]) == (0, 1, 1, 2, 2)


def test_too_many_sets_of_labels_count_as_other() -> None:
    metrics = Metrics()
    for number in range(MAX_REQUEST_LABELS + 20):
        metrics.observe_request(f"/{number}", "GET", 200, 0.1)
    text = metrics.render().decode()
    assert text.count('classify_http_requests_total{code="200",endpoint="/') == MAX_REQUEST_LABELS + 1  # and /classify, from the start
    assert 'classify_http_requests_total{code="200",endpoint="other",method="other"} 20.0' in text
    assert "classify_label_overflow_total 20.0" in text
