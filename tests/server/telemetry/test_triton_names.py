"""Triton's names for what the instruments count."""

from prometheus_client.parser import text_string_to_metric_families

from server.cli.flags import load_settings
from server.serving.service_assembly import open_service
from server.telemetry.metrics import Metrics
from server.telemetry.model_metrics import ModelMetrics
from server.telemetry.triton_names import TritonNames


def told(metrics: Metrics, model: str) -> dict[str, float]:
    """The samples of a model, by the end of their names and their reason."""
    families = text_string_to_metric_families(metrics.render().decode())
    samples = [sample for family in families for sample in family.samples if sample.name.startswith("nv_inference_")]
    own = [sample for sample in samples if sample.labels["model"] == model]
    assert {sample.labels["version"] for sample in own} <= {"7"}
    return {sample.name.removeprefix("nv_inference_") + sample.labels.get("reason", ""): sample.value for sample in own}


def test_each_name_counts_what_tritons_does() -> None:
    metrics = Metrics()
    metrics.registry.register(TritonNames(metrics))
    a, b = ModelMetrics(metrics, "a"), ModelMetrics(metrics, "b")
    for each in (a, b):
        each.serves(("7", "recipe", "f32"), [("stream", "0")], lambda _name, _device: 1.0)
    for engine in ("stream", "mxbase"):
        a.image(engine, "ok")
    for stage, elapsed_s in (
        ("queue", 0.001),
        ("decode", 0.002),
        ("resize", 0.003),
        ("infer", 0.01),
        ("postprocess", 0.004),
        ("read", 9.0),
    ):
        a.stage(stage, elapsed_s)
    a.batch(2, 0)
    a.image("stream", "abandoned")
    a.image("stream", "undecodable_image")
    a.rejected("saturated")
    a.in_flight.set(3)
    found = {name: round(value) for name, value in told(metrics, "a").items()}
    assert found == {
        "request_success": 2,
        "request_failureREJECTED": 1,
        "request_failureCANCELED": 1,
        "request_failureBACKEND": 0,
        "request_failureOTHER": 1,
        "count": 2,
        "exec_count": 1,
        "pending_request_count": 3,
        "queue_duration_us": 1000,
        "compute_input_duration_us": 5000,
        "compute_infer_duration_us": 10_000,
        "compute_output_duration_us": 4000,
        "request_duration_us": 20_000,
    }
    assert set(told(metrics, "b").values()) == {0}
    b.leaves()
    assert told(metrics, "b") == {}


def test_only_where_they_are_asked_for() -> None:
    for aliases in ("", "Triton"):
        service, _ = open_service(load_settings(engines="fake", metrics_aliases=aliases))
        assert (b"nv_inference_request_success{" in service.metrics.render()) == bool(aliases)
