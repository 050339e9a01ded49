"""`serve`: serves the model over HTTP."""

import logging
import sys

import typer

from server.cli.flags import with_settings
from server.settings import Settings

logger = logging.getLogger(__name__)

SWITCH_S = 0.001
"""How long a thread may hold the interpreter while another waits; Python's own 5 ms make a small request wait behind large bodies."""


@with_settings
def serve(settings: Settings) -> None:
    """Serve the model over HTTP. Every flag is also an environment variable, in capitals, and a line of ascend-classify.toml."""
    from server.api.api_keys import ApiKeys
    from server.evaluation.dataset.roots import parse_roots
    from server.http.address import bind
    from server.http.grpc_port import check_grpc
    from server.http.tls_files import check_tls
    from server.serving.allocator import give_back_holes, return_large_blocks
    from server.serving.precision_advice import PrecisionAdvice
    from server.serving.service_assembly import open_service
    from server.telemetry.logs import configure_logs
    from server.telemetry.span_export import open_traces

    return_large_blocks()
    give_back_holes()
    sys.setswitchinterval(SWITCH_S)
    access_log = configure_logs(settings.log_level, settings.log_format)
    keys = ApiKeys.of(settings)
    if not (keys or settings.loopback):
        logger.warning("no API key is set: everyone who reaches %s may classify. Set API_KEY_FILE to keep others out.", settings.host)
    check_tls(settings)
    check_grpc(settings)
    traces = open_traces(settings)
    roots = parse_roots(settings.evaluation_roots)
    listener = bind(settings)
    service, runtime = open_service(settings)
    service.on_ready = PrecisionAdvice(service, runtime).begin
    service.begin()

    sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type] # FastAPI would load it only to ask whether a model is of it
    from server.app import create_app  # FastAPI takes half a second to import; the model loads at the same time
    from server.evaluation.jobs.evaluations import Evaluations
    from server.http.listener import listen
    from server.serving.reload import Reloader

    evaluations, reloader = Evaluations(service, runtime, roots), Reloader(service, runtime)
    app = create_app(service, reloader, evaluations, keys, access_log, traces)
    code = listen(app, service, reloader, listener, keys, access_log)
    if service.failure:
        raise service.failure
    raise typer.Exit(code)
