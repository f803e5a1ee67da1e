"""What a Value is, and what backward does."""

import copy
import gc
import math
import operator
import pickle
import threading
from fractions import Fraction

import numpy as np
import pytest

from micrograd_bp import Value, total, weighted_sum
from micrograd_bp import primitives as p
from micrograd_bp.engine import topological_order


def gradients(root, *leaves):
    """The gradients of one backward, from zero."""
    root.zero_grad()
    root.backward()
    return [leaf.grad for leaf in leaves]


# A Value.


def test_a_new_value_is_a_leaf_with_no_gradient():
    v = Value(2.5)
    assert (v.data, v.grad, v.label) == (2.5, 0.0, "")
    assert (v.op, v.operands, v.local_derivatives) == (None, (), ())
    assert (v._op, v._prev) == ("", ())


def test_a_label_is_kept_and_can_be_changed():
    v = Value(2.5, "p")
    assert v.label == "p"
    v.label = "q"
    assert repr(v) == "Value(data=2.5, grad=0.0, label='q')"
    assert Value(data=1.0, label="w").label == "w"


NUMBERS = [3, True, 2.5, Fraction(1, 4), np.float64(0.5), np.float32(0.1), np.int64(7), np.uint8(3)]


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_data_is_a_plain_float_whatever_real_number_is_given(number):
    v = Value(number)
    assert type(v.data) is float
    assert v.data == float(number)
    w = Value(0.0)
    w.data = number
    assert type(w.data) is float
    assert w.data == float(number)


def test_data_stays_double_precision_next_to_single_precision_numbers():
    v = Value(0.1) * np.float32(1.0) + np.float32(0.0)
    assert v.data == 0.1
    assert type(v.data) is float


def test_setting_data_leaves_the_recorded_graph_as_it_was():
    v = Value(3.0)
    z = v * v
    v.data = 5.0
    z.backward()
    assert (v.data, z.data, v.grad) == (5.0, 9.0, 6.0)


def test_a_value_takes_no_other_attributes():
    with pytest.raises(AttributeError):
        Value(1.0).grda = 0.0


def test_repr_shows_data_gradient_and_label_but_no_operands():
    v = Value(0.1)
    assert repr(v) == str(v) == "Value(data=0.1, grad=0.0)"
    z = v * 3.0
    z.backward()
    assert repr(z) == "Value(data=0.30000000000000004, grad=1.0)"
    assert repr(v) == "Value(data=0.1, grad=3.0)"


def test_format_follows_the_specification_of_floats():
    v = Value(math.pi)
    assert f"{v:.2f}" == "3.14"
    assert f"{v:>8.3f}" == "   3.142"
    assert f"{v}" == repr(v)
    with pytest.raises(ValueError, match="code 'd'"):
        f"{v:d}"


COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge]


@pytest.mark.parametrize("compare", COMPARISONS)
@pytest.mark.parametrize("kind", [Value, float, Fraction, np.float64, np.float32, int])
def test_order_is_by_data(compare, kind):
    for x in (1.0, 2.0, 3.0):
        assert bool(compare(Value(2.0), kind(x))) is compare(2.0, x)
        assert bool(compare(kind(x), Value(2.0))) is compare(x, 2.0)


@pytest.mark.parametrize("compare", COMPARISONS)
def test_nan_is_in_no_order(compare):
    assert not compare(Value(math.nan), 1.0)
    assert not compare(Value(1.0), Value(math.nan))


def test_max_min_and_sorted_pick_a_value_by_its_data():
    u, v, w = Value(3.0), Value(-1.0), Value(2.0)
    assert max(u, v, w) is u
    assert min([u, v, w]) is v
    assert sorted([u, v, w]) == [v, w, u]


def test_equality_and_hash_are_by_identity():
    u, v = Value(1.0), Value(1.0)
    assert u != v
    assert u == u
    assert u != 1.0
    assert len({u, v}) == 2
    before = hash(u)
    u.data, u.grad = 5.0, 7.0
    assert hash(u) == before


@pytest.mark.parametrize("number", [0.0, -0.0, 1.0, -2.5, math.nan, math.inf])
def test_truth_is_that_of_the_data(number):
    assert bool(Value(number)) is bool(number)


# Operators: value and gradient in all forms.

OPERATORS = {
    operator.add: lambda x, y: (1.0, 1.0),
    operator.sub: lambda x, y: (1.0, -1.0),
    operator.mul: lambda x, y: (y, x),
    operator.truediv: lambda x, y: (1.0 / y, -x / (y * y)),
    operator.pow: lambda x, y: (y * x ** (y - 1.0), x**y * math.log(x)),
}
SYMBOLS = dict(zip(OPERATORS, ["+", "-", "*", "/", "**"], strict=True))
in_all_forms = pytest.mark.parametrize("apply", OPERATORS)


@in_all_forms
def test_an_operator_on_two_values_is_one_node(apply):
    x, y = Value(1.5), Value(2.5)
    z = apply(x, y)
    assert z.data == apply(1.5, 2.5)
    assert z.operands == z._prev == (x, y)
    assert z._op == z.op.name == SYMBOLS[apply]
    assert z.local_derivatives == pytest.approx(OPERATORS[apply](1.5, 2.5), rel=1e-15)
    assert gradients(z, x, y) == list(z.local_derivatives)


@in_all_forms
def test_an_operator_with_a_number_is_one_node_and_a_constant(apply):
    for z, k in ((apply(Value(1.5), 2), 1), (apply(2, Value(1.5)), 0)):
        assert len(topological_order(z)) == 3
        assert z.operands[k].is_constant
        assert z.operands[k].data == 2.0
        assert not z.operands[1 - k].is_constant


def test_negation_and_absolute_value_are_single_nodes_and_plus_is_none():
    x = Value(-1.5)
    assert ((-x).data, (-x)._op, (-x).local_derivatives) == (1.5, "neg", (-1.0,))
    assert (abs(x).data, abs(x)._op, abs(x).local_derivatives) == (1.5, "abs", (-1.0,))
    assert +x is x


def test_a_repeated_operand_stands_twice():
    a = Value(3.0)
    z = a * a
    assert z.operands == (a, a)
    assert z.local_derivatives == (3.0, 3.0)
    assert gradients(z, a) == [6.0]
    assert gradients(a + a, a) == [2.0]
    assert gradients(a - a, a) == [0.0]
    assert gradients(a / a, a) == [pytest.approx(0.0, abs=1e-16)]
    assert gradients(a**a, a) == [pytest.approx(27.0 * (1.0 + math.log(3.0)), rel=1e-15)]


METHODS = ["exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "tanh"]
METHODS += ["sigmoid", "softplus", "relu", "leaky_relu"]


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_the_row_of_its_name(name):
    v = Value(0.7)
    z = getattr(v, name)()
    row = p.TABLE[name]
    assert (z.op, z.operands, z.data) == (row, (v,), row(0.7))
    assert z.local_derivatives == row.derivatives(z.data, 0.7)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
@pytest.mark.parametrize("other", [Value(0.2), 0.2, 1, np.float64(0.9)], ids=repr)
def test_maximum_and_minimum_take_a_value_or_a_number(name, other):
    v = Value(0.7)
    z = getattr(v, name)(other)
    number = other.data if isinstance(other, Value) else float(other)
    assert z.data == {"maximum": max, "minimum": min}[name](0.7, number)
    assert z.operands[0] is v
    assert gradients(z, v) == [1.0 if z.data == 0.7 else 0.0]


# A constant exponent.


@pytest.mark.parametrize(
    ("x", "n"), [(-2.0, 3), (-2.0, 2.0), (0.0, 2.5), (0.0, 0), (4.0, 2.5), (-1.5, -3)]
)
def test_a_constant_exponent_has_derivative_zero_without_a_logarithm(x, n):
    v = Value(x)
    z = v**n
    assert z._op == "**"
    assert z.operands[1].is_constant
    assert z.operands[1].data == float(n)
    assert z.local_derivatives == (pytest.approx(n * x ** (n - 1) if n else 0.0, rel=1e-15), 0.0)
    z.backward()
    assert z.operands[1].grad == 0.0


def test_a_variable_exponent_has_the_derivative_with_the_logarithm():
    x, y = Value(2.0), Value(3.0)
    assert gradients(x**y, x, y) == pytest.approx([12.0, 8.0 * math.log(2.0)], rel=1e-15)
    assert gradients(2**y, y) == pytest.approx([8.0 * math.log(2.0)], rel=1e-15)
    assert gradients(np.float64(2) ** y, y) == pytest.approx([8.0 * math.log(2.0)], rel=1e-15)


def test_a_variable_exponent_of_a_negative_base_has_no_derivative():
    x, y = Value(-2.0), Value(2.0)
    d_x, d_y = gradients(x**y, x, y)
    assert d_x == -4.0
    assert math.isnan(d_y)


# Backward: every path counts, once.


def test_a_sum_of_a_sum_needs_consumers_before_operands():
    a = Value(1.0)
    b = a + a
    c = b + b
    assert gradients(c, a, b, c) == [4.0, 2.0, 1.0]


def test_a_diamond_counts_both_sides():
    a = Value(3.0)
    b, c = a * 2.0, a * 5.0
    d = b * c
    assert gradients(d, a, b, c) == [60.0, 15.0, 6.0]


def test_a_skip_connection_waits_for_the_long_way():
    a = Value(2.0)
    b = a * a
    c = b * b
    d = c + b + a
    assert gradients(d, a, b) == [4.0 * 8.0 + 4.0 + 1.0, 9.0]


def test_a_short_way_that_is_listed_first_does_not_overtake():
    a = Value(2.0)
    long = ((a * 3.0) * 3.0) * 3.0
    assert gradients(a * long, a) == [2.0 * 27.0 * 2.0]
    assert gradients(long * a, a) == [2.0 * 27.0 * 2.0]


def test_a_stack_of_diamonds_counts_all_paths():
    a = y = Value(1.0)
    for _ in range(50):
        y = y + y
    assert gradients(y, a) == [2.0**50]


def test_the_worked_example_of_micrograd():
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert g.data == pytest.approx(24.70408163265306, rel=1e-15)
    assert a.grad == pytest.approx(138.83381924198252, rel=1e-15)
    assert b.grad == pytest.approx(645.5772594752186, rel=1e-15)


def test_the_order_of_nodes_is_topological_and_complete():
    a, b = Value(1.0), Value(2.0)
    z = (a * b + a).tanh() * (b - a) ** 2
    order = topological_order(z)
    assert len(order) == len(set(order)) == 9
    assert order[-1] is z
    for k, node in enumerate(order):
        assert all(operand in order[:k] for operand in node.operands)


def test_backward_leaves_nodes_outside_the_graph_alone():
    a, other = Value(2.0), Value(3.0)
    consumer = (a * a) * other
    other.grad = consumer.grad = 7.0
    (a * a).backward()
    assert (other.grad, consumer.grad) == (7.0, 7.0)


# Accumulation.


def rounding_program(a, b):
    """Numbers whose sums and products all round."""
    return ((a * 0.1 + b * 0.3).tanh() * a + b / 0.7).exp() * (a - b * 0.9)


def test_a_second_backward_doubles_the_leaves_exactly_and_sets_inner_nodes_afresh():
    a, b = Value(0.1), Value(-0.7)
    z = rounding_program(a, b)
    z.backward()
    inner = [node for node in topological_order(z) if node.operands]
    once, inner_once = (a.grad, b.grad), [node.grad for node in inner]
    z.backward()
    assert (a.grad, b.grad) == (2.0 * once[0], 2.0 * once[1])
    assert [node.grad for node in inner] == inner_once
    assert z.grad == 1.0


def test_a_leaf_adds_a_whole_pass_to_what_it_holds():
    a, b = Value(0.1), Value(-0.7)
    z = rounding_program(a, b)
    once = gradients(z, a, b)
    a.grad, b.grad = 0.1, -1e9
    z.backward()
    assert (a.grad, b.grad) == (0.1 + once[0], -1e9 + once[1])


def test_micrograd_s_second_backward_is_right_here():
    """a = 2, c = (a^2)^2: dc/da = 32, and 64 after two calls (micrograd gives 96)."""
    a = Value(2.0)
    b = a * a
    c = b * b
    c.backward()
    assert a.grad == 32.0
    c.backward()
    assert (a.grad, b.grad) == (64.0, 8.0)


def test_leaves_accumulate_over_two_roots():
    a, b = Value(2.0), Value(3.0)
    shared = a * b
    first, second = shared + a, shared * shared
    first.backward()
    second.backward()
    assert (a.grad, b.grad) == (3.0 + 1.0 + 36.0, 2.0 + 24.0)
    assert shared.grad == 12.0


def test_a_part_may_be_differentiated_after_the_whole():
    a = Value(2.0)
    b = a * a
    c = b * 3.0
    c.backward()
    b.backward()
    assert (a.grad, b.grad, c.grad) == (12.0 + 4.0, 1.0, 1.0)


@pytest.mark.parametrize("seed", [-2.0, 0.5, 1024.0, 3, np.float64(4.0), Fraction(1, 2)])
def test_a_seed_scales_the_gradient(seed):
    a, b = Value(0.1), Value(-0.7)
    z = rounding_program(a, b)
    plain = gradients(z, a, b)
    z.zero_grad()
    z.backward(seed)
    assert [a.grad, b.grad] == pytest.approx([float(seed) * grad for grad in plain], rel=1e-14)
    assert type(a.grad) is float
    assert (z.grad, type(z.grad)) == (float(seed), float)


def test_zero_upstream_gives_zero():
    a, b = Value(0.1), Value(-0.7)
    rounding_program(a, b).backward(0.0)
    assert (a.grad, b.grad) == (0.0, 0.0)
    assert gradients(rounding_program(a, b) * 0.0, a, b) == [0.0, 0.0]


def test_a_refused_seed_leaves_every_gradient_as_it_was():
    a = Value(2.0)
    z = a * a
    z.backward()
    with pytest.raises(TypeError, match=r"backward\(\) takes a real number"):
        z.backward("1")
    assert (a.grad, z.grad) == (4.0, 1.0)


def test_backward_on_a_leaf_adds_the_seed():
    v = Value(3.0)
    v.backward()
    assert v.grad == 1.0
    v.backward(2.5)
    assert v.grad == 3.5


def test_a_leaf_that_is_not_used_keeps_gradient_zero():
    a, unused = Value(1.0), Value(2.0)
    assert gradients(a * 2.0, a, unused) == [2.0, 0.0]
    assert gradients(a * 0.0 + unused * a, unused) == [1.0]
    cut_off = Value(-1.0)
    assert gradients(cut_off.relu() * a, cut_off) == [0.0]


def test_zero_grad_clears_the_node_and_all_it_depends_on():
    a, b = Value(2.0), Value(3.0)
    shared = a * b
    z, consumer = shared + 1.0, shared * 2.0
    consumer.backward()
    z.backward()
    z.zero_grad()
    assert [v.grad for v in (a, b, shared, z)] == [0.0] * 4
    assert consumer.grad == 1.0
    z.backward()
    assert (a.grad, b.grad) == (3.0, 2.0)


# Errors name operation, operands and label.


def test_an_error_names_operation_operand_and_label():
    with pytest.raises(ValueError, match=r"^log\(x\) needs x > 0, got x = 0.0 \(x is 'p'\)$"):
        Value(0.0, "p").log()
    with pytest.raises(ZeroDivisionError, match=r"y = 0.0 \(x = 3.0\) \(y is 'q'\)$"):
        3.0 / Value(0.0, "q")
    with pytest.raises(OverflowError, match=r"float at x = 10.0, y = 400.0 \(x is 'a', y is 'b'\)"):
        Value(10.0, "a") ** Value(400.0, "b")
    with pytest.raises(ValueError, match=r"^x \*\* y with x = -2.0 < 0 needs .* got y = 0.5$"):
        Value(-2.0) ** 0.5


@pytest.mark.parametrize(
    "fail",
    [
        lambda v: v.sqrt(),
        lambda v: v**0.5,
        lambda v: p.sqrt(v),
        lambda v: p.sqrt(v.data),
        lambda v: (v - v) ** -1,
    ],
)
def test_an_error_has_no_chain_of_inner_errors(fail):
    with pytest.raises(p.ARITHMETIC) as raised:
        fail(Value(-1.0))
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_an_error_in_a_sum_of_many_names_the_place():
    many = p.Primitive("many", lambda *x: 1.0 / x[2], np.add, lambda z, *x: x)
    with pytest.raises(ZeroDivisionError, match=r"x3 = 0.0.*\(x3 is 'c'\)"):
        many(Value(1.0), Value(2.0), Value(0.0, "c"))


# Determinism.

DETERMINISTIC = """
import random
from micrograd_bp import Value, total
random.seed(7)
leaves = [Value(random.uniform(-1, 1), f"x{k}") for k in range(30)]
nodes = list(leaves)
for _ in range(2000):
    a, b = random.choice(nodes[-60:]), random.choice(nodes[-60:])
    nodes.append((a * b + a - 0.3 * b).tanh())
z = total(nodes[-20:]) + (nodes[-1] / 3.0).exp()
z.backward()
z.backward()
print([leaf.grad.hex() for leaf in leaves])
"""


def test_gradients_are_the_same_to_the_last_bit_in_every_process(run_python):
    printed = {run_python(DETERMINISTIC, PYTHONHASHSEED=seed) for seed in ("0", "1", "2")}
    assert len(printed) == 1
    assert len(printed.pop()) > 30 * 10


def test_the_order_in_which_leaves_were_made_does_not_matter():
    def run(reverse):
        numbers = {name: 0.1 * k for k, name in enumerate("abcdef", 1)}
        names = sorted(numbers, reverse=reverse)
        leaves = {name: Value(numbers[name]) for name in names}
        a, b, c, d, e, f = (leaves[name] for name in "abcdef")
        z = rounding_program(a * b + c, d * e - f) + total([a, b, c * f])
        z.backward()
        return [leaves[name].grad for name in "abcdef"]

    assert run(reverse=False) == run(reverse=True)


def test_threads_with_graphs_of_their_own_get_the_serial_result():
    def run():
        a = Value(0.1)
        y = a
        for _ in range(500):
            y = rounding_program(y, a).tanh()
        y.backward()
        return a.grad

    expected, found = run(), []
    threads = [threading.Thread(target=lambda: found.append(run())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


# Memory.


def values_alive():
    return sum(isinstance(x, Value) for x in gc.get_objects())


@pytest.fixture
def no_garbage_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_garbage_collector")
def test_a_graph_is_freed_without_the_garbage_collector():
    a, b = Value(0.1), Value(-0.7)
    before = values_alive()
    z = rounding_program(a, b) + weighted_sum([a, b], [b, a], 1.0)
    z.backward()
    z.backward()
    assert values_alive() > before + 10
    del z
    assert values_alive() == before


@pytest.mark.usefixtures("no_garbage_collector")
def test_a_graph_that_ended_in_an_error_is_freed_too():
    a = Value(0.5)
    before = values_alive()
    with pytest.raises(ValueError, match="log"):
        (rounding_program(a, a) * 0.0).log()
    assert values_alive() == before


@pytest.mark.usefixtures("no_garbage_collector")
def test_a_live_inner_node_keeps_its_history():
    a = Value(3.0)
    b = a * a
    c = b * 2.0 + a
    before = values_alive()
    del c
    assert values_alive() == before - 3
    assert gradients(b, a) == [6.0]
    assert b.operands == (a, a)


# Copying and pickling.

COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda v, protocol=protocol: pickle.loads(pickle.dumps(v, protocol))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}
each_copy = pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)


@each_copy
def test_a_copied_leaf_is_a_fresh_leaf(duplicate):
    v = Value(0.1, "p")
    (v * 3.0).backward()
    w = duplicate(v)
    assert w is not v
    assert (w.data, w.label, w.grad, w.operands) == (0.1, "p", 0.0, ())
    assert gradients(w * v, w, v) == [0.1, 0.1]


@each_copy
@pytest.mark.parametrize("number", [-0.0, math.inf, 5e-324, 0.1 + 0.2])
def test_a_copied_leaf_has_the_same_number_to_the_last_bit(duplicate, number):
    assert duplicate(Value(number)).data.hex() == number.hex()


@each_copy
def test_a_copied_constant_stays_a_constant(duplicate):
    constant = (Value(2.0) ** 3).operands[1]
    assert duplicate(constant).is_constant


@each_copy
def test_an_inner_value_refuses_to_be_copied_and_names_the_way_out(duplicate):
    z = Value(2.0) * 3.0
    with pytest.raises(TypeError, match=r"cannot copy or pickle .*state_dict\(\)"):
        duplicate(z)


def test_a_leaf_that_stands_twice_in_a_structure_is_copied_once():
    v = Value(2.0)
    for first, second in (copy.deepcopy([v, v]), pickle.loads(pickle.dumps([v, v]))):
        assert first is second


@pytest.mark.parametrize("name", p.TABLE)
def test_a_row_of_the_table_survives_copying_and_pickling_as_itself(name):
    row = p.TABLE[name]
    assert pickle.loads(pickle.dumps(row)) is row
    assert copy.deepcopy(row) is row


def test_a_users_row_is_copied_as_itself_and_refuses_pickling():
    swish = p.Primitive("swish", abs, abs, lambda z, x: (1.0,))
    assert copy.deepcopy([swish])[0] is swish
    with pytest.raises(TypeError, match=r"cannot pickle <primitive swish>"):
        pickle.dumps(swish)
