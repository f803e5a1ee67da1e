"""The same step by other libraries; none of them is needed, each is imported when asked for."""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np
from networks import ETA, Network, Trainer, from_flat, numpy_trainer, our_trainer, to_flat

OURS, NUMPY, TORCH, JAX = "micrograd_bp", "NumPy by hand", "PyTorch eager", "JAX jit"
CASADI, MICROGRAD = "CasADi SX", "micrograd"


def torch_trainer(network: Network) -> Trainer:
    """PyTorch, eager, float64."""
    import torch

    torch.set_num_threads(1)
    X, Y = (torch.from_numpy(array) for array in network.data())
    w, b = network.weights()
    ws = [torch.tensor(w_l.T.copy(), requires_grad=True) for w_l in w]  # (n_l, n_(l-1))
    bs = [torch.tensor(b_l, requires_grad=True) for b_l in b]
    sgd = torch.optim.SGD([*ws, *bs], lr=ETA)
    functions = {"relu": torch.relu, "sigmoid": torch.sigmoid, "linear": lambda z: z}
    activations = [functions[name] for name in network.activations]

    def step() -> float:
        a = X
        for w_l, b_l, activation in zip(ws, bs, activations, strict=True):
            a = activation(torch.nn.functional.linear(a, w_l, b_l))
        cost = ((a - Y) ** 2).sum() / (2 * network.m)
        sgd.zero_grad()
        cost.backward()
        sgd.step()
        return cost.item()

    return Trainer(
        step,
        lambda: (
            [w_l.detach().numpy().T.copy() for w_l in ws],
            [b_l.detach().numpy().copy() for b_l in bs],
        ),
    )


def jax_trainer(network: Network) -> Trainer:
    """JAX, float64: value, gradient and update in one compiled function."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    X, Y = (jnp.asarray(array) for array in network.data())
    w, b = network.weights()
    theta = [(jnp.array(w_l), jnp.array(b_l)) for w_l, b_l in zip(w, b, strict=True)]
    functions = {"relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid, "linear": lambda z: z}
    activations = [functions[name] for name in network.activations]

    def cost_of(theta: Any, X: Any, Y: Any) -> Any:
        a = X
        for (w_l, b_l), activation in zip(theta, activations, strict=True):
            a = activation(a @ w_l + b_l)
        return ((a - Y) ** 2).sum() / (2 * network.m)

    @partial(jax.jit, donate_argnums=0)  # the update may reuse the buffers of theta
    def stepped(theta: Any, X: Any, Y: Any) -> tuple[Any, Any]:
        cost, gradient = jax.value_and_grad(cost_of)(theta, X, Y)
        return cost, jax.tree.map(lambda p, dp: p - ETA * dp, theta, gradient)

    def step() -> float:
        nonlocal theta
        cost, theta = jax.block_until_ready(stepped(theta, X, Y))
        return float(cost)

    return Trainer(
        step,
        lambda: ([np.array(w_l) for w_l, _ in theta], [np.array(b_l) for _, b_l in theta]),
    )


def casadi_trainer(network: Network) -> Trainer:
    """CasADi: the scalars SX of one example, mapped over the batch; the update in NumPy."""
    buffer, evaluate = casadi_function(network).buffer()
    theta = to_flat(*network.weights())
    X, Y = network.data()  # rows of (m, n) are the columns of CasADi's (n, m)
    cost, gradient = np.empty(1), np.empty_like(theta)
    for k, array in enumerate((theta, X, Y)):
        buffer.set_arg(k, memoryview(array))
    for k, array in enumerate((cost, gradient)):
        buffer.set_res(k, memoryview(array))

    def step(held: Any = (buffer, X, Y)) -> float:  # CasADi keeps addresses, not references
        nonlocal theta
        evaluate()
        theta -= ETA * gradient
        return float(cost[0])

    return Trainer(step, lambda: from_flat(theta, network.sizes))


def casadi_function(network: Network) -> Any:
    """From theta (p,), X (n_0, m) and Y (n_L, m) to the mean cost and its gradient (p,)."""
    import casadi

    theta = casadi.SX.sym("theta", to_flat(*network.weights()).size)
    x, y = casadi.SX.sym("x", network.sizes[0]), casadi.SX.sym("y", network.sizes[-1])
    functions = {
        "relu": lambda z: casadi.fmax(z, 0.0),
        "sigmoid": lambda z: 1.0 / (1.0 + casadi.exp(-z)),
        "linear": lambda z: z,
    }
    a, start = x, 0
    for (n_in, n_out), name in zip(pairwise(network.sizes), network.activations, strict=True):
        stop = start + n_out * (n_in + 1)
        layer = casadi.reshape(theta[start:stop], n_in + 1, n_out)
        a = functions[name](layer[:-1, :].T @ a + layer[-1, :].T)
        start = stop
    cost = casadi.sumsqr(a - y) / (2 * network.m)
    one = casadi.Function("one", [theta, x, y], [cost, casadi.gradient(cost, theta)])
    return one.map(network.m, [True, False, False], [True, True], {})


def micrograd_trainer(network: Network) -> Trainer:
    """The micrograd of the package index: example by example, scalar by scalar."""
    from micrograd.nn import MLP

    n_in, *n_out = network.sizes
    net = MLP(n_in, n_out)
    parameters = net.parameters()
    for parameter, number in zip(parameters, to_flat(*network.weights()).tolist(), strict=True):
        parameter.data = number
    X, Y = (array.tolist() for array in network.data())

    def step() -> float:
        net.zero_grad()
        mean = 0.0
        for x, (y,) in zip(X, Y, strict=True):
            cost = (net(x) - y) ** 2 * (0.5 / network.m)
            cost.backward()
            mean += cost.data
        for parameter in parameters:
            parameter.data -= ETA * parameter.grad
        return mean

    def weights() -> tuple[list[Any], list[Any]]:
        return from_flat(np.array([p.data for p in parameters]), network.sizes)

    return Trainer(step, weights)


TRAINERS: dict[str, Callable[[Network], Trainer]] = {
    OURS: our_trainer,
    NUMPY: numpy_trainer,
    TORCH: torch_trainer,
    JAX: jax_trainer,
    CASADI: casadi_trainer,
    MICROGRAD: micrograd_trainer,
}
MODULES = {TORCH: "torch", JAX: "jax", CASADI: "casadi", MICROGRAD: "micrograd"}


def is_installed(peer: str) -> bool:
    """Whether the library can be imported, without importing it."""
    return peer not in MODULES or find_spec(MODULES[peer]) is not None


def takes(peer: str, network: Network) -> bool:
    """Whether the peer can build the network: micrograd has relu alone."""
    return peer != MICROGRAD or network.hidden == "relu"
