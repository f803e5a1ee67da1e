"""NumPy expressions with Values in them: the right value, the whole gradient, or an error.

Each expression is computed twice: on Values, and on floats, whose central differences are the
reference. v and u are Values, W (2, 3), a (3,) and b (2,) object arrays of Values, Wf and af arrays
of floats.
"""

import math
import re

import numpy as np
import pytest

from micrograd_bp import Value, logsumexp, softmax, total, weighted_sum
from micrograd_bp import primitives as p

CONSTANTS = {
    "np": np,
    "math": math,
    "p": p,
    "softmax": softmax,
    "logsumexp": logsumexp,
    "total": total,
    "weighted_sum": weighted_sum,
    "Wf": np.array([[0.4, 1.1, -0.3], [0.2, -0.9, 1.7]]),
    "af": np.array([0.6, 1.9, -0.8]),
}


def as_arrays(numbers, dtype):
    """v, u, W, a, b from the numbers in the order of X."""
    return {
        "v": numbers[0],
        "u": numbers[1],
        "W": np.array(numbers[2:8], dtype=dtype).reshape(2, 3),
        "a": np.array(numbers[8:11], dtype=dtype),
        "b": np.array(numbers[11:13], dtype=dtype),
    }


# v, u, W, a and b; float64, so that np.float32(2) * v is in double precision on floats too.
X = list(np.array([0.7, 1.3, 0.5, -1.2, 0.8, 1.5, 0.3, -0.6, 0.9, 1.4, 2.3, -0.4, 0.6]))


def listed(text):
    """Expressions, two spaces or a line apart."""
    return re.split(r"\n| {2,}", text.strip())


def on_floats(expression, numbers):
    found = eval(expression, {**CONSTANTS, **as_arrays(numbers, float)})
    return np.asarray(found, dtype=float).ravel()


def on_values(expression):
    leaves = [Value(x) for x in X]
    found = eval(expression, {**CONSTANTS, **as_arrays(leaves, object)})
    return leaves, found


def jacobian_by_differences(expression, h=1e-3):
    """Five-point differences, (outputs, inputs)."""

    def at(k, step):
        return on_floats(expression, [x + step * h * (i == k) for i, x in enumerate(X)])

    slopes = [
        (8.0 * (at(k, 1) - at(k, -1)) - (at(k, 2) - at(k, -2))) / (12.0 * h) for k in range(len(X))
    ]
    return np.array(slopes).T


def assert_value_and_gradient(expression):
    leaves, found = on_values(expression)
    expected = on_floats(expression, X)
    outputs = np.asarray(found, dtype=object).ravel()
    assert all(isinstance(z, Value) for z in outputs)
    np.testing.assert_allclose([z.data for z in outputs], expected, rtol=1e-12)
    jacobian = jacobian_by_differences(expression)
    assert np.abs(jacobian).max() > 0.0
    for z, row in zip(outputs, jacobian, strict=True):
        z.zero_grad()
        for leaf in leaves:
            leaf.grad = 0.0
        z.backward()
        np.testing.assert_allclose([leaf.grad for leaf in leaves], row, rtol=1e-8, atol=1e-9)
    return found


GIVE_A_VALUE = listed("""
np.float64(2)*v  np.float64(2)+v  np.float64(2)-v  np.float64(2)/v  np.float64(2)**v
v*np.float64(2)  v-np.float64(2)  v/np.float64(2)  v**np.float64(2)
np.float32(2)*v  v*np.float32(2)  np.float16(2)*v  np.longdouble(2)*v  np.int64(2)*v
v**np.int64(3)  np.uint8(2)-v  np.bool_(True)*v  v*True  np.array(2.0)*v  v*np.array(2.0)
np.array(2)-v  a@a  af@a  np.dot(a,a)  np.dot(a,af)  np.inner(a,a)  np.vdot(a,a)  np.sum(a)
a.sum()  a.mean()  np.mean(a)  np.prod(a)  np.var(a)  np.std(a)  np.max(a)  np.min(a)
np.average(a,weights=af)  np.linalg.norm(a)  np.linalg.norm(W@a-b)  np.sum([v,u])
np.dot([v,u],[1.,2.])  sum([v,u])  np.mean([v,u])  np.sum(W)  np.trace(W[:,:2])
np.einsum('i,i->',a,a)  np.einsum('ij,j,i->',W,a,b)  np.add.reduce(a)  np.tanh(W@a+b).sum()
np.float64(3)-np.float64(2)*v+np.float64(1)/v
sum(w_i*x_i for w_i, x_i in zip(a, af)) + np.float64(1)
np.exp(v)  np.log(v)  np.tanh(v)  np.sqrt(v)  np.sin(v)  np.cos(v)  np.tan(v)  np.abs(-v)
np.log1p(v)  np.expm1(v)  np.square(v)  np.negative(v)  np.power(v,3)  np.reciprocal(v)
np.add(v,1.0)  np.multiply(2.0,v)  np.add(v,u)  np.maximum(v,0)  np.minimum(v,u)
np.sum((np.tanh(W@a+b)-b)**2)/2  np.sum(np.exp(a))**0.5  b@W@a  (W@W.T)[0,1]
""")
GIVE_THREE = listed("""
a*2.0  2.0*a  np.float64(2)*a  a*np.float64(2)  a+a  a-a*a  a/a[::-1]  a**2  2**a  a**a  -a  +a
a*v  a+v  a/v  a-v  a**v  v*a  v+a  v-a  v/a  v**a  a*af  af*a  af/a  a@W.T@W  af@W.T@W
W.T@b+a  W.T@b+af  np.sum(W,axis=0)  np.mean(W,axis=0)  np.cumsum(a)  np.exp(a)  np.log(a)
np.sqrt(a)  np.tanh(a)  np.sin(a)  np.abs(-a)  np.square(a)  np.power(a,2)  np.negative(a)
np.reciprocal(a)  np.log1p(a)  np.expm1(a)  np.maximum(a,0.5)  np.maximum(a,a[::-1])
np.minimum(a,9)  np.where(af>1,a,a*a)  a.copy()  np.full(3,v)*a  np.sort(a)  np.nan_to_num(a)
np.exp(a-np.max(a))/np.sum(np.exp(a-np.max(a)))  np.zeros_like(a)*v+a  a[[2,0,1]]  np.roll(a,1)
np.diff(a,prepend=v)  np.cumprod(a)  np.flip(a)*a  np.cross(a,af)  a.clip(1,2)+a
np.vectorize(lambda t: np.tanh(t), otypes=[object])(a)
p.tanh(a)  p.sigmoid(a)  p.softplus(W.T@b)  p.relu(a)  p.maximum(a,v)  p.mul(v,af)
p.power(a,2.0)  p.divide(a,v)  softmax(a)  softmax([v*a[0],u,b[1]])  total(W*b[:,None])
weighted_sum(b,W)
""")
GIVE_TWO = listed("""
W@a  W@af  Wf@a  W@a+b  np.dot(W,a)  np.matmul(W,a)  np.einsum('ij,j->i',W,a)
np.tensordot(W,a,1)  np.tanh(W@a+b)  p.sigmoid(W@a+b)  (W@a+b)*v  v*(W@a+b)
np.array([1.,2.])*v  np.array([1,2])*v  np.array([1.,2.])-v  np.array([1.,2.])/v
np.array([1.,2.])**v  v*np.array([1.,2.])  v-np.array([1.,2.])  v**np.array([1.,2.])
v/np.array([1.,2.])  np.array([v,u])  np.stack([v,u])  np.array([v*u,v+u])*b
np.max(W,axis=1)  np.prod(W,axis=1)  logsumexp(W.T)  weighted_sum(W.T,a)  W[:,0]*b
np.apply_along_axis(np.sum,1,W)  np.ma.array([1.,2.])*v  v*np.ma.array([1.,2.])
""")
GIVE_AN_ARRAY = {
    (3,): GIVE_THREE,
    (2,): GIVE_TWO,
    (3, 2): ["np.outer(a,b)", "a.reshape(3,1)*b", "np.multiply.outer(a,b)", "W.T*b", "W.T.copy()"],
    (2, 2): ["np.array([[1.,2.],[3.,4.]])*v", "W@W.T", "np.asarray([[v,u],[u,v]])", "Wf@W.T"],
    (5,): ["np.concatenate([a,b])", "np.hstack([a,b*v])", "np.append(a,b)"],
}


@pytest.mark.parametrize("expression", GIVE_A_VALUE)
def test_an_expression_gives_a_value_with_its_gradient(expression):
    found = assert_value_and_gradient(expression)
    assert isinstance(found, Value)
    assert type(found.data) is float


@pytest.mark.parametrize(
    ("shape", "expression"), [(shape, e) for shape, es in GIVE_AN_ARRAY.items() for e in es]
)
def test_an_expression_gives_an_array_of_values_with_their_gradients(shape, expression):
    found = assert_value_and_gradient(expression)
    assert np.shape(found) == shape
    assert all(type(z.data) is float for z in np.ravel(found))


def test_there_are_many_expressions():
    assert len(GIVE_A_VALUE) == 74
    assert sum(map(len, GIVE_AN_ARRAY.values())) == 118
    assert len(RAISE) == 31


@pytest.mark.parametrize(
    ("wrong", "right"), [("a*af", "a*v"), ("np.sum(a)", "np.sum(a)+1e-3*v"), ("v*u", "v*u**1.001")]
)
def test_the_comparison_notices_a_wrong_gradient(wrong, right, monkeypatch):
    monkeypatch.setitem(
        globals(), "on_values", lambda e, f=on_values: f(wrong if e == right else e)
    )
    assert_value_and_gradient(wrong)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        assert_value_and_gradient(right)


RAISE = listed("""
np.array([v,u],dtype=float)  a.astype(float)  np.float64(v)  np.zeros(2).__setitem__(0,v)
np.array([1.,2.]).__iadd__(v)  np.complex128(2)*v  v*np.complex128(2)  np.matrix([[1.,2.]])*v
np.logaddexp(a,0)  np.cosh(a)  np.heaviside(a,0.5)  np.isfinite(a)  np.isnan(a)
np.allclose(a,a)  np.round(a,2)  np.log2(a)  np.floor(a)
np.linalg.inv(W[:,:2])  np.linalg.solve(W[:,:2],b)  v*[1.,2.]  [1.,2.]*v  v*(1,2)
np.datetime64('2020-01-01')+v  np.str_('a')*v  math.exp(v)  a+None  a*'x'
np.interp(v,af,af)  np.random.default_rng(0).normal(v)  np.array([1.,2.]).fill(v)
np.full(2,v,float)
""")


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # np.matrix says so of itself
@pytest.mark.parametrize("expression", RAISE)
def test_what_cannot_keep_the_gradient_raises(expression):
    with pytest.raises(TypeError):
        on_values(expression)


def test_an_array_times_a_value_of_unequal_shapes_is_numpys_error():
    with pytest.raises(ValueError, match="mismatch"):
        on_values("W@b")
    with pytest.raises(ValueError, match="broadcast"):
        on_values("a+b")


@pytest.mark.parametrize(
    "expression", ["np.array([1.,2.])>v", "v<np.array([1.,2.])", "a>1", "a<=v"]
)
def test_comparisons_are_elementwise_by_data(expression):
    _, found = on_values(expression)
    expected = eval(expression, {**CONSTANTS, **as_arrays(X, float)})
    assert found.tolist() == expected.tolist()


def test_positions_and_signs_are_plain_numbers():
    assert on_values("np.argmax(a)")[1] == 2
    assert on_values("np.argsort(a)")[1].tolist() == [0, 1, 2]
    assert on_values("np.sign(b)")[1].tolist() == [-1, 1]
    assert on_values("a==a")[1].all()


def test_a_value_in_an_array_is_the_value_itself():
    leaves, found = on_values("np.array([v, 1.0, u])")
    assert found.dtype == object
    assert (found[0], found[1], found[2]) == (leaves[0], 1.0, leaves[1])
    assert on_values("np.array(v)")[1].shape == ()
    assert on_values("np.maximum(a, 9)")[1].tolist() == [9, 9, 9]


def test_numpy_maximum_picks_an_operand_and_ours_shares_a_tie():
    x, y = Value(1.0), Value(1.0)
    assert np.maximum(x, y) in (x, y)
    p.maximum(x, y).backward()
    assert (x.grad, y.grad) == (0.5, 0.5)


def test_a_matrix_product_has_no_needless_nodes():
    _, z = on_values("W@a")
    assert {z[0]._op, *[x._op for x in z[0].operands]} == {"+", "*"}


def test_a_user_s_numpy_code_is_differentiated_as_it_stands():
    """A two-layer network written for float arrays, run on Values."""

    def cost(w1, b1, w2, x, y):
        hidden = np.tanh(w1 @ x + b1)
        return np.sum((w2 @ hidden - y) ** 2) / 2

    def values(array):
        return np.vectorize(Value, otypes=[object])(array)

    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in ((4, 3), (4,), (2, 4))]
    x, y = rng.normal(size=3), rng.normal(size=2)
    w1, b1, w2 = map(values, arrays)
    c_x = cost(w1, b1, w2, x, y)
    c_x.backward()
    assert c_x.data == pytest.approx(cost(*arrays, x, y), rel=1e-14)

    hidden = np.tanh(arrays[0] @ x + arrays[1])  # (4,)
    delta2 = arrays[2] @ hidden - y  # (2,)
    delta1 = (arrays[2].T @ delta2) * (1.0 - hidden**2)  # (4,)
    for found, expected in (
        (w2, np.outer(delta2, hidden)),
        (b1, delta1),
        (w1, np.outer(delta1, x)),
    ):
        gradient = np.vectorize(lambda w: w.grad)(found)
        np.testing.assert_allclose(gradient, expected, rtol=1e-12)
