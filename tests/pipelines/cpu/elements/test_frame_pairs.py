import threading
from concurrent.futures import ThreadPoolExecutor
from time import sleep

from pipelines.cpu.elements.frame import Frame
from pipelines.cpu.elements.frame_pairs import HELD, FramePairs


def made() -> tuple[FramePairs, list[tuple[int, int]]]:
    seen: list[tuple[int, int]] = []
    return FramePairs(lambda one, other: seen.append((one.unique_id, other.unique_id))), seen


def put_all(pairs: FramePairs, port: int, frames: int) -> None:
    for number in range(frames):
        pairs.put(port, Frame(b"", number))


def test_frames_meet_in_order_whichever_comes_first() -> None:
    pairs, seen = made()
    for port, number in ((0, 1), (1, 11), (1, 12), (0, 2)):
        pairs.put(port, Frame(b"", number))
    assert seen == [(1, 11), (2, 12)]


def test_the_thread_of_an_input_that_is_ahead_waits() -> None:
    pairs, seen = made()
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(put_all, pairs, 0, HELD + 1)
        while len(pairs._waiting[0]) < HELD:
            sleep(0.001)
        for number in range(HELD + 1):
            pairs.put(1, Frame(b"", 10 + number))
            if not number:
                while len(pairs._waiting[0]) < HELD:  # the next frame of input 0 has come in
                    sleep(0.001)
        ahead.result(30)
    assert seen == [(0, 10), (1, 11), (2, 12)]


def test_a_release_lets_it_go() -> None:
    pairs, seen = made()
    ahead = threading.Thread(target=put_all, args=(pairs, 1, HELD))
    ahead.start()
    pairs.release()
    ahead.join(30)
    assert not ahead.is_alive()
    assert seen == []
