"""Freeing a deep graph without recursion, whatever the stack.

CPython 3.13 frees nested containers by recursion until a budget made for large stacks is used up;
a chain of a million nodes then overflows a thread of 256 KB. Here the outermost `__del__` drops the
operands of dead nodes one by one. It asks for no memory, as it may run where there is none: a deque
keeps the block that its few entries are in, and what a thread has of its own is made at first use,
so the threads share one.
"""

import os
from collections import deque
from typing import Any


class _Waiting:
    def __init__(self) -> None:
        self.operands: deque[tuple[Any, ...]] = deque()
        self.stop()

    def stop(self) -> None:
        self.draining = False


_waiting = _Waiting()
if hasattr(os, "register_at_fork"):  # the thread that drains may not be there in the child
    os.register_at_fork(after_in_child=_waiting.stop)


def release(node: Any, waiting: _Waiting = _waiting) -> None:
    """Let go of the operands of a dead node. (The default argument outlives the module's names.)"""
    operands = getattr(node, "operands", ())
    if not operands:
        return
    node.operands = ()
    waiting.operands.append(operands)
    del operands
    while waiting.operands and not waiting.draining:  # once more for what came when it ended
        waiting.draining = True
        try:
            while waiting.operands:
                waiting.operands.pop()
        except IndexError:  # another thread was faster
            pass
        finally:
            waiting.draining = False
