"""All settings of the server: flag > environment > file > default. For settings, only this module reads the environment."""

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from models.store import name_of_one
from pipelines.reduction import Decode
from server.setting_sources import NO_KEY, PREFIX, SETTINGS_FILE, LongNames, SettingInvalid, SettingsFile, names_of, plain_text, read_key

__all__ = ["NO_KEY", "PREFIX", "SETTINGS_FILE", "SettingInvalid", "Settings"]

Positive = Annotated[int, Field(ge=1)]

_WORDS = (
    "precision", "model_control", "runtime", "engine_processes", "latency_mode", "full_scores", "decode", "log_level", "log_format",
    "metrics_aliases", "otel_traces_sampler",
)  # fmt: skip


class Settings(BaseSettings):
    """The server's settings. The environment variable of a setting is its name in capitals, with or without PREFIX.

    docs/settings.md is made from this class: the comments are its headings. After a change: `make docs-pages`.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, toml_file=SETTINGS_FILE)

    # Address and access
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 selects a free one.")
    grpc_port: int = Field(
        0, ge=0, le=65535, description="Port of the Open Inference Protocol over gRPC, as 8001; 0 is none. It needs the extra `grpc`."
    )
    tls_cert: Path | None = Field(
        None, description="A file with the certificate, and those between it and the root, in PEM: HTTP and gRPC are then served over TLS."
    )
    tls_key: Path | None = Field(None, description="The file with the private key of TLS_CERT, in PEM, without a password.")
    api_key: SecretStr | None = Field(
        None,
        description="If set, every route but the health routes and the page asks for it, as X-Api-Key or as Authorization: Bearer. "
        "It has no flag, since everybody on the machine can read a command line.",
    )
    api_key_file: Path | None = Field(
        None, description=f"A file that holds the API key. An empty file is an error; the one word {NO_KEY} stands for no key."
    )
    api_keys_file: Path | None = Field(
        None,
        description="A file of several API keys, one a line as name:key. Each name is one client when clients share the engines, and is in "
        "the access log. A key of API_KEY or API_KEY_FILE is named default. The file is read at start.",
    )
    insecure: bool = Field(
        False,  # noqa: FBT003
        description="Serve /evaluate and /admin without an API key on other addresses than the loopback, too.",
    )
    allowed_hosts: str = Field(
        "",
        description="Names, with commas between, under which /evaluate and /admin are served without an API key, besides localhost "
        "and loopback addresses.",
    )
    forwarded_allow_ips: str = Field(
        "",
        description="Addresses and networks of proxies, with commas between, whose X-Forwarded-For and X-Forwarded-Proto are believed; "
        "* believes everybody. By default nobody is believed, not even this machine.",
    )
    root_path: str = Field(
        "",
        pattern=r"^(/[A-Za-z0-9._~-]+)*$",
        description="The path under which a proxy serves this server, as /infer. Requests are answered with it and without it: the proxy "
        "may take it off.",
    )
    cors_origins: str = Field(
        "",
        description="Origins, with commas between, whose pages may read the answers in a browser, as https://shop.example; * lets all. "
        "The pages of an origin that is listed by its name may also use /evaluate and /admin.",
    )

    # Model
    model: str = Field("efficientnet_lite0", description="Name of the model; by default the one of which MODEL_STORE is the folder.")
    models: str = Field(
        "", description="Names of several models, with commas between, instead of MODEL. The first answers where a request names none."
    )
    models_file: Path | None = Field(
        None,
        description="A TOML file with a section for each model that has settings of its own, as [resnext101_32x4d]: precision, decode, "
        "pipeline, devices, and all below Engines but runtime and sdk_conf; and canary, canary_share and shadow.",
    )
    model_store: Path = Field(Path("model_store"), description="Folder of the prepared models, or of one of them.")
    pipeline: Path | None = Field(None, description="A hand-written .pipeline to run instead of the rendered one.")
    precision: Literal["", "f32", "bf16", "int8"] = Field(
        "",
        description="The precision of inference on a CPU: f32; bf16, where the processor has it; int8, where the model has an artifact for "
        "it (convert quantize). Empty: what the model's manifest says, which is f32 unless you change it. An OM has its own.",
    )
    model_control: Literal["none", "explicit"] = Field(
        "none", description="Whether POST /admin/models/NAME/load and /unload may change which models are served (explicit), or not (none)."
    )
    model_memory_bytes: Positive = Field(
        4 * 1024**3, description="Bytes of memory, estimated, of all served models; a load at run time that needs more is refused."
    )
    compile_cache: Path = Field(
        Path("~/.cache/ascend-classify"), description="Folder of compiled models, for a faster start on a CPU. /dev/null: none is kept."
    )

    # Engines
    runtime: Literal["auto", "ascend", "cpu"] = Field(
        "auto",
        description="What runs the pipeline: the vendor's SDK (ascend) or this project's CPU runtime (cpu). auto takes whichever is there.",
    )
    engines: str = Field(
        "auto",
        description="The engines, the first to be asked first, as stream,mxbase. auto: stream, then mxbase if it is built. "
        "fake has no model: for tests, and to measure the server alone.",
    )
    devices: str = Field(
        "auto", description="The chips, as 0,1,2,3, or auto for all there are. On a CPU each is a process, which is how several are tested."
    )
    engine_processes: Literal["auto", "yes", "no"] = Field(
        "auto", description="Run each engine in a process of its own, which may crash. auto: on Ascend, and with several devices."
    )
    engine_python: Path | None = Field(None, description="The Python (3.7 or newer) that imports the SDK's module, if not the server's.")
    engine_start_s: float = Field(120.0, gt=0, description="Longest start of an engine process in seconds.")
    engine_stall_s: float = Field(10.0, gt=0, description="An engine with work that gives no result for this many seconds counts as hung.")
    engine_growth_bytes: int = Field(
        1024**3,
        ge=0,
        description="An engine process that has grown by so many bytes since its start is replaced, since the SDK leaks some for each "
        "image. The new one is ready before the old one ends. 0: never.",
    )
    streams_per_device: int = Field(
        0, ge=0, le=64, description="Streams per device. 0: on a CPU one more than its cores, at most 8; on a chip 2."
    )
    latency_mode: Literal["auto", "on", "off"] = Field(
        "auto",
        description="On a CPU with several cores, let a request that is alone use all of them (on). Each engine that serves compiles its "
        "model a second time for it, which takes up to 2.5 times the size of the model's file and 5 MB. auto: where that is less than a "
        "tenth of the process' memory.",
    )
    full_scores: Literal["auto", "yes", "no"] = Field(
        "auto",
        description="Have streams of their own for the scores of all classes, since the SDK's post-process gives 16 at most. "
        "auto: on a CPU as many again; on a chip none, since each loads the model once more (yes: one a device). "
        "A pipeline of your own has them where one of its streams is called scores0.",
    )
    decode: Decode = Field(
        "exact",
        description="How JPEGs are decoded: whole (exact), or at a half, a quarter or an eighth of their sides where the model's resize "
        "makes them smaller still (reduced). This is faster for large photos, and changes the scores a bit. On a chip only mxbase can.",
    )
    sdk_conf: Path | None = Field(
        None,
        description="The vendor's sdk.conf for the CPU runtime: enable_ps=true keeps performance statistics. The SDK reads its own file.",
    )

    # Requests
    window: Positive = Field(64, description="Images in flight at most; more are answered 429 at once.")
    timeout_ms: Positive = Field(30_000, description="Milliseconds a request may take; a client may ask for less.")
    max_body_bytes: Positive = Field(20 * 1024 * 1024, description="Largest request body; a larger one is answered 413.")
    body_budget_bytes: Positive = Field(
        256 * 1024 * 1024,
        description="Bytes of all bodies together that are being read or wait for their answers; more are answered 429. "
        "It is at least one largest body.",
    )
    decode_budget_bytes: Positive = Field(
        512 * 1024 * 1024,
        description="Bytes of all pictures together that engines decode at once, told from their headers; further images wait. "
        "A quarter is kept for images that are quick to decode. One that needs more than the rest is decoded beside such images only.",
    )
    max_image_pixels: Positive = Field(50_000_000, description="Most pixels of an image, told from its header.")
    max_batch_items: Positive = Field(32, description="Most images of one POST /classify/batch.")
    explain: bool = Field(True, description="Whether POST /explain is answered.")  # noqa: FBT003
    explain_runs: int = Field(197, ge=17, description="Most images that the engines answer for one POST /explain; grid=14 takes 197.")

    # Connections
    max_connections: Positive = Field(8192, description="Connections open at most; more get 503. The server asks for as many open files.")
    client_timeout_s: float = Field(
        10.0,
        gt=0,
        description="Seconds a client may take to send the headers, to begin with the body, and to take a stretch of its answer.",
    )
    keep_alive_s: float = Field(75.0, gt=0, description="Seconds an idle connection, or stream of gRPC, is kept for its next request.")

    # Evaluations
    evaluation_roots: str = Field("", description="Folders that POST /evaluate may measure, with all below them: name=/path,/other/path.")
    evaluation_dir: Path = Field(Path("evaluations"), description="Folder in which evaluations are kept. Each server needs one of its own.")
    evaluation_disk_bytes: Positive = Field(
        16 * 1024**3,
        description="Bytes of all uploads that arrive, unpacked sets and kept evaluations together, in EVALUATION_DIR; more are answered "
        "429. The largest upload needs twice MAX_UPLOAD_BYTES.",
    )
    max_upload_bytes: Positive = Field(4 * 1024**3, description="Largest archive for POST /evaluate, packed and also unpacked.")

    # Stopping
    drain_delay_s: float = Field(1.0, ge=0, description="Seconds from the end of readiness to the close of the listener.")
    drain_s: float = Field(30.0, ge=0, description="Longest time to finish the requests in flight, in seconds.")

    # Logs and metrics
    drift_classes: int = Field(
        0,
        ge=0,
        le=1000,
        description="Count the answers by class, and the scores of the best classes, to see that images change. So many classes of a "
        "model are told apart, those that come first; the others are one. 0: nothing is counted.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Lowest level of log lines.")
    log_format: Literal["auto", "json", "text"] = Field("auto", description="json, text, or text on a terminal only (auto).")
    metrics_aliases: Literal["", "triton"] = Field(
        "", description="Give GET /metrics also the names of Triton Inference Server (triton), for its dashboards and scaling recipes."
    )

    # Traces
    otel_exporter_otlp_endpoint: str = Field(
        "",
        pattern=r"^(https?://[^/\s]+\S*)?$",
        description="Address of a collector, as http://localhost:4318, to which the traces of requests are sent (OTLP over HTTP, below "
        "/v1/traces). It needs the extra `otel`.",
    )
    otel_exporter_otlp_headers: SecretStr | None = Field(
        None, description="Headers for the collector, as authorization=Bearer%20abc,tenant=7. As API_KEY it has no flag."
    )
    otel_service_name: str = Field("ascend-classify", description="The name of this service in traces.")
    otel_resource_attributes: str = Field("", description="What else traces say of this server, as host.name=atlas-1,service.version=7.")
    otel_traces_sampler: Literal[
        "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio", "always_on", "always_off", "traceidratio"
    ] = Field("parentbased_always_on", description="Which traces are kept. parentbased: where a request comes with a trace, as that says.")
    otel_traces_sampler_arg: float = Field(1.0, ge=0, le=1, description="The share of traces that a sampler by traceidratio keeps.")

    @field_validator(*_WORDS, mode="before")
    @classmethod
    def _in_any_case(cls, word: object) -> object:
        if word == "host":
            raise PydanticCustomError("former_word", "the CPU runtime is now called cpu, so write RUNTIME=cpu")
        return word.lower() if isinstance(word, str) else word

    @field_validator("root_path", mode="before")
    @classmethod
    def _with_a_slash_before(cls, path: object) -> object:
        return f"/{path.strip('/')}".rstrip("/") if isinstance(path, str) else path

    @field_validator("*", mode="before")  # the last one, which runs first
    @classmethod
    def _as_written(cls, value: object, info: ValidationInfo) -> object:
        """A text without blanks around it (the CR of an `env_file`) or quotes (Docker's --env-file keeps them); ~ is the home."""
        if not (isinstance(value, str | Path) and info.field_name):
            return value
        text = str(value).strip() if info.field_name == "api_key" else plain_text(value)
        return text or cls.model_fields[info.field_name].default

    @model_validator(mode="before")
    @classmethod
    def _first_of_several(cls, given: dict[str, Any]) -> dict[str, Any]:
        """The first of MODELS is MODEL; without either it is the model of which MODEL_STORE is the folder."""
        names = names_of(plain_text(given.get("models") or ""))
        model = plain_text(given.get("model") or "")
        if not names:
            own = "" if model else name_of_one(Path(plain_text(given.get("model_store") or "model_store")))
            return given | {"model": own} if own else given
        if model and model != names[0]:
            raise SettingInvalid(
                f"MODEL={model} and MODELS={','.join(names)} are both set, and MODEL is not the first of MODELS.",
                f"Leave out MODEL, or set MODEL={names[0]}.",
            )
        return given | {"model": names[0]}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then the environment, then `ascend-classify.toml` in the working directory. An empty value is as none."""
        return init_settings, LongNames(settings_cls, env_prefix=PREFIX), env_settings, SettingsFile(settings_cls)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect to the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def model_names(self) -> tuple[str, ...]:
        """The names of the served models, the default first."""
        return names_of(self.models) or (self.model,)

    def read_api_key(self) -> str | None:
        """The API key, from its file or its setting; raises SettingInvalid if the file cannot be read or is empty."""
        if self.api_key_file:
            return read_key(self.api_key_file)
        return self.api_key.get_secret_value() if self.api_key else None
