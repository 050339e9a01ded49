"""Stands in for ATC, Huawei's compiler of models, which runs on machines with CANN only; run as a program by the tests.

It notes what it was called with (a line of JSON in STANDIN_ATC_RECORD), says what ATC says, writes a file with an OM's header
and describes it as ATC does (`--mode=1`; the layout is that of GE's Pb2Json over ge.proto's ModelDef). STANDIN_ATC tells how
it misbehaves.
"""

import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

VERSION = "1.83.22.1.220"
KEPT = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "ASCEND_OPP_PATH", "ASCEND_HOME_PATH", "ASCEND_SLOG_PRINT_TO_STDOUT")

FAILED = "...\nATC run failed, Please check the detail log, Try 'atc --help' for more information\n"
REASONS = {
    "fail": "E19010: No parser is registered for Op [model1 div node, optype [ai.onnx::23::Div]].\n",
    "fail_new": (
        "EC0010: [PID: 129520] 2025-07-08-10:25:28.680.962 Failed to import Python module [ModuleNotFoundError: No module named "
        "'decorator'.].\n        Solution: Check that all required components are properly installed.\n"
        "        TraceBack (most recent call last):\n        AOE Failed to call InitCannKB[FUNC:Initialize]\n"
    ),
    "fail_logged": "",
}
LOADER = "/usr/local/Ascend/bin/atc.bin: error while loading shared libraries: libascend_hal.so: cannot open shared object file"


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def om_file(payload: bytes, *, promised: int | None = None, encrypted: int = 0, magic: bytes = b"IMOD") -> bytes:
    """A header as the vendor's ModelFileHeader has it, and what follows."""
    length = len(payload) if promised is None else promised
    header = struct.pack("<4sII64sIBBBB32sI32sII", magic, 256, 0x10000000, b"", length, encrypted, 1, 0, 0, b"resnext", 0, b"", 0, 1)
    return header.ljust(256, b"\0") + payload


def attribute(key: str, **value: object) -> dict[str, object]:
    return {"key": key, "value": value}


def description(flags: dict[str, str], mode: str) -> dict[str, object]:
    """The ModelDef of what was compiled with these flags."""
    gears = flags.get("dynamic_batch_size", "")
    shapes = [f"NCHW:DT_FLOAT:image:602112:4:{gear},3,224,224" for gear in gears.split(",") if gear]
    image = [attribute("index", i=0)]
    if mode != "no_aipp":
        image += [attribute("_data_related_aipp_mode", s="static_aipp"), attribute("aipp", func={"attr": [attribute("aipp_mode", i=1)]})]
    if shapes:
        image.append(attribute("_all_origin_gears_inputs", list={"s": shapes, "val_type": "VT_LIST_STRING"}))
    kind = "DT_FLOAT16" if mode == "fp16" else "DT_FLOAT"
    return {
        "name": "resnext",
        "version": 2,
        "attr": [
            attribute("atc_version", s=VERSION),
            attribute("soc_version", s="Ascend910A" if mode == "other_soc" else flags["soc_version"]),
            attribute("atc_cmdline", s="atc.bin"),
            attribute("framework_type", s="Onnx"),
        ],
        "graph": [
            {
                "name": "resnext",
                "op": [
                    {"name": "image", "type": "Data", "attr": image, "output_desc": [{"dtype": "DT_UINT8", "layout": "NHWC"}]},
                    {"name": "conv1", "type": "Conv2D", "attr": [attribute("groups", i=1)]},
                    {"name": "Node_Output", "type": "NetOutput", "input_desc": [{"dtype": kind, "shape": {"dim": [1, 1000]}}]},
                ],
            }
        ],
    }


def compile_model(flags: dict[str, str], mode: str) -> None:
    om = Path(f"{flags['output']}.om")
    Path("fusion_result.json").write_text("[]")  # ATC litters where it runs
    payload = json.dumps(description(flags, mode)).encode()
    match mode:
        case "hang":
            om.write_bytes(om_file(payload)[:100])
            time.sleep(600)
        case "garbage":
            om.write_bytes(b"is not an OM")
        case "truncated":
            om.write_bytes(om_file(payload)[:-1])
        case "brackets":
            say("[/conv1/Conv] is compiled\n")
            time.sleep(0.3)
            om.write_bytes(om_file(payload))
        case "nothing":
            pass
        case "daemon":
            subprocess.Popen(["sleep", "600"])
            om.write_bytes(om_file(payload))
        case _:
            om.write_bytes(om_file(payload))


def describe(flags: dict[str, str], mode: str) -> None:
    if mode == "no_description":
        say(f"{FAILED}E10003: Value [{flags['om']}] for parameter [om] is invalid. Reason: invalid om file\n")
        sys.exit(255)
    model = Path(flags["om"]).read_bytes()[256:]
    Path(flags["json"]).write_bytes(b'{"model": []}' if mode == "unknown_json" else model)


def main() -> None:
    flags = dict(argument.removeprefix("--").split("=", 1) for argument in sys.argv[1:])
    mode = os.environ.get("STANDIN_ATC", "")
    with Path(os.environ["STANDIN_ATC_RECORD"]).open("a") as record:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        record.write(f"{json.dumps({'arguments': sys.argv[1:], 'environment': kept, 'pid': os.getpid()})}\n")
    if mode == "loader":
        say(LOADER)
        sys.exit(127)
    say("ATC start working now, please wait for a moment.\n")
    if mode in REASONS:
        say("[ERROR] GE(21177,atc.bin):2023-04-14-14:43:17[graph.cpp:376]Build graph failed.\n")
        say(f"{FAILED}{REASONS[mode]}\n")
        sys.exit(255)
    if flags.get("mode") == "1":
        describe(flags, mode)
    else:
        compile_model(flags, mode)
    say("...\nATC run success, welcome to the next use.\n\n")


if __name__ == "__main__":
    main()
