"""The stock GStreamer elements that the engine allows in a pipeline, and their writable properties.

Types, defaults and ranges: GStreamer 1.20 and 1.22, as registered. IGNORED lists values that the engine (mxStream,
MxsmElement) checks like any other but then does not set.
"""

from pipelines.cpu.text.gst_values import Boolean, Choice, Integer, Property, Text, Unsigned

_UINT32 = 2**32 - 1
_UINT64 = 2**64 - 1
_INT32 = 2**31 - 1
_INT64 = 2**63 - 1
_ON = Boolean(default=True)
_OFF = Boolean(default=False)
_FROM_MINUS_1 = Integer(-1, -1, _INT64, bits=64)
_NAME: dict[str, Property] = {"name": Text()}
_BLOCK_SIZE: dict[str, Property] = {"blocksize": Unsigned(4096, 0, _UINT32)}
_SINK: dict[str, Property] = {
    **_NAME,
    **_BLOCK_SIZE,
    "sync": _ON,
    "max-lateness": _FROM_MINUS_1,
    "qos": _OFF,
    "async": _OFF,
    "ts-offset": Integer(0, -_INT64 - 1, _INT64, bits=64),
    "enable-last-sample": _ON,
    "render-delay": Unsigned(0, 0, _UINT64, bits=64),
    "throttle-time": Unsigned(0, 0, _UINT64, bits=64),
    "max-bitrate": Unsigned(0, 0, _UINT64, bits=64),
    "processing-deadline": Unsigned(20_000_000, 0, _UINT64, bits=64),
}
_LEAKY = ("no", "upstream", "downstream")
_STATE_ERRORS = (
    *("none", "null-to-ready", "ready-to-paused", "paused-to-playing"),
    *("playing-to-paused", "paused-to-ready", "ready-to-null"),
)

STOCK_PLUGINS: dict[str, dict[str, Property]] = {
    "appsrc": {
        **_NAME,
        **_BLOCK_SIZE,
        "num-buffers": Integer(-1, -1, _INT32),
        "typefind": _OFF,
        "do-timestamp": _OFF,
        "caps": Text(),
        "size": _FROM_MINUS_1,
        "stream-type": Choice(0, ("stream", "seekable", "random-access")),
        "max-bytes": Unsigned(1, 0, _UINT64, bits=64),  # the engine's own default
        "max-buffers": Unsigned(0, 0, _UINT64, bits=64),
        "max-time": Unsigned(0, 0, _UINT64, bits=64),
        "format": Choice(2, ("undefined", "default", "bytes", "time", "buffers", "percent"), any_case=True),
        "block": _OFF,
        "is-live": _OFF,
        "min-latency": _FROM_MINUS_1,
        "max-latency": _FROM_MINUS_1,
        "emit-signals": _ON,
        "min-percent": Unsigned(0, 0, 100),
        "duration": Unsigned(_UINT64, 0, _UINT64, bits=64),
        "handle-segment-change": _OFF,
        "leaky-type": Choice(0, ("none", "upstream", "downstream")),
    },
    "appsink": {
        **_SINK,
        "caps": Text(),
        "emit-signals": _ON,
        "max-buffers": Unsigned(0, 0, _UINT32),
        "drop": _OFF,
        "wait-on-eos": _ON,
        "buffer-list": _OFF,
    },
    "queue": {
        **_NAME,
        "max-size-buffers": Unsigned(200, 0, _UINT32),
        "max-size-bytes": Unsigned(10_485_760, 0, _UINT32),
        "max-size-time": Unsigned(1_000_000_000, 0, _UINT64, bits=64),
        "min-threshold-buffers": Unsigned(0, 0, _UINT32),
        "min-threshold-bytes": Unsigned(0, 0, _UINT32),
        "min-threshold-time": Unsigned(0, 0, _UINT64, bits=64),
        "leaky": Choice(0, _LEAKY, ("Not Leaky", "Leaky on upstream (new buffers)", "Leaky on downstream (old buffers)")),
        "silent": _OFF,
        "flush-on-eos": _OFF,
    },
    "tee": {
        **_NAME,
        "has-chain": _ON,
        "silent": _ON,
        "pull-mode": Choice(0, ("never", "single")),
        "allow-not-linked": _ON,
    },
    "identity": {
        **_NAME,
        "qos": _OFF,
        "sleep-time": Unsigned(0, 0, _UINT32),
        "error-after": Integer(-1, -1, _INT32),
        "drop-buffer-flags": Text(),
        "datarate": Integer(0, 0, _INT32),
        "silent": _ON,
        "single-segment": _OFF,
        "dump": _OFF,
        "sync": _OFF,
        "ts-offset": Integer(0, -_INT64 - 1, _INT64, bits=64),
        "check-imperfect-timestamp": _OFF,
        "check-imperfect-offset": _OFF,
        "signal-handoffs": _ON,
        "drop-allocation": _OFF,
        "eos-after": Integer(-1, -1, _INT32),
    },
    "fakesink": {
        **_SINK,
        "state-error": Choice(0, _STATE_ERRORS),
        "silent": _ON,
        "dump": _OFF,
        "signal-handoffs": _OFF,
        "drop-out-of-segment": _ON,
        "can-activate-push": _ON,
        "can-activate-pull": _OFF,
        "num-buffers": Integer(-1, -1, _INT32),
    },
}

IGNORED: dict[str, frozenset[str]] = {
    "appsrc": frozenset(
        {
            *("num-buffers", "typefind", "do-timestamp", "caps", "size", "stream-type", "format", "block", "is-live"),
            *("min-latency", "max-latency", "emit-signals", "min-percent", "duration"),
        }
    ),
    "appsink": frozenset(
        {
            *("sync", "max-lateness", "qos", "async", "ts-offset", "enable-last-sample", "render-delay", "throttle-time"),
            *("max-bitrate", "processing-deadline", "caps", "emit-signals", "max-buffers", "drop", "wait-on-eos", "buffer-list"),
        }
    ),
    "queue": frozenset(
        {
            *("flush-on-eos", "max-size-bytes", "max-size-time", "min-threshold-buffers", "min-threshold-bytes"),
            *("min-threshold-time", "silent"),
        }
    ),
    "tee": frozenset({"allow-not-linked", "has-chain", "pull-mode", "silent"}),
    "fakesink": frozenset({"async"}),
}
