"""Freeing a deep graph without recursion, whatever the stack.

CPython 3.13 frees nested containers by recursion until a budget made for large stacks is used up;
a chain of a million nodes then overflows a thread of 256 KB. Here the outermost `__del__` drops the
operands of dead nodes one by one.
"""

import threading
from typing import Any


class _Waiting(threading.local):
    def __init__(self) -> None:
        self.operands: list[tuple[Any, ...]] = []
        self.draining = False


_waiting = _Waiting()


def release(node: Any, waiting: _Waiting = _waiting) -> None:
    """Let go of the operands of a dead node. (The default argument outlives the module's names.)"""
    operands = getattr(node, "operands", ())
    if not operands:
        return
    node.operands = ()
    waiting.operands.append(operands)
    del operands
    if waiting.draining:
        return
    waiting.draining = True
    try:
        while waiting.operands:
            waiting.operands.pop()
    finally:
        waiting.draining = False
