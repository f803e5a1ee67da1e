"""grad, value_and_grad, jacobian, hessian: derivatives of functions, to any order.

Arguments are floats, nested lists or tuples of floats, or NumPy arrays; results have the same
structure. Inside, the function sees Values (object arrays for arrays), so NumPy code is
differentiated as it stands. What depends on data by Python control flow is that of the given point.
"""

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from functools import wraps
from reprlib import repr as short
from typing import Any

import numpy as np

from micrograd_bp.chain_rule import float_gradients, gradients
from micrograd_bp.engine import Value, as_value
from micrograd_bp.primitives import as_real
from micrograd_bp.structure import as_array, leaves, rebuilt

# How many of these functions are at work: the results of an inner one stay Values, because the
# outer one differentiates them again.
_depth: ContextVar[int] = ContextVar("depth", default=0)


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The gradient of f, whose value is a number, by one argument (int) or several (tuple)."""
    both = value_and_grad(f, argnums)

    @wraps(f)
    def gradient(*args: Any, **options: Any) -> Any:
        return both(*args, **options)[1]

    return gradient


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """f and its gradient from one evaluation: a pair."""

    @wraps(f)
    def both(*args: Any, **options: Any) -> tuple[Any, Any]:
        call = _Call(f, argnums, args, options)
        out = as_number(call.result)
        return call.value(), call.unpacked(call.gradient(out))

    return both


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Derivatives of every output by every input: arrays give shape (*output, *input).

    Lists of outputs give lists with the structure of the input inside.
    """

    @wraps(f)
    def all_gradients(*args: Any, **options: Any) -> Any:
        call = _Call(f, argnums, args, options)
        return _by_output(call, call.result)

    return all_gradients


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The second derivatives of f, whose value is a number: the Jacobian of its gradient."""
    return jacobian(grad(f, argnums), argnums)


class _Call:
    """One evaluation of f on Values, and derivatives of its results."""

    def __init__(
        self,
        f: Callable[..., Any],
        argnums: int | Sequence[int],
        args: tuple[Any, ...],
        options: dict[str, Any],
    ) -> None:
        self.single = not isinstance(argnums, Iterable)
        chosen = list(argnums) if isinstance(argnums, Iterable) else [argnums]
        for k in chosen:
            if not -len(args) <= k < len(args):
                raise ValueError(f"argnums {k} is outside the {len(args)} arguments")
        given = list(args)
        for k in chosen:
            given[k] = rebuilt(args[k], _variable)
        self.inputs = [given[k] for k in chosen]
        self.variables = [x for nested in self.inputs for x in leaves(nested)]
        holds_values = any(isinstance(x, Value) for k in chosen for x in leaves(args[k]))
        self.stays_graph = holds_values or _depth.get() > 0
        depth = _depth.set(_depth.get() + 1)
        try:
            self.result = f(*given, **options)
        finally:
            _depth.reset(depth)

    def value(self) -> Any:
        out = as_number(self.result)
        return out if self.stays_graph else out.data

    def gradient(self, out: Value) -> list[Any]:
        """d(out) by each chosen argument, in its structure."""
        differentiate = gradients if self.stays_graph else float_gradients
        supply = iter(differentiate(out, self.variables))
        return [rebuilt(nested, lambda _: next(supply)) for nested in self.inputs]

    def unpacked(self, by_argument: list[Any]) -> Any:
        return by_argument[0] if self.single else tuple(by_argument)


def _by_output(call: _Call, result: Any) -> Any:
    """Derivatives of the outputs in `result`: lists and tuples outside, arrays stacked."""
    if isinstance(result, list | tuple):
        parts = [_by_output(call, part) for part in result]
        return parts if isinstance(result, list) else tuple(parts)
    if not isinstance(result, np.ndarray):
        return call.unpacked(call.gradient(as_number(result)))
    rows = [call.gradient(as_number(out)) for out in leaves(result)]
    by_input = [[row[k] for row in rows] for k in range(len(call.inputs))]
    shapes = [np.shape(nested) for nested in call.inputs]
    return call.unpacked(
        [_stacked(part, result.shape, shape) for part, shape in zip(by_input, shapes, strict=True)]
    )


def _stacked(rows: list[Any], shape: tuple[int, ...], inner: tuple[int, ...]) -> Any:
    """One array from the gradients of an array's entries; by a list, an array of lists."""
    if rows and isinstance(rows[0], list | tuple):
        array = np.empty(len(rows), dtype=object)
        array[:] = rows
        return array.reshape(shape)
    return as_array([x for row in rows for x in leaves(row)], (*shape, *inner))


def _variable(x: Any) -> Value:
    """A fresh variable; a Value of an outer derivative gets a node of its own."""
    return x * 1.0 if isinstance(x, Value) else Value(as_real(x, "an argument"))


def as_number(result: Any) -> Value:
    """The Value of a function that gives one number."""
    if isinstance(result, np.ndarray) and result.size == 1:
        result = result.item()
    if isinstance(result, np.ndarray | list | tuple):
        raise TypeError(
            f"grad takes a function that gives one number, this one gave {short(result)};"
            " sum it, or use jacobian"
        )
    return as_value(result, "the result of the function")
