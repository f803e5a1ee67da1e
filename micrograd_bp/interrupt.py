"""Ctrl-C that waits for the end of a step, so that what is computed stays whole."""

import signal
import threading
from types import FrameType, TracebackType

INTERRUPTED = 130  # the exit status that shells expect after Ctrl-C


class GentleInterrupt:
    """While it is entered, the first Ctrl-C sets `asked`; a second one is a KeyboardInterrupt.

    It does so in the main thread and where Python's own handler stands; elsewhere nothing changes.
    """

    def __init__(self) -> None:
        self.asked = False
        self.is_set = False

    def __enter__(self) -> "GentleInterrupt":
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._ask)
            self.is_set = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.is_set:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            signal.default_int_handler(number, frame)
        self.asked = True
