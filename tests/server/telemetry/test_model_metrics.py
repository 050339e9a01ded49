"""The instruments of one model."""

from server.telemetry.metrics import Metrics
from server.telemetry.model_metrics import ModelMetrics
from server.types import ClassScore, Prediction, ScoreType


def lines(metrics: Metrics, name: str) -> list[str]:
    return [line for line in metrics.render().decode().splitlines() if line.startswith(name)]


def test_each_model_has_series_of_its_own() -> None:
    metrics = Metrics()
    one, other = ModelMetrics(metrics, "one"), ModelMetrics(metrics, "other")
    one.image("stream", "ok")
    one.image("stream", "ok")
    other.image("stream", "ok")
    assert lines(metrics, "classify_images_total") == [
        'classify_images_total{engine="stream",model="one",outcome="ok"} 2.0',
        'classify_images_total{engine="stream",model="other",outcome="ok"} 1.0',
    ]


def test_a_run_of_the_model_is_counted_with_its_padding() -> None:
    metrics = Metrics()
    model = ModelMetrics(metrics, "m")
    model.batch(3, 1)
    model.batch(4, 0)
    text = metrics.render().decode()
    assert 'classify_batch_size_count{model="m"} 2.0' in text
    assert 'classify_batch_size_sum{model="m"} 7.0' in text
    assert 'classify_batch_padding_total{model="m"} 1.0' in text


def test_a_version_takes_the_place_of_the_one_before() -> None:
    metrics = Metrics()
    model = ModelMetrics(metrics, "m")
    model.serves(("1", "aa", "f32"), [("stream", "0"), ("mxbase", "0")], lambda name, _: name == "stream")
    assert lines(metrics, "classify_engine_up") == [
        'classify_engine_up{device="0",engine="stream",model="m"} 1.0',
        'classify_engine_up{device="0",engine="mxbase",model="m"} 0.0',
    ]
    model.serves(("2", "bb", "bf16"), [("stream", "1")], lambda *_: True)
    assert lines(metrics, "classify_model_info") == ['classify_model_info{model="m",precision="bf16",recipe="bb",version="2"} 1.0']
    assert lines(metrics, "classify_engine_up") == ['classify_engine_up{device="1",engine="stream",model="m"} 1.0']


def answered(drift_classes: int, *answers: tuple[int, float], score_type: ScoreType = "probability") -> Metrics:
    metrics = Metrics(drift_classes)
    for class_id, score in answers:  # a model that is unloaded and loaded again goes on with the same classes
        ModelMetrics(metrics, "m").answered(Prediction((ClassScore(class_id, "a cat", score),), "stream", score_type))
    return metrics


def test_answers_are_told_by_class_up_to_a_number_of_them() -> None:
    metrics = answered(2, (5, 0.875), (6, 0.5), (5, 0.75), (7, 0.5), (8, 0.375))
    assert lines(metrics, "classify_answers_total") == [
        'classify_answers_total{class="5: a cat",model="m"} 2.0',
        'classify_answers_total{class="6: a cat",model="m"} 1.0',
        'classify_answers_total{class="other",model="m"} 2.0',
    ]
    assert lines(metrics, "classify_best_score_sum") == ['classify_best_score_sum{model="m"} 3.0']
    assert metrics.registry.get_sample_value("classify_best_score_bucket", {"model": "m", "le": "0.5"}) == 3


def test_answers_are_not_told_by_class_unless_wanted_nor_logits_as_probabilities() -> None:
    assert lines(answered(0, (5, 0.9)), "classify_answers_total") == []
    logits = answered(2, (5, 17.0), score_type="logit")
    assert (len(lines(logits, "classify_answers_total")), lines(logits, "classify_best_score_sum")) == (1, [])


def test_a_shadow_is_counted_with_its_model() -> None:
    metrics = Metrics()
    model = ModelMetrics(metrics, "m")
    model.shadow("n", "same", 0.03)
    model.shadow("n", "dropped", None)
    assert lines(metrics, "classify_shadow_images_total") == [
        'classify_shadow_images_total{model="m",outcome="same",shadow="n"} 1.0',
        'classify_shadow_images_total{model="m",outcome="dropped",shadow="n"} 1.0',
    ]
    assert metrics.registry.get_sample_value("classify_shadow_score_difference_bucket", {"model": "m", "shadow": "n", "le": "0.05"}) == 1
    assert metrics.registry.get_sample_value("classify_shadow_score_difference_count", {"model": "m", "shadow": "n"}) == 1


def test_the_switches_of_one_model() -> None:
    metrics = Metrics()
    one, other = ModelMetrics(metrics, "one"), ModelMetrics(metrics, "other")
    one.switched("stream", "mxbase", "failed")
    one.switched("mxbase", "stream", "recovered")
    other.switched("stream", "none", "failed")
    assert (one.switches, other.switches, ModelMetrics(metrics, "third").switches) == (2, 1, 0)
