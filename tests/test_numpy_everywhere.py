"""165 NumPy expressions with Values in them: right value and whole gradient, or an error; never a
number that lost its gradient.

v and u are Values, W (2, 3), a (3,) and b (2,) object arrays of Values, Wf and af arrays of floats.
The reference is the same expression on floats, and its five-point differences.
"""

import math
import operator
import re

import numpy as np
import pytest

from micrograd_bp import Value

# v, u, W, a, b; as float64, so that np.float32(2) * v is in double precision on floats too.
X = list(np.array([0.7, 1.3, 0.5, -1.2, 0.8, 1.5, 0.3, -0.6, 0.9, 1.4, 2.3, -0.4, 0.6]))


CONSTANT = ["True**v"]  # of all expressions the one whose gradient is 0


def listed(text):
    """Expressions, two spaces or a line apart."""
    return re.split(r"\n| {2,}", text.strip())


def names(numbers, dtype):
    """What an expression may name, with v, u, W, a, b from `numbers`."""
    return {
        "np": np,
        "math": math,
        "V": Value,
        "objarr": lambda kind, rows: np.array([[kind(x) for x in row] for row in rows]),
        "v": numbers[0],
        "u": numbers[1],
        "W": np.array(numbers[2:8], dtype=dtype).reshape(2, 3),
        "a": np.array(numbers[8:11], dtype=dtype),
        "b": np.array(numbers[11:13], dtype=dtype),
        "Wf": np.array([[0.4, 1.1, -0.3], [0.2, -0.9, 1.7]]),
        "af": np.array([0.6, 1.9, -0.8]),
    }


def evaluated(expression, known):
    """The value of `expression`, or of x after `x=v;x+=u`."""
    if ";" not in expression:
        return eval(expression, known)
    exec(expression, known)
    return known["x"]


def on_floats(expression, numbers):
    as_function = expression.replace("t.tanh()", "np.tanh(t)")  # floats have no such method
    found = evaluated(as_function, names(numbers, float))
    return np.asarray(found, dtype=float).ravel()  # (outputs,)


def on_values(expression):
    leaves = [Value(x) for x in X]
    return leaves, evaluated(expression, names(leaves, object))


def jacobian_by_differences(expression, h=1e-3):
    def at(k, steps):
        return on_floats(expression, [x + steps * h * (i == k) for i, x in enumerate(X)])

    slopes = [
        (8.0 * (at(k, 1) - at(k, -1)) - (at(k, 2) - at(k, -2))) / (12.0 * h) for k in range(len(X))
    ]
    return np.array(slopes).T  # (outputs, inputs)


def gradient(z, leaves):
    """dz by each leaf; none for a plain number, which an expression may hold beside Values."""
    for leaf in leaves:
        leaf.grad = 0.0
    if isinstance(z, Value):
        z.backward()
    return [leaf.grad for leaf in leaves]


def assert_right(expression):
    leaves, found = on_values(expression)
    outputs = np.asarray(found, dtype=object).ravel().tolist()
    numbers = [z.data if isinstance(z, Value) else z for z in outputs]
    np.testing.assert_allclose(numbers, on_floats(expression, X), rtol=1e-12)
    jacobian = np.array([gradient(z, leaves) for z in outputs])
    expected = jacobian_by_differences(expression)
    assert np.abs(expected).max() > 0.1 or expression in CONSTANT
    np.testing.assert_allclose(jacobian, expected, rtol=1e-8, atol=1e-9)
    return found


# The tables of research/reliability.md part 4, in the column "plain-strict".

VALUES = listed("""
np.bool_(True)*v  v*np.float32(2)
np.linalg.norm(a)  np.std(a)  np.exp(v)  np.tanh(v)  np.sqrt(v)  np.abs(v)  np.add(v,1.0)
np.multiply(2.0,v)  np.maximum(v,0)  np.add(v,u)
np.longdouble(2)*v
np.float64(2)*v  np.float64(2)+v  np.float64(2)-v  np.float64(2)/v  np.float64(2)**v
v*np.float64(2)  v**np.float64(2)  np.float32(2)*v  np.int64(2)*v  np.array(2.0)*v
v*np.array(2.0)  a@a  af@a  np.dot(a,a)  np.inner(a,a)  np.vdot(a,a)  np.sum(a)  a.sum()
np.mean(a)  a.mean()  np.prod(a)  np.var(a)  np.max(a)  np.min(a)  np.average(a,weights=af)
np.sum([v,u])  np.dot([v,u],[1.,2.])  sum([v,u])  x=v;x*=np.float64(2)  np.einsum('i,i->',a,a)
np.add.reduce(a)  np.mean([v,u])  np.tanh(W@a+b).sum()
np.float64(3)-np.float64(2)*v+np.float64(1)/v
sum(wi*xi for wi,xi in zip(a,af))+np.float64(1)  np.float16(2)*v  v*True
""")
TWO_VALUES = listed("""
np.array([1.,2.])*v  np.array([1,2])*v  np.array([1.,2.])-v  np.array([1.,2.])/v
np.array([1.,2.])**v  (W@a+b)*v  np.ma.array([1.,2.])*v
v*np.array([1.,2.])  v-np.array([1.,2.])  v**np.array([1.,2.])  v*(W@a+b)
x=v;x+=np.array([1.,2.])
v*np.ma.array([1.,2.])
W@a  W@af  Wf@a  W@a+b  np.dot(W,a)  np.matmul(W,a)  np.einsum('ij,j->i',W,a)
np.tensordot(W,a,1)  np.array([v,u])  np.array([v,1.0])  np.stack([v,u])
""")
THREE_VALUES = listed("""
a*v  a+v  a/v  np.exp(a-np.max(a))/np.sum(np.exp(a-np.max(a)))  np.zeros_like(a)*v+v
x=a.copy();x+=v
v*a  v+a  v-a  v/a
a*2.0  2.0*a  np.float64(2)*a  a*np.float64(2)  W.T@b+a  W.T@b+af  np.sum(W,axis=0)
np.cumsum(a)  np.exp(a)  np.log(a)  np.sqrt(a)  np.tanh(a)  np.sin(a)  np.abs(a)  np.square(a)
np.power(a,2)  np.negative(a)  np.reciprocal(a)  np.maximum(a,0)  np.maximum(a,a[::-1])
np.maximum(0,a)  np.minimum(a,1)  np.clip(a,0,1)  np.where(af>1,a,0)  a.copy()  np.full(3,v)
np.sort(a)  np.vectorize(lambda t:t.tanh(),otypes=[object])(a)
np.frompyfunc(lambda t:t.tanh(),1,1)(a)  np.nan_to_num(a)  np.unique(a)
""")
OTHER_SHAPES = {
    "np.array([[1.,2.],[3.,4.]])*v": (2, 2),
    "np.asarray([[v,u],[u,v]])": (2, 2),
    "np.outer(a,b)": (3, 2),
    "a.reshape(3,1)*b": (3, 2),
    "np.multiply.outer(a,b)": (3, 2),
    "np.concatenate([a,b])": (5,),
    "np.array(v)": (),
}
# The prototypes of the research had no such methods; Value has.
ROWS_SINCE = {"np.log1p(a)": (3,), "np.expm1(a)": (3,), "np.arctan(a)": (3,), "np.log1p(v)": ()}
ARRAYS = [
    *[(expression, (2,)) for expression in TWO_VALUES],
    *[(expression, (3,)) for expression in THREE_VALUES],
    *OTHER_SHAPES.items(),
]
RAISE = listed("""
np.array([v,u],dtype=float)  x=np.zeros(2);x[0]=v  a.astype(float)  math.exp(v)  float(v)
x=np.array([1.,2.]);x+=v  np.floor(a)  np.complex128(2)*v  v*np.complex128(2)
np.matrix([[1.,2.]])*v
np.logaddexp(a,0)  np.cosh(a)  np.heaviside(a,0.5)  np.isfinite(a)  np.isnan(a)
np.allclose(a,a)  np.round(a,2)  np.log2(a)  np.isclose(a,a)  v*[1.,2.]
[1.,2.]*v  v*(1,2)  np.datetime64('2020-01-01')+v  np.str_('a')*v
np.linalg.inv(objarr(V,[[2.,1.],[1.,3.]]))  np.linalg.solve(objarr(V,[[2.,1.],[1.,3.]]),b)
""")
PLAIN_RESULTS = {
    "v<np.float64(2)": True,
    "np.float64(2)<v": False,
    "np.float64(0.7)==v": False,
    "v==np.float64(0.7)": False,
    "np.array([1.,2.])>v": [True, True],
    "a==a": [True, True, True],
    "a>1": [False, True, True],
    "np.array_equal(a,a)": True,
    "np.argmax(a)": 2,
    "np.sign(a)": [1, 1, 1],
    "np.sum(np.empty(0,dtype=object))": 0,
    "np.empty((2,0),dtype=object)@np.empty(0,dtype=object)": [0, 0],
}


def test_all_165_expressions_are_here():
    with_gradient = [*VALUES, *[expression for expression, _ in ARRAYS], *ROWS_SINCE]
    kept = [*with_gradient, *RAISE, *PLAIN_RESULTS, "np.float64(2)@a"]
    assert (len(kept), len(set(kept))) == (165, 165)
    assert (len(VALUES), len(ARRAYS), len(ROWS_SINCE)) == (50, 72, 4)
    assert (len(RAISE), len(PLAIN_RESULTS)) == (26, 12)


@pytest.mark.parametrize("expression", VALUES)
def test_a_value_with_its_gradient(expression):
    found = assert_right(expression)
    assert isinstance(found, Value)
    assert type(found.data) is float


@pytest.mark.parametrize(("expression", "shape"), ARRAYS)
def test_an_object_array_with_every_gradient(expression, shape):
    found = assert_right(expression)
    assert (type(found) in (np.ndarray, np.ma.MaskedArray), found.dtype) == (True, object)
    assert found.shape == shape


@pytest.mark.parametrize(("expression", "shape"), ROWS_SINCE.items())
def test_a_method_of_value_is_what_numpy_calls(expression, shape):
    assert np.shape(assert_right(expression)) == shape


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # np.matrix says so of itself
@pytest.mark.parametrize("expression", RAISE)
def test_what_cannot_keep_the_gradient_is_a_type_error(expression):
    with pytest.raises(TypeError) as raised:
        on_values(expression)
    assert str(raised.value)


def test_a_matrix_product_with_a_number_is_numpys_value_error():
    with pytest.raises(ValueError, match="matmul"):
        on_values("np.float64(2)@a")


@pytest.mark.parametrize(("expression", "expected"), PLAIN_RESULTS.items())
def test_comparisons_and_positions_are_plain(expression, expected):
    _, found = on_values(expression)
    assert np.asarray(found).tolist() == expected


@pytest.mark.parametrize(
    ("wrong", "right"), [("a*af", "a*v"), ("np.sum(a)", "np.sum(a)+1e-3*v"), ("v*u", "v*u**1.001")]
)
def test_the_comparison_notices_a_wrong_gradient(wrong, right, monkeypatch):
    monkeypatch.setitem(
        globals(), "on_values", lambda e, f=on_values: f(wrong if e == right else e)
    )
    assert_right(wrong)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        assert_right(right)


# Operand order: every operator, from the left and from the right.

OPERATORS = ["+", "-", "*", "/", "**"]
OPERANDS = listed("""
2  1.5  True  np.float64(1.5)  np.float32(1.5)  np.float16(1.5)  np.longdouble(1.5)  np.int64(2)
np.uint8(2)  np.array(1.5)  np.array(2)  np.array([0.5,2.0])  np.array([1,2])
np.array([[0.5,2.0],[1.0,3.0]])  np.array([v,u])  np.array([0.5,u])  a
""")


@pytest.mark.parametrize("operand", OPERANDS)
@pytest.mark.parametrize("op", OPERATORS)
def test_operators_work_in_either_order(op, operand):
    for expression in (f"v{op}{operand}", f"{operand}{op}v"):
        shape = np.shape(evaluated(operand, names(X, float)))
        assert np.shape(assert_right(expression)) == shape


@pytest.mark.parametrize("op", OPERATORS)
def test_object_arrays_meet_float_arrays_in_either_order(op):
    positive = "np.array([0.6,1.9,0.8])"
    for expression in (f"a{op}{positive}", f"{positive}{op}a", f"a{op}a[::-1]", f"W*0+a{op}v"):
        assert assert_right(expression).dtype == object


IN_PLACE = {"+=": operator.add, "-=": operator.sub, "*=": operator.mul, "/=": operator.truediv}


@pytest.mark.parametrize("assign", IN_PLACE)
def test_in_place_operators_keep_the_gradient_or_raise(assign):
    assert_right(f"x=a.copy();x{assign}v")
    assert_right(f"x=v;x{assign}af")
    with pytest.raises(TypeError):
        on_values(f"x=np.array([1.,2.]);x{assign}v")
