"""Signals as something that can be waited for."""

import os
import select
import signal

from stellwerk.supervisor.signals import Signals

PATIENCE_S = 20.0


def test_signals_arrive_in_their_order_and_make_the_descriptor_readable() -> None:
    with Signals((signal.SIGHUP, signal.SIGUSR1)) as signals:
        assert signals.arrived() == []
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGHUP)
        assert select.select([signals], [], [], PATIENCE_S)[0] == [signals]
        assert signals.arrived() == [signal.SIGUSR1, signal.SIGHUP]
        assert signals.arrived() == []


def test_others_are_left_out_and_everything_is_put_back() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR2, lambda number, _: heard.append(number))
    handler = signal.getsignal(signal.SIGHUP)
    try:
        with Signals((signal.SIGHUP,)) as signals:
            os.kill(os.getpid(), signal.SIGUSR2)
            assert signals.arrived() == []
        assert heard == [signal.SIGUSR2]
        assert signal.getsignal(signal.SIGHUP) is handler
        assert signal.set_wakeup_fd(-1) == -1
    finally:
        signal.signal(signal.SIGUSR2, before)
