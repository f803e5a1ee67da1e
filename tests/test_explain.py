"""explain(out, leaf): a gradient as the sum over all paths of the product of local derivatives."""

import math
import random
from itertools import pairwise

import pytest

from micrograd_bp import MLP, Value, explain, quadratic, total, weighted_sum
from micrograd_bp.engine import topological_order


def products(explanation):
    return [path.product for path in explanation.paths]


def every_path(out, leaf):
    """The products along all paths, walked one by one: what explain() must not do."""
    if out is leaf:
        return [1.0]
    return [
        derivative * product
        for operand, derivative in zip(out.operands, out.local_derivatives, strict=True)
        for product in every_path(operand, leaf)
    ]


def shared_graph(seed, size=8):
    """A graph whose nodes have several consumers; the root last."""
    rng = random.Random(seed)
    leaves = [Value(rng.uniform(0.5, 1.5)) for _ in range(2)]
    nodes = list(leaves)
    for _ in range(size):
        x, y = rng.choice(nodes[-4:]), rng.choice(nodes)
        kind = rng.randrange(4)
        nodes.append([x * y, x - y, x.tanh() + y, (0.5 * x).sin()][kind])
    return leaves, total(nodes[-3:])


# Paths.


def test_one_path_has_its_nodes_from_output_to_leaf_and_its_factors():
    x = Value(0.5)
    h = 3.0 * x
    out = h.tanh()
    found = explain(out, x)
    (path,) = found.paths
    assert path.nodes == (out, h, x)
    assert path.factors == (out.local_derivatives[0], 3.0)
    assert path.product == out.local_derivatives[0] * 3.0 == found.gradient
    assert (found.count, found.rest) == (1, 0.0)
    assert (found.out, found.leaf) == (out, x)


def test_a_repeated_operand_is_two_paths():
    a = Value(3.0)
    found = explain(a * a, a)
    assert (found.count, products(found), found.gradient) == (2, [3.0, 3.0], 6.0)


def test_doubling_twice_is_four_paths():
    a = Value(3.0)
    b = a + a
    found = explain(b + b, a)
    assert (found.count, products(found), found.gradient) == (4, [1.0] * 4, 4.0)


def test_an_operand_of_many_counts_as_often_as_it_stands_there():
    x = Value(2.0)
    assert explain(total([x, x, x]), x).count == 3
    found = explain(weighted_sum([x, x], [x, 5.0], x), x)  # x x + 5 x + x
    assert (found.count, found.gradient) == (4, 2.0 * 2.0 + 5.0 + 1.0)
    assert sorted(products(found)) == [1.0, 2.0, 2.0, 5.0]


def test_two_hundred_doublings_are_counted_exactly():
    a = Value(1.0)
    out = a
    for _ in range(200):
        out = out + out
    found = explain(out, a)
    assert found.count == 2**200
    assert found.gradient == 2.0**200
    assert products(found) == [1.0] * 20
    assert found.rest == 2.0**200 - 20.0


def test_a_diamond_sums_over_its_two_sides():
    """out = sin(x) exp(x): cos(x) exp(x) + sin(x) exp(x)."""
    x = Value(0.4)
    s, e = x.sin(), x.exp()
    found = explain(s * e, x)
    sides = {path.nodes[1]: path.product for path in found.paths}
    assert sides == pytest.approx({s: math.cos(0.4) * e.data, e: s.data * e.data})
    assert found.gradient == pytest.approx(sum(sides.values()))


@pytest.mark.parametrize("seed", range(25))
def test_all_paths_are_found_on_graphs_with_shared_nodes(seed):
    leaves, out = shared_graph(seed)
    out.backward()
    for leaf in leaves:
        expected = every_path(out, leaf)
        found = explain(out, leaf, limit=10_000)
        assert found.count == len(expected)
        assert sorted(products(found)) == pytest.approx(sorted(expected), rel=1e-12, abs=1e-15)
        assert sum(products(found)) == pytest.approx(leaf.grad, rel=1e-9, abs=1e-12)
        assert found.gradient == pytest.approx(leaf.grad, rel=1e-12, abs=1e-12)
        assert found.rest == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_a_path_is_a_walk_through_the_graph_whose_factors_make_its_product(seed):
    leaves, out = shared_graph(seed)
    for path in explain(out, leaves[0]).paths:
        assert (path.nodes[0], path.nodes[-1]) == (out, leaves[0])
        assert len(path.factors) == len(path.nodes) - 1
        for (consumer, operand), factor in zip(pairwise(path.nodes), path.factors, strict=True):
            edges = zip(consumer.operands, consumer.local_derivatives, strict=True)
            assert (operand, factor) in list(edges)
        assert path.product == math.prod(path.factors)


# The limit.


@pytest.mark.parametrize("limit", [0, 1, 3, 7])
@pytest.mark.parametrize("seed", range(5))
def test_the_largest_paths_are_listed_and_the_rest_is_summed(seed, limit):
    leaves, out = shared_graph(seed, size=12)
    leaf = max(leaves, key=lambda leaf: explain(out, leaf).count)
    expected = sorted(every_path(out, leaf), key=abs, reverse=True)
    assert len(expected) > 7
    found = explain(out, leaf, limit=limit)
    sizes = [abs(product) for product in products(found)]
    assert sizes == pytest.approx([abs(product) for product in expected[:limit]], rel=1e-12)
    assert found.count == len(expected)
    assert sum(products(found)) + found.rest == pytest.approx(found.gradient, rel=1e-12)


def test_twenty_paths_are_listed_unless_said_otherwise():
    x = Value(1.0)
    out = total([float(k) * x for k in range(1, 31)])
    found = explain(out, x)
    assert products(found) == [float(k) for k in range(30, 10, -1)]
    assert (found.count, found.rest) == (30, sum(range(1, 11)))
    assert explain(out, x, limit=30).rest == 0.0


def test_large_negative_paths_come_before_small_positive_ones():
    x = Value(1.0)
    found = explain(total([-9.0 * x, 2.0 * x, 0.0 * x]), x, limit=2)
    assert (products(found), found.gradient, found.rest) == ([-9.0, 2.0], -7.0, 0.0)


def test_a_limit_below_zero_is_a_value_error():
    with pytest.raises(ValueError, match="limit is at least 0, got -1"):
        explain(Value(1.0) * 2.0, Value(1.0), limit=-1)


# Ends of paths.


def test_without_a_path_the_gradient_is_zero():
    x, stranger = Value(2.0), Value(3.0)
    found = explain(x * x, stranger)
    assert (found.count, found.paths, found.gradient, found.rest) == (0, (), 0.0, 0.0)
    assert "there is no path" in str(found)


def test_from_a_node_to_itself_there_is_one_empty_path():
    x = Value(2.0)
    (path,) = explain(x, x).paths
    assert (path.nodes, path.factors, path.product) == ((x,), (), 1.0)


def test_a_path_may_end_at_an_inner_node():
    x = Value(0.3)
    h = x * x
    out = h.exp() * h
    out.backward()
    found = explain(out, h)
    assert (found.count, found.gradient) == (2, pytest.approx(h.grad))
    assert explain(out, x).count == 4


def test_a_dead_relu_is_a_path_of_product_zero():
    x = Value(-1.0)
    found = explain(x.relu() + 2.0 * x, x)
    assert (found.count, products(found)) == (2, [2.0, 0.0])


@pytest.mark.parametrize("wrong", [1.0, None, "x"])
def test_both_ends_are_values(wrong):
    x = Value(1.0)
    with pytest.raises(TypeError, match=r"explain\(\) takes Values, got"):
        explain(x * 2.0, wrong)
    with pytest.raises(TypeError, match=r"explain\(\) takes Values, got"):
        explain(wrong, x)


def test_no_grad_is_touched():
    leaves, out = shared_graph(0)
    out.backward()
    before = [node.grad for node in topological_order(out)]
    explain(out, leaves[0])
    assert [node.grad for node in topological_order(out)] == before


# A network: the sum over paths is what BP2 sums layer by layer.


def test_in_a_network_there_is_a_path_through_every_chain_of_neurons():
    """From a weight of the first layer of 2-3-4-2: through 1 x 4 x 2 neurons to a sum of two."""
    net = MLP(2, [3, 4, 2], activation="tanh", rng=0)
    cost = quadratic(net([0.5, -1.0]), [1.0, 0.0])
    cost.backward()
    w = net.weight(1, 2, 3)
    found = explain(cost, w)
    assert found.count == 4 * 2
    assert found.gradient == pytest.approx(w.grad)
    for path in found.paths:
        assert path.nodes[-3:] == (net.a(1, 3), net.z(1, 3), w)
        j = next(j for j in range(1, 5) if net.z(2, j) in path.nodes)
        k = next(k for k in (1, 2) if net.z(3, k) in path.nodes)
        c = net.a(3, k).grad
        chain = [c, net.weight(3, j, k).data, 1.0 - net.a(2, j).data ** 2]
        chain += [net.weight(2, 3, j).data, 1.0 - net.a(1, 3).data ** 2, net.a(0, 2).data]
        assert path.product == pytest.approx(math.prod(chain))


def test_a_delta_is_the_sum_over_the_paths_to_z():
    net = MLP(2, [3, 4, 2], activation="tanh", rng=0)
    cost = quadratic(net([0.5, -1.0]), [1.0, 0.0])
    cost.backward()
    for l, n, count in ((3, 2, 1), (2, 4, 2), (1, 3, 8)):
        for j in range(1, n + 1):
            found = explain(cost, net.z(l, j))
            assert (found.count, found.gradient) == (count, pytest.approx(net.delta(l, j)))


def breadth_first(out):
    """Gradients passed on from each node when it is first met: no topological order."""
    grads, order = {out: 1.0}, [out]
    for node in order:
        for operand, derivative in zip(node.operands, node.local_derivatives, strict=True):
            order += [] if operand in grads else [operand]
            grads[operand] = grads.get(operand, 0.0) + grads[node] * derivative
    return grads


def test_why_a_topological_order():
    """h passes on to x what it has: breadth first that is the short path alone, 1 of three."""
    x = Value(1.0)
    h = 2.0 * x
    out = h + 3.0 * (h * h).tanh()
    found = explain(out, h)
    assert found.count == 3
    short = next(path.product for path in found.paths if len(path.nodes) == 2)
    naive = breadth_first(out)
    assert (naive[h], naive[x]) == (pytest.approx(found.gradient), 2.0 * short)
    out.backward()
    assert x.grad == explain(out, x).gradient == pytest.approx(2.0 * found.gradient)
    assert abs(x.grad - naive[x]) > 0.01


# Size.


def test_a_long_chain_is_one_path():
    x = Value(1.0)
    out = x
    for _ in range(30_000):
        out = out * 0.99999
    found = explain(out, x)
    assert (found.count, len(found.paths[0].nodes)) == (1, 30_001)
    assert found.paths[0].product == pytest.approx(found.gradient)
    names = " → ".join(["*"] * 5 + ["… 29991 more …"] + ["*"] * 4 + ["1"])
    factors = " · ".join(["1"] * 5 + ["… 29990 more …"] + ["1"] * 5)
    assert str(found).splitlines()[1] == f"    0.740817  {names}   {factors}"


def test_a_ladder_has_more_paths_than_can_be_walked():
    x = Value(1.0)
    out = x
    for _ in range(1000):
        out = out * 0.5 + out * 0.25
    found = explain(out, x, limit=3)
    assert found.count == 2**1000
    assert products(found) == [0.5**1000, 0.5**999 * 0.25, 0.5**999 * 0.25]
    assert found.gradient == pytest.approx(0.75**1000)
    assert "about 10^301" in str(found)


# Text.


def test_the_text_is_a_table_of_paths():
    x = Value(2.0, "x")
    h = 3.0 * x
    h.label = "h"
    out = h - x
    out.label = "out"
    assert str(explain(out, x)).splitlines() == [
        "d(out)/d(x) = 2, the sum over 2 paths",
        "           3  out → h → x   1 · 3",
        "          -1  out → x   -1",
    ]


def test_a_single_path_is_called_so():
    x = Value(2.0, "x")
    assert str(explain(x.exp(), x)).splitlines() == [
        "d(exp)/d(x) = 7.38906, 1 path",
        "     7.38906  exp → x   7.389",
    ]


def test_the_text_says_what_is_not_listed():
    x = Value(1.0, "x")
    text = str(explain(total([float(k) * x for k in range(1, 31)]), x, limit=2))
    lines = text.splitlines()
    assert lines[0] == "d(total)/d(x) = 465, the sum over 30 paths"
    assert len(lines) == 4
    assert lines[-1] == "         406  the other 28 paths"


@pytest.mark.parametrize(
    ("doublings", "text"), [(4, "16"), (20, "1,048,576"), (50, "about 10^15"), (200, "about 10^60")]
)
def test_a_count_is_written_out_until_it_is_too_long(doublings, text):
    x = Value(1.0, "x")
    out = x
    for _ in range(doublings):
        out = out + out
    assert f"the sum over {text} paths" in str(explain(out, x, limit=0))


def test_paths_of_ten_steps_are_shown_whole():
    x = Value(1.0)
    out = x
    for _ in range(10):
        out = 2.0 * out
    lines = str(explain(out, x)).splitlines()
    assert lines[1].endswith("   " + " · ".join(["2"] * 10))
    assert "→ … 1 more … →" in lines[1]


def test_nodes_without_a_label_show_their_operation_or_number():
    x = Value(2.0)
    assert "  * → tanh → 2   3 · 0.07065" in str(explain(x.tanh() * 3.0, x))


def test_a_label_stays_on_the_line_of_its_path():
    x = Value(2.0, "two\nlines\x1b[31m\u202e")
    first, path = str(explain(x * 3.0, x)).split("\n")
    assert first == "d(*)/d(two\\nlines\\x1b[31m\\u202e) = 3, 1 path"
    assert path.endswith("* → two\\nlines\\x1b[31m\\u202e   3")
