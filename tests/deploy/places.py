"""Where what is deployed lies in the repository."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
COMPOSE = {"ascend": ROOT / "docker-compose.yml", "cpu": ROOT / "docker-compose.cpu.yml"}
COMPOSE_V2 = ROOT / ".venv/compose/docker-compose"  # make test-monitoring brings it
