"""The table, the engine, gradients as graphs, functions, and what checks gradients."""

TESTS = {
    "micrograd_bp/kernels.py": "test_primitives test_edges test_engine test_rules",
    "micrograd_bp/primitives.py": "test_primitives test_edges test_engine test_gradients test_rules",
    "micrograd_bp/arithmetic.py": "test_engine test_primitives test_rules",
    "micrograd_bp/engine.py": "test_engine test_primitives test_rules",
    "micrograd_bp/chain_rule.py": "test_gradients test_functional",
    "micrograd_bp/paths.py": "test_explain",
    "micrograd_bp/functional.py": "test_functional",
}

FAULTS = {
    "micrograd_bp/kernels.py": [
        ("0.5 if x == y else NAN", "1.0 if x == y else NAN"),
        (
            "return 1.0 if x > 0.0 else 0.0 if x <= 0.0 else NAN",
            "return 1.0 if x >= 0.0 else 0.0 if x < 0.0 else NAN",
        ),
        ("return 0.0 if x <= 0.0 else x", "return x if x > 0.0 else 0.0"),
        (
            "if x >= 0.0:\n        return 1.0 / (1.0 + math.exp(-x))",
            "if x >= -800.0:\n        return 1.0 / (1.0 + math.exp(-x))",
        ),
        ("return relu(x) + math.log1p(math.exp(-abs(x)))", "return math.log1p(math.exp(x))"),
        ("return z + operands[-1] if len(operands) % 2 else z", "return z"),
    ],
    "micrograd_bp/primitives.py": [
        ("lambda z, x, y: (1.0, -1.0)", "lambda z, x, y: (1.0, 1.0)"),
        ("lambda z, x, y: (y, x))", "lambda z, x, y: (x, y))"),
        (
            'div            = Primitive("/", k.strict_divide, np.divide,                         lambda z, x, y: (divide(1.0, y), -divide(z, y)))',
            'div            = Primitive("/", k.strict_divide, np.divide,                         lambda z, x, y: (divide(1.0, y), divide(z, y)))',
        ),
        (
            'divide         = Primitive("divide", k.divide, k.divide_arrays,                     lambda z, x, y: (divide(1.0, y), -divide(z, y)))',
            'divide         = Primitive("divide", k.divide, k.divide_arrays,                     lambda z, x, y: (divide(1.0, y), divide(z, y)))',
        ),
        (
            "(monomial(y, x, y - 1.0), monomial_log1(1.0, x, y))",
            "(monomial(y, x, y), monomial_log1(1.0, x, y))",
        ),
        (
            "(monomial(y, x, y - 1.0), monomial_log1(1.0, x, y))",
            "(monomial(y, x, y - 1.0), monomial(1.0, x, y))",
        ),
        ("by_x = log_monomial(n)(c * y, x, y - 1.0)", "by_x = log_monomial(n)(y, x, y - 1.0)"),
        ("        if n > 0:\n", "        if n > 1:\n"),
        ("log_monomial(n + 1)(c, x, y)", "log_monomial(n)(c, x, y)"),
        ("lambda z, x: (-1.0,)", "lambda z, x: (1.0,)"),
        ("lambda z, x: (sign(x),)", "lambda z, x: (1.0,)"),
        ("lambda z, x: (z + 1.0,)", "lambda z, x: (z,)"),
        ("lambda z, x: (divide(1.0, 1.0 + x),)", "lambda z, x: (divide(1.0, x),)"),
        ("divide(0.5, abs(z))", "divide(0.5, z)"),
        ("divide(0.5, abs(z))", "divide(1.0, abs(z))"),
        ("lambda z, x: (-sin(x),)", "lambda z, x: (sin(x),)"),
        ("lambda z, x: (1.0 + z * z,)", "lambda z, x: (1.0 - z * z,)"),
        ("lambda z, x: (1.0 - z * z,)", "lambda z, x: (1.0 - x * x,)"),
        ("lambda z, x: (z * (1.0 - z),)", "lambda z, x: (z,)"),
        ("lambda z, x: (sigmoid(x),)", "lambda z, x: (sigmoid(z),)"),
        ("(share(x, y), share(y, x)))\nminimum", "(share(y, x), share(x, y)))\nminimum"),
        ("exp_difference(x_i, z) for x_i in x", "exp_difference(z, x_i) for x_i in x"),
        ("operands[n : 2 * n] + operands[:n]", "operands[:n] + operands[n : 2 * n]"),
        ("return tuple(divide(term, whole) for term in terms)", "return terms"),
    ],
    "micrograd_bp/arithmetic.py": [
        (
            "return self._binary(primitives.sub, other, self)",
            "return self._binary(primitives.sub, self, other)",
        ),
        (
            "return self._binary(primitives.div, other, self)",
            "return self._binary(primitives.div, self, other)",
        ),
        (
            "return self._binary(primitives.power, other, self)",
            "return self._binary(primitives.power, self, other)",
        ),
    ],
    "micrograd_bp/engine.py": [
        ("operand.grad += grad * derivative", "operand.grad = grad * derivative"),
        ("for node in reversed(inner):", "for node in inner:"),
        ("            leaf.grad += grad\n", "            leaf.grad = grad\n"),
        (
            "        for node in nodes:\n            node.grad = 0.0\n        self.grad = seed",
            "        self.grad = seed",
        ),
        ("        self.grad = seed\n", "        self.grad = 1.0\n"),
        ('key=operator.attrgetter("_serial")', "key=id"),
        ("return (*derivatives[:at], 0.0, *derivatives[at + 1 :])", "return derivatives"),
        ("return self._number != 0.0", "return True"),
        ("return _compare(operator.le, self, other)", "return _compare(operator.lt, self, other)"),
    ],
    "micrograd_bp/chain_rule.py": [
        ("along if earlier is None else earlier + along", "along"),
        ("return x if not isinstance(y, Value) and y == 1.0 else x * y", "return x"),
        ("if operand.changed_since(node) and", "if False and"),
        (
            "return without_exponent(op, node.operands, op.derivatives(node, *node.operands))",
            "return op.derivatives(node, *node.operands)",
        ),
    ],
    "micrograd_bp/paths.py": [
        ("paths_to[operand] += paths_to[node]", "paths_to[operand] = paths_to[node]"),
        (
            "(product * derivative, (operand, derivative, before))",
            "(product, (operand, derivative, before))",
        ),
    ],
    "micrograd_bp/functional.py": [
        ("return x * 1.0 if isinstance(x, Value)", "return x if isinstance(x, Value)"),
        ("            _depth.reset(depth)\n", "            pass\n"),
    ],
}
