"""A client that does nothing wrong and measures what others do to it: `python -m tests.attack.victim HOST PORT SECONDS IMAGE`.

Four requests a second on a connection that it keeps. A latency counts from the instant at which the request was due.
"""

import json
import sys
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from pathlib import Path

RATE = 4
ANSWER_S = 30


def classify(address: tuple[str, int], seconds: float, image: bytes) -> tuple[Counter[str], list[float]]:
    """The statuses (with the words of a refusal, or the error in place of both), and the latencies in ms."""
    statuses: Counter[str] = Counter()
    latencies_ms: list[float] = []
    connection = HTTPConnection(*address, timeout=ANSWER_S)
    began_s = time.monotonic()
    for number in range(int(RATE * seconds)):
        due_s = began_s + number / RATE
        time.sleep(max(0.0, due_s - time.monotonic()))
        try:
            connection.request("POST", "/classify", image)
            answer = connection.getresponse()
            body = answer.read()
            statuses["200" if answer.status == 200 else f"{answer.status} {json.loads(body)['error']}"] += 1
        except (OSError, HTTPException) as error:
            statuses[repr(error)] += 1
            connection.close()
        latencies_ms.append(1000 * (time.monotonic() - due_s))
    return statuses, latencies_ms


def main(host: str, port: str, seconds: str, image: str) -> None:
    """Measure, and print what was found."""
    found = classify((host, int(port)), float(seconds), Path(image).read_bytes())
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
