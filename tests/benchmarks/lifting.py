"""Record a network and lift it, in a process of its own: seconds, scalar nodes, memory.

python tests/benchmarks/lifting.py 784-30-10 separate
"""

import json
import sys
import tracemalloc
from collections.abc import Callable, Sequence
from time import process_time
from typing import Any

import numpy as np

from micrograd_bp import MLP, Value, matrix_form, quadratic
from micrograd_bp.engine import topological_order

BATCH = 10


def weighted(net: MLP, x: Sequence[Value]) -> Any:
    """The network as MLP writes it: each neuron's z is one weighted_sum."""
    return net(x)


def separate(net: MLP, x: Sequence[Value]) -> Any:
    """The same network, each z a chain of + and *, as a user of micrograd writes it."""
    a = x
    for layer in net.layers:
        z = [sum((w * a_i for w, a_i in zip(n.w, a, strict=True)), n.b) for n in layer.neurons]
        a = [z_j.sigmoid() for z_j in z]
    return a


WRITINGS: dict[str, Callable[[MLP, Sequence[Value]], Any]] = {
    "weighted_sum": weighted,
    "separate": separate,
}


def measure(sizes: Sequence[int], writing: str) -> dict[str, float]:
    """Processor seconds of recording, parameters included, of lifting and of the first call."""
    n_in, *n_out = sizes
    times = [process_time()]
    net = MLP(n_in, n_out, activation="sigmoid", output="sigmoid", rng=0)
    x, y = [Value(0.1) for _ in range(n_in)], [Value(0.0) for _ in range(n_out[-1])]
    cost = quadratic(WRITINGS[writing](net, x), y)
    times.append(process_time())
    form = matrix_form(cost, [*x, *y], net.parameters())
    times.append(process_time())
    form.value_and_gradient(np.full((BATCH, n_in + n_out[-1]), 0.1))
    times.append(process_time())
    record, lift, first = np.diff(times).tolist()
    return {
        "nodes": len(topological_order(cost)),
        "record": record,
        "lift": lift,
        "first": first,
    }


def peak(sizes: Sequence[int], writing: str) -> float:
    """The most bytes that are allocated at one time, without Python and the libraries."""
    tracemalloc.start()  # slows what it watches: nothing is timed here
    measure(sizes, writing)
    return tracemalloc.get_traced_memory()[1]


if __name__ == "__main__":
    sizes, writing = [int(n) for n in sys.argv[1].split("-")], sys.argv[2]
    print(json.dumps(measure(sizes, writing) | {"peak": peak(sizes, writing)}))
