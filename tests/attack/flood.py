"""A client that sends batches as fast as it is answered: `python -m tests.attack.flood URL KEY BODY CONTENT_TYPE CONNECTIONS SECONDS`.

It runs at the lowest priority, because it shares the processor with the server that it attacks. At the end it prints the statuses.
"""

import json
import os
import sys
import threading
from collections import Counter
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import sleep
from urllib.parse import urlsplit


def post_for_ever(address: tuple[str, int], headers: dict[str, str], body: bytes, statuses: Counter[int]) -> None:
    """One connection; 0 counts the lost ones."""
    connection = HTTPConnection(*address, timeout=60)
    while True:
        try:
            connection.request("POST", "/classify/batch", body, headers)
            reply = connection.getresponse()
            reply.read()
            statuses[reply.status] += 1
        except (OSError, HTTPException):
            connection.close()
            statuses[0] += 1


def main(url: str, key: str, body: str, content_type: str, connections: int, seconds: float) -> None:
    """Send for so many seconds."""
    os.nice(19)
    found, statuses = urlsplit(url), Counter[int]()
    headers = {"X-Api-Key": key, "Content-Type": content_type}
    arguments = ((found.hostname or "", found.port or 80), headers, Path(body).read_bytes(), statuses)
    for _ in range(connections):
        threading.Thread(target=post_for_ever, args=arguments, daemon=True).start()
    sleep(seconds)
    sys.stdout.write(json.dumps(statuses))
    sys.stdout.flush()
    os._exit(0)  # threads wait for their answers


if __name__ == "__main__":
    url, key, body, content_type, connections, seconds = sys.argv[1:]
    main(url, key, body, content_type, int(connections), float(seconds))
