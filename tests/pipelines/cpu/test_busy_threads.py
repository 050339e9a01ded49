from pipelines.cpu.busy_threads import BusyThreads


def test_a_thread_is_alone_until_another_begins_and_again_after_it() -> None:
    busy = BusyThreads()
    busy.begin()
    alone = [busy.alone]
    busy.begin()
    alone.append(busy.alone)
    busy.end()
    assert [*alone, busy.alone] == [True, False, True]
