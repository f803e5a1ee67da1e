"""gradients: the chain rule over a recorded graph, whose result is a graph again."""

from collections.abc import Callable, Iterable, Sequence
from math import isnan
from sys import float_info
from typing import Any, cast, overload

from micrograd_bp.engine import Value, as_value, topological_order, without_exponent
from micrograd_bp.primitives import ARITHMETIC, Primitive


@overload
def gradients(out: Value, wrt: Value) -> Value: ...
@overload
def gradients(out: Value, wrt: Iterable[Value]) -> list[Value]: ...
def gradients(out: Value, wrt: Value | Iterable[Value]) -> Value | list[Value]:
    """d(out)/d(w) for each w in `wrt`, as Values: drawable, and differentiable again.

    A list gives a list, a Value a Value; what `out` does not depend on gives Value(0.0). No `grad`
    is touched. Raises ValueError if the data of a leaf changed since the graph was recorded.
    """
    if isinstance(wrt, Value):
        return gradients(out, [wrt])[0]
    targets = list(wrt)
    for node in (out, *targets):
        if not isinstance(node, Value):
            raise TypeError(f"gradients() takes Values, got {node!r} ({type(node).__name__})")
    nodes = topological_order(out)
    for node in nodes:
        for operand in node.operands:
            if operand.changed_since(node) and not _is_as_recorded(node):
                raise ValueError(
                    f"data of {operand!r} changed after {node.op!r} was recorded with it:"
                    " record the graph again"
                )
    found = adjoints(nodes, targets, _by_the_rule)
    return [Value(0.0) if g is None else as_value(g) for g in found]


def float_gradients(out: Value, wrt: Sequence[Value]) -> list[float]:
    """d(out)/d(w) for each w in `wrt` as numbers, from the recorded local derivatives."""
    found = adjoints(topological_order(out), wrt, as_recorded)
    return [0.0 if g is None else g for g in found]


def rounding_of(out: Value, wrt: Sequence[Value]) -> list[float]:
    """For each w, what rounding may add to its gradient: a few epsilons of each path."""
    found = adjoints(topological_order(out), wrt, _sizes)
    return [0.0 if size is None else 16.0 * float_info.epsilon * size for size in found]


def _sizes(op: Primitive, node: Value) -> Sequence[Any]:
    return [abs(derivative) for derivative in node.local_derivatives]


def _by_the_rule(op: Primitive, node: Value) -> Sequence[Any]:
    return without_exponent(op, node.operands, op.derivatives(node, *node.operands))


def as_recorded(op: Primitive, node: Value) -> Sequence[Any]:
    return node.local_derivatives


def adjoints(
    nodes: Sequence[Value],
    wrt: Sequence[Value],
    local_derivatives: Callable[[Primitive, Value], Sequence[Any]],
) -> list[Any]:
    """d(last of nodes)/d(w) for each w in `wrt`, None where there is no path; floats or Values.

    nodes: in topological order. local_derivatives(op, node): one for each operand of the node.
    """
    leads_to_wrt = set(wrt)
    for node in nodes:
        if any(operand in leads_to_wrt for operand in node.operands):
            leads_to_wrt.add(node)
    adjoint: dict[Value, Any] = {nodes[-1]: 1.0}
    for node in reversed(nodes):
        if node.op is None or node not in adjoint or node not in leads_to_wrt:
            continue
        upstream = adjoint[node]
        for operand, local in zip(node.operands, local_derivatives(node.op, node), strict=True):
            if operand in leads_to_wrt:
                along = _times(upstream, local)
                earlier = adjoint.get(operand)
                adjoint[operand] = along if earlier is None else earlier + along
    return [adjoint.get(w) for w in wrt]


def _times(x: Any, y: Any) -> Any:
    """x * y, without a node where one of them is the number 1."""
    if not isinstance(x, Value) and x == 1.0:
        return y
    return x if not isinstance(y, Value) and y == 1.0 else x * y


def _is_as_recorded(node: Value) -> bool:
    """Whether the operands' data give the value and local derivatives that `node` recorded."""
    op = cast(Primitive, node.op)
    numbers = [operand.data for operand in node.operands]
    try:
        data = op.floats(*numbers)
    except ARITHMETIC:
        return False
    now = data, *without_exponent(op, node.operands, op.derivatives(data, *numbers))
    then = node.data, *node.local_derivatives
    return all(x == y or (isnan(x) and isnan(y)) for x, y in zip(now, then, strict=True))
