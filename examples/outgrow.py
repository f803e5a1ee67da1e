"""A network outgrows one machine: begun here, continued in PyTorch by two processes, read back.

    python outgrow.py

It trains 64-16-10 neurons on 400 of the shipped digits, converts them with to_torch, and takes
steps of gradient descent on all 400 in PyTorch: each of two processes has half of the digits, and
DistributedDataParallel averages their gradients. The launcher is the one of torchrun, so that the
same function runs on the machines of a cluster. from_torch reads the network back, and the same
steps taken here give the same weights.
"""

import sys

import numpy as np

from micrograd_bp import MLP, SGD, log_likelihood, predict, train
from micrograd_bp.datasets import digits
from micrograd_bp.pytorch import from_torch, to_torch

try:
    import torch
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch
    from torch.nn.parallel import DistributedDataParallel
except ImportError:
    print("this example continues in PyTorch: pip install 'micrograd-bp[torch]'")
    sys.exit(0)

SEED = 0
EPOCHS = 10
ETA = 0.5
STEPS = 20
LEARNT, HELD_OUT = 400, 400
PROCESSES = 2
HERE = "127.0.0.1"


def shipped_digits():
    """X, labels to learn, and X, labels held out."""
    X, labels = digits()
    order = np.random.default_rng(SEED).permutation(len(X))
    learnt, held_out = order[:LEARNT], order[LEARNT : LEARNT + HELD_OUT]
    return X[learnt], labels[learnt], X[held_out], labels[held_out]


def network():
    return MLP(64, [16, 10], "tanh", "softmax", rng=SEED, init="scaled")


def steps_here(net, X, labels):
    """Full-batch gradient descent: each epoch is a step on all examples."""
    train(net, X, labels, log_likelihood, SGD(net.parameters(), ETA), STEPS, len(X), progress=False)


def steps_in_pytorch(weights, biases):
    """The same in each of the processes, on its part of the examples; gives the network back.

    The parts are of equal size, so that the mean of their gradients is the gradient of the mean.
    Arguments are few and small: a process starts when the one before it has read its own.
    """
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo")
    mine = slice(torch.distributed.get_rank(), None, torch.distributed.get_world_size())
    X, labels = (torch.from_numpy(array[mine]) for array in shipped_digits()[:2])
    net = network()
    net.load_arrays(weights, biases)
    model = to_torch(net)
    parallel = DistributedDataParallel(model)
    optimizer = torch.optim.SGD(parallel.parameters(), lr=ETA)
    for _ in range(STEPS):
        optimizer.zero_grad()
        torch.nn.functional.nll_loss(parallel(X).log(), labels).backward()
        optimizer.step()
    torch.distributed.destroy_process_group()
    return from_torch(model)


def in_processes(function, *arguments):
    """What the function gives in each of the processes that PyTorch launches on this machine."""
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=PROCESSES,
        run_id="outgrow",
        rdzv_backend="c10d",
        rdzv_endpoint=f"{HERE}:0",  # a free port
        local_addr=HERE,
        start_method="spawn",
        max_restarts=0,
    )
    return elastic_launch(config, function)(*arguments)


def difference(net, other):
    return max(
        abs(p.data - q.data) for p, q in zip(net.parameters(), other.parameters(), strict=True)
    )


def report(what, found, allowed):
    print(f"{what}: {found:.1e}, allowed {allowed:.0e}")
    if not found <= allowed:
        sys.exit(f"{what} are too large")


def main():
    X, labels, X_test, labels_test = shipped_digits()

    def accuracy(net):
        return np.mean(predict(net, X_test).argmax(axis=1) == labels_test)

    net = network()
    train(net, X, labels, log_likelihood, SGD(net.parameters(), 0.1), EPOCHS, progress=False)
    print(f"here, {EPOCHS} epochs: {accuracy(net):.1%} of {HELD_OUT} digits held out")

    with torch.no_grad():
        outputs = to_torch(net)(torch.from_numpy(X_test)).numpy()
    apart = np.abs(outputs - predict(net, X_test)).max()
    report("outputs before going on, differences", apart, 1e-12)

    continued, twin = in_processes(steps_in_pytorch, *net.arrays()).values()
    print(f"PyTorch, {STEPS} steps in {PROCESSES} processes: {accuracy(continued):.1%}")
    print(f"the steps change a weight by up to {difference(continued, net):.2f}")
    report("weights of the processes, differences", difference(continued, twin), 0.0)

    steps_here(net, X, labels)
    print(f"here, the same {STEPS} steps: {accuracy(net):.1%}")
    report("weights after them, differences", difference(continued, net), 1e-9)


if __name__ == "__main__":
    main()
