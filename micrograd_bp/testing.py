"""assert_gradients_agree: a hand-written backpropagation against the scalar graph, for pytest."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from inspect import signature
from numbers import Real
from reprlib import repr as short
from typing import Any

import numpy as np

from micrograd_bp.chain_rule import float_gradients, rounding_of
from micrograd_bp.engine import Value
from micrograd_bp.functional import as_number
from micrograd_bp.primitives import as_real, relu
from micrograd_bp.slips import likely_slip
from micrograd_bp.structure import leaves, names, rebuilt

Array = Any  # np.ndarray


def assert_gradients_agree(
    cost: Callable[..., Any], gradients: Callable[..., Any], *arrays: Any, rtol: float = 1e-7
) -> None:
    """Compare `gradients(*arrays)`, written by hand, with the gradient of `cost(*arrays)`.

    cost: a forward pass in NumPy that gives one number; it is run on Values.
    gradients: the backward pass in question; it gives one array for each of `arrays`, in its shape,
        or None for one that it leaves out, such as data or labels: it then stays as it is in cost.
    rtol: entries agree to rtol of the largest entry of their array, and to rounding.

    Raises AssertionError naming array, index, both numbers and the likely slip: a factor, a sign, a
    transpose, also of w on the way back, a missing a'(z), a sum over the wrong axis. Raises
    ValueError if the number of gradients is not that of the arrays, TypeError for what is none.
    """
    __tracebackhide__ = True  # pytest then shows the line of the test, and the message
    arguments = [_name(cost, k) for k in range(len(arrays))]
    by_hand = _one_for_each(gradients(*deepcopy(arrays)), arguments)
    variables = [
        np.array(array) if given is None else _variables(array)
        for array, given in zip(arrays, by_hand, strict=True)
    ]
    out = _recorded(cost, variables)
    named = dict(zip(arguments, variables, strict=True))
    failures = []
    for (name, x), given in zip(named.items(), by_hand, strict=True):
        if given is not None:
            flat = list(leaves(x))
            right = np.array(float_gradients(out, flat)).reshape(np.shape(x))
            allowed = rtol * _largest(right) + _largest(np.array(rounding_of(out, flat)))
            failures += _failure(name, _floats(name, given), right, out, named, allowed)
    if failures:
        raise AssertionError("\n".join(failures))


def _one_for_each(by_hand: Any, arguments: Sequence[str]) -> Sequence[Any]:
    if len(arguments) == 1 and not isinstance(by_hand, list | tuple):
        by_hand = [by_hand]
    form = f"it gives a list, with an array or None for each of {', '.join(arguments)}"
    if not isinstance(by_hand, list | tuple) and np.ndim(by_hand) == 0:
        raise TypeError(f"gradients gave {short(by_hand)} ({type(by_hand).__name__}): {form}")
    if len(by_hand) != len(arguments):
        raise ValueError(
            f"gradients gave {len(by_hand)} arrays for {len(arguments)} arguments: {form}"
        )
    if all(given is None for given in by_hand):
        raise ValueError("gradients gave nothing to compare: is its return missing?")
    return list(by_hand)


def _recorded(cost: Callable[..., Any], variables: Sequence[Any]) -> Value:
    try:
        return as_number(cost(*variables))
    except IndexError as error:
        error.add_note("an array that is an index has no gradient: let gradients give None for it")
        raise


def _floats(name: str, given: Any) -> Array:
    try:
        return np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"gradient of {name} is no array of numbers: {short(given)}") from None


def _variables(array: Any) -> Array:
    values = rebuilt(np.asarray(array, dtype=float), lambda x: Value(as_real(x, "an entry")))
    return values.view(_Variables)


class _Variables(np.ndarray[Any, Any]):
    """An array of Values on which np.maximum(z, 0) is a relu; NumPy's own leaves no node."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        operands = [_as_numpys(x) for x in inputs]
        if "out" in options:
            options["out"] = tuple(map(_as_numpys, options["out"]))
        elif ufunc is np.maximum and any(_is_zero(x) for x in operands):
            ufunc, operands = relu, [x for x in operands if not _is_zero(x)]
        result = getattr(ufunc, method)(*operands, **options)
        is_of_values = isinstance(result, np.ndarray) and result.dtype == object
        return result.view(_Variables) if is_of_values else result


def _as_numpys(x: Any) -> Any:
    return x.view(np.ndarray) if isinstance(x, _Variables) else x


def _is_zero(x: Any) -> bool:
    return isinstance(x, Real) and x == 0


def _failure(
    name: str, given: Array, right: Array, out: Value, named: Mapping[str, Array], allowed: float
) -> list[str]:
    """What is wrong with one array: at most one text."""
    if given.shape == right.shape:
        with np.errstate(invalid="ignore"):
            errors = np.where(given == right, 0.0, np.abs(given - right))  # inf agrees with inf
        if np.all(errors <= allowed):
            return []
        worst = int(np.argmax(np.where(np.isnan(errors), np.inf, errors)))
        at = list(names(right, f"gradient of {name}"))[worst]
        text = f"{at}: by hand {given.flat[worst]:.10g}, right {right.flat[worst]:.10g}"
    else:
        text = f"gradient of {name}: by hand of shape {given.shape}, right of shape {right.shape}"
    slip = likely_slip(given, right, out, named[name], named, allowed)
    return [f"{text}; likely slip: {slip}" if slip else text]


def _largest(numbers: Array) -> float:
    """The largest of the finite ones, by absolute value."""
    return float(np.max(np.abs(numbers[np.isfinite(numbers)]), initial=0.0))


def _name(cost: Callable[..., Any], k: int) -> str:
    parameters = list(signature(cost).parameters)
    return parameters[k] if k < len(parameters) else f"argument {k}"
