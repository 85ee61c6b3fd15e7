import os
import signal

import pytest

from fc_pipeline.cli.signals import ends_like_ctrl_c


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_that_end_a_process_interrupt(number):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), ends_like_ctrl_c():
        os.kill(os.getpid(), number)
        signal.pause()
    assert signal.getsignal(number) == before


def test_nohup_stays():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ends_like_ctrl_c():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
