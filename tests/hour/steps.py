"""The steps of the first hour, as docs/ascend-hour.md shows them."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.hour.bare_host import BareHost

MODEL = "lite0"
IMPORT = f"docker compose run --rm tools convert import weights.onnx {MODEL} --transform efficientnet-lite --labels imagenet.names"
COMPILE = f"docker compose run --rm tools convert atc {MODEL} --soc Ascend310 --batch-sizes 1,2,4,8"
RELOAD = 'curl -sS -X POST -H "X-Api-Key: $(cat key)" localhost:8000/admin/models/reload'
QUERY = "docker compose exec prometheus promtool query instant http://localhost:9090"


@dataclass(frozen=True)
class Step:
    """What it is for, and its commands; `before` is what happens to the host at its beginning."""

    title: str
    about: str
    commands: str
    before: Callable[[BareHost], None] | None = None


def lose_a_chip(host: BareHost) -> None:
    """From now on chip 1 kills each process that asks it."""
    host.double.breaks("die", devices=("1",))


def mend_the_chip(host: BareHost) -> None:
    """The chip is well again."""
    host.double.mend()


STEPS = (
    Step(
        "Get the project",
        "Your weights, their labels and a labelled set lie in the home folder; they go into the clone.",
        """\
git clone --quiet URL ascend-classify && cd ascend-classify
mv ../weights.onnx ../imagenet.names ../val ../val_label.txt .
install -d -m 0750 model_store # as root: install -d -o 9000 -m 0750 model_store
""",
    ),
    Step(
        "Make a key, and settings",
        "",
        f"""\
openssl rand -hex 32 > key && chmod 644 key
cp .env.example .env
printf '%s\\n' MODEL={MODEL} API_KEY_FILE=./key DATA_DIR=./val EVALUATION_ROOTS=val=/data >> .env
""",
    ),
    Step(
        "Find the chips",
        "This host has two chips, and docker-compose.yml names four. With `-f` Compose does not read the file that is being written.",
        """\
docker compose -f docker-compose.yml run --rm -T tools doctor --compose --root /host > docker-compose.override.yml
cat docker-compose.override.yml
""",
    ),
    Step(
        "Import the weights",
        "`--expect` makes the photo the golden image, which every start and reload has to answer.",
        f"{IMPORT} --version first --expect tests/photos/cat.png=285\n",
    ),
    Step("Compile the OM", "", f"{COMPILE}\n"),
    Step(
        "Start",
        "",
        """\
docker compose up -d classify prometheus
until curl -sf localhost:8000/health/ready; do sleep 0.2; done
""",
    ),
    Step(
        "Ask",
        "",
        """\
curl -sS -H "X-Api-Key: $(cat key)" -F image=@tests/photos/cat.png -F top_k=2 localhost:8000/classify
curl -sS -H "X-Api-Key: $(cat key)" -F image=@tests/photos/coffee.png -F top_k=1 localhost:8000/classify
""",
    ),
    Step(
        "Evaluate",
        "",
        "docker compose run --rm tools evaluate val --labels val_label.txt --url http://classify:8000 --api-key-file key\n",
    ),
    Step(
        "Hold the chips against the CPU",
        "On a chip the OM computes in FP16, so the difference is larger there.",
        f"docker compose run --rm tools convert parity http://classify:8000 {MODEL}@cpu --images val --api-key-file key\n",
    ),
    Step(
        "Ask Prometheus",
        "It asks the server every five seconds, with the key. Grafana's panels ask the same way.",
        f"""\
sleep 5
{QUERY} 'sum by (device) (classify_engine_up)' | sort
{QUERY} 'sum by (outcome) (classify_images_total) > 0'
""",
    ),
    Step(
        "Reload another version",
        "The former one is kept as the way back.",
        f"""\
cp -a model_store/{MODEL} model_store/{MODEL}.former
{IMPORT} --version second --expect tests/photos/cat.png=285 --force
{COMPILE}
{RELOAD}
""",
    ),
    Step(
        "Go back",
        "",
        f"""\
rm -r model_store/{MODEL} && mv model_store/{MODEL}.former model_store/{MODEL}
{RELOAD}
""",
    ),
    Step(
        "Lose a chip",
        "Chip 1 now kills each process that asks it. Every request is answered, by the other chip.",
        f"""\
for i in $(seq 20); do
  curl -sS -H "X-Api-Key: $(cat key)" -o /dev/null -w '%{{http_code}}\\n' -F image=@tests/photos/cat.png localhost:8000/classify
done | sort | uniq -c
until {QUERY} 'sum by (device) (classify_engine_up) == 0' | grep 'device="1"'; do sleep 0.2; done
""",
        lose_a_chip,
    ),
    Step(
        "See it come back",
        "The chip is well again; a probe in the background finds it.",
        f"""\
until {QUERY} 'sum by (device) (classify_engine_up) == 1' | grep 'device="1"'; do sleep 0.2; done
""",
        mend_the_chip,
    ),
    Step("Stop", "It drains first.", "docker compose stop classify prometheus\n"),
)
