"""grad, value_and_grad, jacobian, hessian: over numbers, lists and arrays, to any order, through
NumPy code as people write it."""

import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from micrograd_bp import (
    MLP,
    Value,
    explain,
    grad,
    gradients,
    hessian,
    jacobian,
    quadratic,
    value_and_grad,
)
from micrograd_bp import primitives as p

RNG = np.random.default_rng(0)


def central_differences(f, x, h=1e-3):
    """Five-point differences of f, whose value is a number or an array: shape (*output, *x)."""
    x = np.asarray(x, dtype=float)
    slopes = []
    for k in range(x.size):
        step = h * (np.arange(x.size) == k).reshape(x.shape)
        near = np.asarray(f(x + step)) - np.asarray(f(x - step))
        far = np.asarray(f(x + 2 * step)) - np.asarray(f(x - 2 * step))
        slopes.append((8.0 * near - far) / (12.0 * h))
    return np.moveaxis(np.array(slopes), 0, -1).reshape(*np.shape(slopes[0]), *x.shape)


def assert_close(found, expected, tolerance=1e-8):
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(
        np.asarray(found, dtype=float), expected, rtol=tolerance, atol=tolerance
    )


# Against the oracle: value, gradient and Hessian of expressions, from PyTorch.

EXPRESSIONS = json.loads((Path(__file__).parent / "data" / "expressions.json").read_text())
WITH_HESSIAN = [case for case in EXPRESSIONS if "hessian" in case]


def function_of(case):
    names = [f"x{i}" for i in range(len(case["x"]))]
    return lambda x: eval(case["expr"], {}, dict(zip(names, x, strict=True)))


def test_no_hessian_vanishes():
    assert (len(EXPRESSIONS), len(WITH_HESSIAN)) == (140, 46)
    assert sum(len(case["hessian"]) ** 2 for case in WITH_HESSIAN) == 417


@pytest.mark.parametrize("case", WITH_HESSIAN, ids=lambda case: case["id"])
def test_the_hessian_of_the_oracle(case):
    f = function_of(case)
    expected = np.array(case["hessian"])
    assert_close(hessian(f)(np.array(case["x"])), expected)
    assert_close(hessian(f)(case["x"]), expected)
    assert type(hessian(f)(case["x"])) is list


@pytest.mark.parametrize("case", EXPRESSIONS, ids=lambda case: case["id"])
def test_value_and_gradient_of_the_oracle(case):
    value, gradient = value_and_grad(function_of(case))(case["x"])
    assert value == pytest.approx(case["value"], rel=1e-9, abs=1e-9)
    assert gradient == pytest.approx(case["grad"], rel=1e-9, abs=1e-9)


# Arguments keep their structure.


def test_of_a_float_it_is_a_float():
    found = grad(lambda x: x * x * x)(2.0)
    assert (found, type(found)) == (12.0, float)


@pytest.mark.parametrize("x", [3, np.float64(3.0), np.float32(3.0), np.int64(3), True + 2])
def test_any_real_number_is_taken(x):
    found = grad(lambda x: x * x)(x)
    assert (found, type(found)) == (6.0, float)


def test_a_list_gives_a_list():
    assert grad(lambda x: x[0] * x[1] + x[1])([2.0, 3.0]) == [3.0, 3.0]


def test_nested_lists_and_tuples_give_their_structure():
    def f(nested):
        (a, b), [c, (d,)] = nested
        return a * b + c * c * d

    assert grad(f)(((2.0, 3), [4.0, (5.0,)])) == ((3.0, 2.0), [40.0, (16.0,)])


def test_arrays_in_lists_are_arrays_in_lists():
    w, b = np.array([[1.0, 2.0], [3.0, 4.0]]), 0.5
    found = grad(lambda parameters: np.sum(parameters[0]) * parameters[1])([w, b])
    assert type(found) is list
    assert_close(found[0], np.full((2, 2), 0.5))
    assert found[1] == 10.0


@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3), (2, 1, 3), (0,), (0, 3)])
def test_an_array_gives_a_float_array_of_its_shape(shape):
    x = RNG.normal(size=shape)
    found = grad(lambda x: np.sum(x * x * x) + 1.0)(np.asarray(x))
    assert isinstance(found, np.ndarray)
    assert found.dtype == float
    assert_close(found, 3.0 * x * x)


@pytest.mark.parametrize("dtype", [int, np.uint8, np.float32, np.float16, bool, object])
def test_entries_of_any_real_type_are_taken(dtype):
    x = np.array([[1, 0], [1, 1]]).astype(dtype)
    found = grad(lambda x: np.sum(x**2))(x)
    assert found.dtype == float
    assert found.tolist() == [[2.0, 0.0], [2.0, 2.0]]


@pytest.mark.parametrize(
    "view",
    [lambda x: x.T, lambda x: x[::-1], lambda x: x[:, ::2], np.asfortranarray, lambda x: x[1:, 1]],
)
def test_views_and_orders_in_memory_do_not_matter(view):
    x = np.arange(12.0).reshape(3, 4)
    weights = np.arange(view(x).size).reshape(view(x).shape) + 1.0
    assert_close(grad(lambda x: np.sum(weights * x * x))(view(x)), 2.0 * weights * view(x))


def test_the_argument_is_not_written_to():
    x, nested = np.array([1.0, 2.0]), [1.0, [2.0]]
    grad(lambda x: np.sum(x * x))(x)
    grad(lambda x: x[0] * x[1][0])(nested)
    assert (x.tolist(), x.dtype, nested) == ([1.0, 2.0], float, [1.0, [2.0]])


def test_a_read_only_array_is_taken():
    x = np.array([1.0, 2.0])
    x.flags.writeable = False
    assert grad(lambda x: np.sum(x * x))(x).tolist() == [2.0, 4.0]


@pytest.mark.parametrize("x", ["2.0", None, 1j, {"w": 1.0}, np.array(["a"]), [1.0, "2"]], ids=repr)
def test_what_is_no_real_number_is_a_type_error(x):
    with pytest.raises(TypeError, match="an argument takes a real number, got"):
        grad(lambda x: 1.0)(x)


# Which argument.


def f_of_three(x, y, z):
    return x * x * y + y * z


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [
        (0, 12.0),
        (1, 9.0),
        (2, 3.0),
        (-1, 3.0),
        (-3, 12.0),
        ((0,), (12.0,)),
        ((0, 2), (12.0, 3.0)),
        ((2, 0), (3.0, 12.0)),
        ((-1, 0), (3.0, 12.0)),
        ([1, 0], (9.0, 12.0)),
        (range(3), (12.0, 9.0, 3.0)),
        ((1, 1), (9.0, 9.0)),
        ((), ()),
    ],
)
def test_argnums_choose_an_int_one_result_and_several_a_tuple(argnums, expected):
    assert grad(f_of_three, argnums)(2.0, 3.0, 5.0) == expected
    assert value_and_grad(f_of_three, argnums)(2.0, 3.0, 5.0) == (27.0, expected)
    assert jacobian(f_of_three, argnums)(2.0, 3.0, 5.0) == expected


def test_argnums_of_numpy_are_whole_numbers_too():
    assert grad(f_of_three, np.int64(1))(2.0, 3.0, 5.0) == 9.0
    assert grad(f_of_three, np.arange(2))(2.0, 3.0, 5.0) == (12.0, 9.0)


@pytest.mark.parametrize("argnums", [3, -4, (0, 3), [-4]])
@pytest.mark.parametrize("differentiate", [grad, value_and_grad, jacobian, hessian])
def test_argnums_outside_the_arguments_are_a_value_error(differentiate, argnums):
    with pytest.raises(ValueError, match=r"argnums -?[34] is outside the 3 arguments"):
        differentiate(f_of_three, argnums)(2.0, 3.0, 5.0)


@pytest.mark.parametrize("argnums", ["0", 1.5, None, ("x",)], ids=repr)
def test_argnums_that_are_no_whole_numbers_are_a_type_error(argnums):
    with pytest.raises(TypeError):
        grad(f_of_three, argnums)(2.0, 3.0, 5.0)


def test_other_arguments_are_passed_as_they_are():
    seen = []

    def f(x, mode, weights, *, power=1, **others):
        seen.append((mode, weights, power, others))
        return x**power

    weights = np.arange(3)
    assert grad(f)(2.0, "fast", weights, power=3, extra=None) == 12.0
    assert seen == [("fast", weights, 3, {"extra": None})]
    assert seen[0][1] is weights


def test_what_is_not_differentiated_stays_numbers():
    def f(x, y):
        assert type(y) is float
        return x * math.exp(y)

    assert grad(f)(2.0, 0.5) == math.exp(0.5)


def test_the_name_and_the_text_of_the_function_stay():
    def energy(x):
        """Half of x squared."""
        return 0.5 * x * x

    for differentiate in (grad, value_and_grad, jacobian, hessian):
        assert differentiate(energy).__name__ == "energy"
        assert differentiate(energy).__doc__ == "Half of x squared."


@pytest.mark.parametrize("f", [np.sin, p.sin, Value.sin, lambda x: x.sin()], ids=repr)
def test_any_callable_is_a_function(f):
    assert grad(f)(0.5) == math.cos(0.5)


# Results.


def test_value_and_grad_evaluate_once():
    calls = []

    def f(x):
        calls.append(x)
        return x * x

    assert value_and_grad(f)(3.0) == (9.0, 6.0)
    assert len(calls) == 1
    value, _ = value_and_grad(f)(3.0)
    assert type(value) is float


@pytest.mark.parametrize("constant", [5, 5.0, np.float64(5.0), np.array(5.0), Value(5.0)], ids=repr)
def test_a_constant_function_has_the_gradient_zero(constant):
    assert value_and_grad(lambda x: constant)(2.0) == (5.0, 0.0)
    assert grad(lambda x: constant)([1.0, (2.0,)]) == [0.0, (0.0,)]
    assert grad(lambda x: constant)(np.ones((2, 2))).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert hessian(lambda x: constant)(np.ones(2)).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_an_unused_argument_has_the_gradient_zero():
    assert grad(lambda x, y: x * x, (0, 1))(3.0, np.ones(2))[1].tolist() == [0.0, 0.0]


def test_the_identity_has_the_gradient_one():
    assert grad(lambda x: x)(3.0) == 1.0
    assert jacobian(lambda x: x)(np.ones(3)).tolist() == np.eye(3).tolist()


@pytest.mark.parametrize("single", [lambda x: np.sum(x, keepdims=True), lambda x: np.array(x[0])])
def test_an_array_with_one_entry_is_one_number(single):
    value, gradient = value_and_grad(single)(np.array([2.0]))
    assert (value, gradient.tolist()) == (2.0, [1.0])


@pytest.mark.parametrize(
    "f", [lambda x: x, lambda x: [x[0], x[1]], lambda x: (x[0],), lambda x: x[:0]]
)
@pytest.mark.parametrize("differentiate", [grad, value_and_grad, hessian])
def test_a_function_of_several_numbers_is_for_jacobian(differentiate, f):
    with pytest.raises(TypeError, match=r"gives one number.*use jacobian"):
        differentiate(f)(np.array([1.0, 2.0]))


@pytest.mark.parametrize("result", ["5", None, 1j, {"loss": 5.0}], ids=repr)
def test_a_result_that_is_no_number_is_a_type_error(result):
    with pytest.raises(TypeError, match="the result of the function takes a real number"):
        grad(lambda x: result)(1.0)


def test_python_control_flow_is_that_of_the_point():
    def f(x):
        if x > 1.0:
            return x * x
        total = 0.0
        while total < 1.0:
            total = total + x
        return total

    assert [grad(f)(x) for x in (3.0, 0.5, 0.3)] == [6.0, 2.0, 4.0]


# NumPy code as it stands.

W = RNG.normal(size=(3, 4))
V = RNG.normal(size=4)

NUMPY_CODE = {
    "W @ v": lambda v: np.sum((W @ v) ** 2),
    "v @ W.T": lambda v: (v @ W.T) @ np.arange(3.0),
    "np.exp": lambda v: np.sum(np.exp(v)),
    "np.tanh": lambda v: np.mean(np.tanh(W @ v)),
    "np.dot": lambda v: np.dot(v, v) / np.dot(v, V + 3.0),
    "np.mean": lambda v: np.mean((v - np.mean(v)) ** 2),
    "np.var": lambda v: np.var(v) + np.std(v),
    "np.linalg.norm": lambda v: np.linalg.norm(W @ v),
    "np.log, np.sqrt": lambda v: np.log(np.sqrt(v @ v)),
    "np.outer": lambda v: np.sum(np.outer(v, np.sin(v)) * W[:, :1].sum()),
    "broadcasting": lambda v: np.sum((v[:, None] - v[None, :]) ** 2 * np.arange(4.0)),
    "slicing": lambda v: v[0] * v[-1] + np.sum(v[1:3] * v[:2]) + v[::2].sum(),
    "fancy indexing": lambda v: np.sum(v[[0, 0, 3]] ** 3) + v[np.array([True, False] * 2)].sum(),
    "assignment": lambda v: np.sum(assigned(v) * V),
    "softmax": lambda v: -np.log(np.exp(v)[1] / np.sum(np.exp(v))),
    "shifted softmax": lambda v: np.log(np.sum(np.exp(v - np.max(v)))) + np.max(v) - v[2],
    "sigmoid": lambda v: np.sum(1.0 / (1.0 + np.exp(-W @ v))),
    "where": lambda v: np.sum(np.where(V > 0.0, v * v, 3.0 * v)),
    "einsum": lambda v: np.einsum("ij,j,i->", W, v, np.arange(3.0)),
    "cumsum": lambda v: np.sum(np.cumsum(v) ** 2),
    "concatenate": lambda v: np.sum(np.concatenate([v, v[:2]]) ** 2),
    "reshape": lambda v: np.sum(v.reshape(2, 2) @ v.reshape(2, 2)),
    "polyval": lambda v: np.polyval(v, 0.7),
    "sum of a generator": lambda v: sum(x * x for x in v),
    "sorted": lambda v: sorted(v)[0] * 2.0 + np.sort(v)[-1],
}


def assigned(v):
    out = v.copy()
    out[1] = v[0] * v[1]
    out += 1.0
    return out


@pytest.mark.parametrize("name", NUMPY_CODE)
def test_numpy_code_is_differentiated_as_it_stands(name):
    f = NUMPY_CODE[name]
    value, gradient = value_and_grad(f)(V)
    assert value == pytest.approx(f(V), rel=1e-12)
    assert_close(gradient, central_differences(f, V))


@pytest.mark.parametrize("name", NUMPY_CODE)
def test_numpy_code_is_differentiated_twice(name):
    f = NUMPY_CODE[name]
    found = hessian(f)(V)
    assert_close(found, central_differences(lambda v: grad(f)(v), V), tolerance=1e-7)
    assert_close(found, found.T, tolerance=1e-10)


def test_a_network_in_numpy_is_differentiated_by_its_weights():
    """BP1 to BP4 of two layers, by hand, with a batch of five."""
    X, Y = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))

    def cost(w1, b1, w2, b2):
        a1 = np.tanh(X @ w1 + b1)
        return np.sum((a1 @ w2 + b2 - Y) ** 2) / (2 * len(X))

    arrays = [RNG.normal(size=shape) for shape in ((3, 4), (4,), (4, 2), (2,))]
    value, found = value_and_grad(cost, range(4))(*arrays)
    w1, b1, w2, b2 = arrays
    a1 = np.tanh(X @ w1 + b1)  # (5, 4)
    delta2 = (a1 @ w2 + b2 - Y) / len(X)  # (5, 2)
    delta1 = delta2 @ w2.T * (1.0 - a1**2)  # (5, 4)
    assert value == pytest.approx(cost(*arrays))
    expected = [X.T @ delta1, delta1.sum(axis=0), a1.T @ delta2, delta2.sum(axis=0)]
    for g, e in zip(found, expected, strict=True):
        assert_close(g, e, tolerance=1e-12)


# Jacobians and Hessians: shapes.


@pytest.mark.parametrize("inputs", [(), (3,), (2, 3)])
@pytest.mark.parametrize("outputs", [(), (2,), (2, 2)])
def test_a_jacobian_has_the_shape_output_then_input(inputs, outputs):
    mixing = RNG.normal(size=(*outputs, *inputs))

    def f(x):
        return np.asarray(np.sum(mixing * np.sin(x), axis=tuple(range(len(outputs), mixing.ndim))))

    x = np.asarray(RNG.normal(size=inputs))
    assert_close(jacobian(f)(x), mixing * np.cos(x), tolerance=1e-12)


def test_lists_of_outputs_give_lists_with_the_structure_of_the_input_inside():
    found = jacobian(lambda x: [x[0] * x[1], (x[0], 2.0)])([3.0, (4.0)])
    assert found == [[4.0, 3.0], ([1.0, 0.0], [0.0, 0.0])]


def test_an_array_by_a_list_is_an_array_of_lists():
    found = jacobian(lambda x: np.array([x[0] * x[1], x[0]]))([3.0, 4.0])
    assert (found.shape, found.dtype) == ((2,), object)
    assert [found[0], found[1]] == [[4.0, 3.0], [1.0, 0.0]]


def test_a_jacobian_by_several_arguments_is_a_tuple():
    by_x, by_y = jacobian(lambda x, y: x * y, (0, 1))(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    assert by_x.tolist() == [[3.0, 0.0], [0.0, 4.0]]
    assert by_y.tolist() == [[1.0, 0.0], [0.0, 2.0]]


@pytest.mark.parametrize(
    ("f", "x", "shape"),
    [
        (lambda x: x[:0], np.ones(3), (0, 3)),
        (lambda x: np.array([1.0, 2.0]), np.ones(0), (2, 0)),
        (lambda x: x, np.ones(0), (0, 0)),
    ],
)
def test_empty_outputs_and_inputs_have_empty_jacobians(f, x, shape):
    assert np.shape(jacobian(f)(x)) == shape


def test_the_hessian_of_an_empty_array_is_empty():
    assert np.shape(hessian(lambda x: np.sum(x * x) + 1.0)(np.ones(0))) == (0, 0)


def test_a_jacobian_holds_constants_among_its_outputs():
    found = jacobian(lambda x: np.array([x * x, 3.0, 1]))(2.0)
    assert found.tolist() == [4.0, 0.0, 0.0]


def test_a_hessian_has_the_shape_of_the_input_twice_and_is_symmetric():
    x = RNG.normal(size=(2, 3))
    found = hessian(lambda x: np.sum(np.exp(x @ x.T)))(x)
    assert found.shape == (2, 3, 2, 3)
    flat = found.reshape(6, 6)
    assert_close(flat, flat.T, tolerance=1e-12)
    slopes = central_differences(grad(lambda x: np.sum(np.exp(x @ x.T))), x)
    assert_close(found, slopes, tolerance=1e-6)


def test_the_hessian_of_a_quadratic_form_is_its_matrix():
    A = RNG.normal(size=(4, 4))
    assert_close(hessian(lambda x: 0.5 * x @ A @ x)(V), (A + A.T) / 2.0, tolerance=1e-13)


def test_a_hessian_by_two_arguments_has_four_blocks():
    """f = x^2 y: ((2 y, 2 x), (2 x, 0))."""
    assert hessian(lambda x, y: x * x * y, (0, 1))(3.0, 5.0) == ((10.0, 6.0), (6.0, 0.0))
    (xx, xy), (yx, yy) = hessian(lambda x, y: np.sum(x) * y @ y, (0, 1))(np.ones(2), np.ones(3))
    assert [block.shape for block in (xx, xy, yx, yy)] == [(2, 2), (2, 3), (3, 2), (3, 3)]
    assert_close(xy, yx.T)
    assert_close(yy, 4.0 * np.eye(3))


def test_the_hessian_of_a_number_is_a_number():
    found = hessian(lambda x: x**3)(2.0)
    assert (found, type(found)) == (12.0, float)


# Of any order.


def test_the_fifth_derivative_of_sin_is_cos():
    f = np.sin
    for k in range(1, 9):
        f = grad(f)
        assert f(0.3) == pytest.approx(math.sin(0.3 + k * math.pi / 2.0), rel=1e-12)
        assert type(f(0.3)) is float


def test_third_derivatives_have_three_indices():
    """f = (x . x)^2 / 4: d3f = x_k 2 delta_ij + x_j 2 delta_ik + x_i 2 delta_jk."""
    x = np.array([0.5, -1.0, 2.0])
    found = jacobian(hessian(lambda x: (x @ x) ** 2 / 4.0))(x)
    eye = 2.0 * np.eye(3)
    expected = sum(np.einsum(order, eye, x) for order in ("ij,k->ijk", "ik,j->ijk", "jk,i->ijk"))
    assert_close(found, expected, tolerance=1e-12)


def test_a_hessian_times_a_vector_without_the_hessian():
    direction = RNG.normal(size=4)
    for f in (NUMPY_CODE["np.tanh"], NUMPY_CODE["shifted softmax"]):
        product = grad(lambda x, f=f: grad(f)(x) @ direction)(V)
        assert_close(product, hessian(f)(V) @ direction, tolerance=1e-10)


# One derivative inside another: each sees its own variable.


def test_no_perturbation_is_confused():
    """d/dx [x d/dy (x + y)] = d/dx [x 1] = 1: Siskind and Pearlmutter's example."""
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0


def test_an_inner_derivative_at_the_outer_variable_is_a_total_derivative():
    """d/dx [x (d/dy x y^2 at y = x)] = d/dx [2 x^3] = 6 x^2."""
    assert grad(lambda x: x * grad(lambda y: x * y * y)(x))(2.0) == 24.0


def test_the_same_variable_at_two_depths():
    assert grad(lambda x: grad(lambda x: x**3)(x) * x)(2.0) == 36.0  # (3 x^2 x)' = 9 x^2
    assert grad(lambda x: grad(lambda x: grad(lambda x: x**4)(x))(x))(1.5) == 36.0


def test_an_inner_derivative_that_does_not_see_the_outer_variable_is_a_constant():
    assert grad(lambda x: x * grad(lambda y: y**3)(2.0))(5.0) == 12.0
    assert grad(lambda x: grad(lambda y: y**3)(2.0))(5.0) == 0.0


def test_closures_over_an_outer_variable_in_arrays():
    def outer(w):
        slopes = grad(lambda x: np.sum(np.tanh(w @ x)))(np.ones(2))
        return np.sum(slopes * slopes)

    w = RNG.normal(size=(3, 2))
    assert_close(grad(outer)(w), central_differences(outer, w), tolerance=1e-8)


def test_an_inner_value_and_grad_gives_both_to_the_outer_derivative():
    def penalised(x):
        value, slope = value_and_grad(np.sin)(x)
        return value + slope * slope  # sin + cos^2

    assert grad(penalised)(0.4) == pytest.approx(math.cos(0.4) - math.sin(0.8))


def test_an_inner_jacobian_and_hessian_are_differentiated():
    """The trace of the Hessian of (x . x)^2 / 4 is (n + 2) |x|^2."""

    def laplacian(x):
        return np.trace(hessian(lambda x: (x @ x) ** 2 / 4.0)(x))

    x = np.array([0.5, -1.0, 2.0])
    assert laplacian(x) == pytest.approx(5.0 * x @ x)
    assert_close(grad(laplacian)(x), 10.0 * x, tolerance=1e-12)
    assert grad(lambda x: np.prod(np.diag(jacobian(lambda y: x * y * y)(np.ones(2)))))(3.0) == 24.0


def test_values_from_outside_give_values_back():
    """Called on Values, as in a graph that someone builds: the result is part of that graph."""
    w = Value(3.0)
    slope = grad(lambda x: w * x * x)(2.0)
    assert (slope, type(slope)) == (12.0, float)
    x = Value(2.0)
    slope = grad(lambda x: w * x * x)(x)
    assert isinstance(slope, Value)
    assert [g.data for g in gradients(slope, [x, w])] == [6.0, 4.0]
    assert explain(slope, x).gradient == 6.0


def test_nothing_is_left_in_gradients_of_values_in_a_closure():
    net = MLP(2, [3, 1], activation="tanh", rng=0)
    quadratic(net([1.0, 2.0]), 0.5).backward()
    before = [parameter.grad for parameter in net.parameters()]
    by_input = grad(lambda x: quadratic(net(list(x)), 0.5))(np.array([1.0, 2.0]))
    assert np.any(by_input != 0.0)
    assert [parameter.grad for parameter in net.parameters()] == before


def test_the_gradient_of_a_network_by_its_input_is_dx():
    net = MLP(3, [4, 2], activation="sigmoid", output="tanh", rng=0)
    x, y = [0.3, -0.7, 1.0], [1.0, 0.0]
    by_input = grad(lambda x: quadratic(net(x), y))(x)
    quadratic(net(x), y).backward()
    assert by_input == pytest.approx([net.a(0, i).grad for i in (1, 2, 3)])


# Exceptions come through, and leave nothing behind.


class OurError(Exception):
    pass


@pytest.mark.parametrize("differentiate", [grad, value_and_grad, jacobian, hessian])
@pytest.mark.parametrize("error", [OurError, KeyboardInterrupt, ValueError])
def test_an_exception_comes_through_and_the_next_call_gives_floats(differentiate, error):
    def f(x):
        raise error("of the function")

    for _ in range(3):
        with pytest.raises(error, match="of the function"):
            differentiate(f)(1.0)
    assert type(grad(lambda x: x * x)(3.0)) is float
    assert grad(lambda x: x @ x)(np.ones(2)).dtype == float


def test_an_exception_in_an_inner_derivative_may_be_caught_by_the_outer_function():
    def f(x):
        try:
            return grad(lambda y: y.log() * x)(-1.0)
        except ValueError:
            return x * x

    assert grad(f)(3.0) == 6.0
    assert type(grad(f)(3.0)) is float


def test_an_arithmetic_error_says_what_raised_it():
    with pytest.raises(ValueError, match=r"log\(x\) needs x > 0, got x = -1.0"):
        grad(np.log)(-1.0)
    with pytest.raises(ZeroDivisionError, match=r"y = 0\.0"):
        grad(lambda x: 1.0 / x)(0.0)


def test_an_unusable_result_does_not_leave_the_depth_behind():
    with pytest.raises(TypeError):
        grad(lambda x: "text")(1.0)
    with pytest.raises(TypeError):
        grad(lambda x: [x, x])(1.0)
    assert type(grad(lambda x: x * x)(3.0)) is float


def test_threads_do_not_see_each_other():
    """Derivatives of different orders at once; one waits inside its function for the others."""

    def nested(order):
        f = np.sin
        for _ in range(order):
            f = grad(f)
        return f(0.3)

    expected = [math.sin(0.3 + (k % 5) * math.pi / 2.0) for k in range(40)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(nested, [k % 5 for k in range(40)]))
        inside = grad(lambda x: x * pool.submit(lambda: grad(np.sin)(0.3)).result())(2.0)
    assert found == pytest.approx(expected)
    assert all(type(x) is not Value for x in found)
    assert inside == pytest.approx(math.cos(0.3))


# Edges: alike to backward().


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (lambda x: x.relu(), 0.0, 0.0),
        (lambda x: abs(x), 0.0, 0.0),
        (lambda x: x.sqrt(), 0.0, math.inf),
        (lambda x: x**0, 0.0, 0.0),
        (lambda x: x.maximum(0.0), 0.0, 0.5),
        (lambda x: x * 0.0, math.nan, 0.0),
        (lambda x: x.relu(), math.nan, math.nan),
        (lambda x: x.relu().sqrt(), -1.0, math.nan),
        (lambda x: (x * x).sqrt(), 0.0, math.nan),
        (lambda x: abs(x).sqrt(), 0.0, math.nan),
        (lambda x: (x - x) * math.inf, 1.0, math.nan),
        (lambda x: (x**2).sqrt(), 0.0, math.nan),
    ],
)
def test_the_gradient_at_an_edge_is_what_backward_leaves(f, x, expected):
    leaf = Value(x)
    f(leaf).backward()
    same = pytest.approx(expected, nan_ok=True)
    assert leaf.grad == same
    assert gradients(f(leaf), leaf).data == same
    assert grad(f)(x) == same
    assert jacobian(f)(x) == same
