"""Apply small faults to the library, one at a time, and see that the tests notice each.

    python tests/mutation.py            all faults; exit status 1 if one survives unexplained
    python tests/mutation.py power bp2  only faults whose file or text contains one of the words
    python tests/mutation.py --part 2/4 every fourth fault, from the second on

A fault is a text of a file that occurs once, and what it is replaced by. It is applied to a copy of
the project; the tests named beside the file are run there until the first failure. A fault that no
test can notice carries its reason in `survives`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
COPIED = ("micrograd_bp", "viz", "tests", "examples", "pyproject.toml", "README.md", ".ci")
SECONDS = 300  # a fault that makes the tests hang is noticed too

MATRIX_FORM = "test_matrix_form test_matrix_form_graphs test_matrix_form_stages"
HOSTILE = "test_matrix_form_hostile test_matrix_form_memory"
TESTS = {
    "kernels.py": "test_primitives test_edges test_engine",
    "primitives.py": "test_primitives test_edges test_engine test_gradients",
    "arithmetic.py": "test_engine test_primitives",
    "engine.py": "test_engine test_primitives",
    "chain_rule.py": "test_gradients test_functional",
    "paths.py": "test_explain",
    "functional.py": "test_functional",
    "gradient_check.py": "test_check_gradient",
    "slips.py": "test_testing",
    "testing.py": "test_testing",
    "border.py": "test_nn",
    "nn.py": "test_nn",
    "orientation.py": "test_nn",
    "initial.py": "test_nn",
    "costs.py": "test_costs",
    "descent.py": "test_descent test_gradient_descent",
    "archive.py": "test_checkpoint",
    "checkpoint.py": "test_checkpoint",
    "expression.py": "test_expression",
    "history.py": "test_daily_training",
    "interrupt.py": "test_resume",
    "methods.py": "test_daily_training test_training",
    "resume.py": "test_resume",
    "run.py": "test_daily_training test_resume",
    "tensors.py": "test_tensors",
    "torch_layout.py": "test_tensors",
    "equations/component.py": "test_equations",
    "equations/matrix.py": "test_equations",
    "equations/observed.py": "test_equations test_assumption",
    "equations/differences.py": "test_equations",
    "equations/report.py": "test_equations",
    "equations/assumption.py": "test_assumption",
    "matrix_form/adjoints.py": f"{MATRIX_FORM} test_matrix_form_hostile",
    "matrix_form/compile.py": HOSTILE,
    "matrix_form/differentiate.py": MATRIX_FORM,
    "matrix_form/emit.py": MATRIX_FORM,
    "matrix_form/form.py": MATRIX_FORM,
    "matrix_form/gradient.py": MATRIX_FORM,
    "matrix_form/grouping.py": MATRIX_FORM,
    "matrix_form/lift.py": MATRIX_FORM,
    "matrix_form/lower.py": MATRIX_FORM,
    "matrix_form/mean.py": MATRIX_FORM,
    "matrix_form/normalise.py": MATRIX_FORM,
    "matrix_form/products.py": MATRIX_FORM,
}


@dataclass(frozen=True)
class Fault:
    file: str
    right: str
    wrong: str
    survives: str = ""

    def __str__(self) -> str:
        return f"{self.file}: {self.right.strip()!r} -> {self.wrong.strip()!r}"


FAULTS = [
    # The table: signs, factors, swapped operands, dropped terms.
    Fault("primitives.py", "lambda z, x, y: (1.0, -1.0)", "lambda z, x, y: (1.0, 1.0)"),
    Fault("primitives.py", "lambda z, x, y: (y, x))", "lambda z, x, y: (x, y))"),
    Fault(
        "primitives.py",
        'div            = Primitive("/", k.strict_divide, np.divide,                         lambda z, x, y: (divide(1.0, y), -divide(z, y)))',
        'div            = Primitive("/", k.strict_divide, np.divide,                         lambda z, x, y: (divide(1.0, y), divide(z, y)))',
    ),
    Fault(
        "primitives.py",
        'divide         = Primitive("divide", k.divide, k.divide_arrays,                     lambda z, x, y: (divide(1.0, y), -divide(z, y)))',
        'divide         = Primitive("divide", k.divide, k.divide_arrays,                     lambda z, x, y: (divide(1.0, y), divide(z, y)))',
    ),
    Fault(
        "primitives.py",
        "(monomial(y, x, y - 1.0), monomial_log1(1.0, x, y))",
        "(monomial(y, x, y), monomial_log1(1.0, x, y))",
    ),
    Fault(
        "primitives.py",
        "(monomial(y, x, y - 1.0), monomial_log1(1.0, x, y))",
        "(monomial(y, x, y - 1.0), monomial(1.0, x, y))",
    ),
    Fault(
        "primitives.py",
        "by_x = log_monomial(n)(c * y, x, y - 1.0)",
        "by_x = log_monomial(n)(y, x, y - 1.0)",
    ),
    Fault("primitives.py", "        if n > 0:\n", "        if n > 1:\n"),
    Fault("primitives.py", "log_monomial(n + 1)(c, x, y)", "log_monomial(n)(c, x, y)"),
    Fault("primitives.py", "lambda z, x: (-1.0,)", "lambda z, x: (1.0,)"),
    Fault("primitives.py", "lambda z, x: (sign(x),)", "lambda z, x: (1.0,)"),
    Fault("primitives.py", "lambda z, x: (z + 1.0,)", "lambda z, x: (z,)"),
    Fault(
        "primitives.py", "lambda z, x: (divide(1.0, 1.0 + x),)", "lambda z, x: (divide(1.0, x),)"
    ),
    Fault("primitives.py", "divide(0.5, abs(z))", "divide(0.5, z)"),
    Fault("primitives.py", "divide(0.5, abs(z))", "divide(1.0, abs(z))"),
    Fault("primitives.py", "lambda z, x: (-sin(x),)", "lambda z, x: (sin(x),)"),
    Fault("primitives.py", "lambda z, x: (1.0 + z * z,)", "lambda z, x: (1.0 - z * z,)"),
    Fault("primitives.py", "lambda z, x: (1.0 - z * z,)", "lambda z, x: (1.0 - x * x,)"),
    Fault("primitives.py", "lambda z, x: (z * (1.0 - z),)", "lambda z, x: (z,)"),
    Fault("primitives.py", "lambda z, x: (sigmoid(x),)", "lambda z, x: (sigmoid(z),)"),
    Fault(
        "primitives.py",
        "(share(x, y), share(y, x)))\nminimum",
        "(share(y, x), share(x, y)))\nminimum",
    ),
    Fault(
        "primitives.py",
        "exp_difference(x_i, z) for x_i in x",
        "exp_difference(z, x_i) for x_i in x",
    ),
    Fault(
        "primitives.py", "operands[n : 2 * n] + operands[:n]", "operands[:n] + operands[n : 2 * n]"
    ),
    Fault("primitives.py", "return tuple(divide(term, whole) for term in terms)", "return terms"),
    Fault("kernels.py", "0.5 if x == y else NAN", "1.0 if x == y else NAN"),
    Fault(
        "kernels.py",
        "return 1.0 if x > 0.0 else 0.0 if x <= 0.0 else NAN",
        "return 1.0 if x >= 0.0 else 0.0 if x < 0.0 else NAN",
    ),
    Fault("kernels.py", "return 0.0 if x <= 0.0 else x", "return x if x > 0.0 else 0.0"),
    Fault(
        "kernels.py",
        "if x >= 0.0:\n        return 1.0 / (1.0 + math.exp(-x))",
        "if x >= -800.0:\n        return 1.0 / (1.0 + math.exp(-x))",
    ),
    Fault(
        "kernels.py",
        "return relu(x) + math.log1p(math.exp(-abs(x)))",
        "return math.log1p(math.exp(x))",
    ),
    Fault("kernels.py", "return z + operands[-1] if len(operands) % 2 else z", "return z"),
    # The engine.
    Fault("engine.py", "operand.grad += grad * derivative", "operand.grad = grad * derivative"),
    Fault("engine.py", "for node in reversed(inner):", "for node in inner:"),
    Fault("engine.py", "            leaf.grad += grad\n", "            leaf.grad = grad\n"),
    Fault(
        "engine.py",
        "        for node in nodes:\n            node.grad = 0.0\n        self.grad = seed",
        "        self.grad = seed",
    ),
    Fault("engine.py", "        self.grad = seed\n", "        self.grad = 1.0\n"),
    Fault("engine.py", 'key=operator.attrgetter("_serial")', "key=id"),
    Fault(
        "arithmetic.py",
        "return self._binary(primitives.sub, other, self)",
        "return self._binary(primitives.sub, self, other)",
    ),
    Fault(
        "arithmetic.py",
        "return self._binary(primitives.div, other, self)",
        "return self._binary(primitives.div, self, other)",
    ),
    Fault(
        "arithmetic.py",
        "return self._binary(primitives.power, other, self)",
        "return self._binary(primitives.power, self, other)",
    ),
    Fault(
        "engine.py", "return (*derivatives[:at], 0.0, *derivatives[at + 1 :])", "return derivatives"
    ),
    Fault("engine.py", "return self._number != 0.0", "return True"),
    Fault(
        "engine.py",
        "return _compare(operator.le, self, other)",
        "return _compare(operator.lt, self, other)",
    ),
    # The gradient as a graph, paths, functions.
    Fault("chain_rule.py", "along if earlier is None else earlier + along", "along"),
    Fault(
        "chain_rule.py",
        "return x if not isinstance(y, Value) and y == 1.0 else x * y",
        "return x",
    ),
    Fault("chain_rule.py", "if operand.changed_since(node) and", "if False and"),
    Fault(
        "chain_rule.py",
        "return without_exponent(op, node.operands, op.derivatives(node, *node.operands))",
        "return op.derivatives(node, *node.operands)",
    ),
    Fault("paths.py", "paths_to[operand] += paths_to[node]", "paths_to[operand] = paths_to[node]"),
    Fault(
        "paths.py",
        "(product * derivative, (operand, derivative, before))",
        "(product, (operand, derivative, before))",
    ),
    Fault(
        "functional.py",
        "return x * 1.0 if isinstance(x, Value)",
        "return x if isinstance(x, Value)",
    ),
    Fault("functional.py", "            _depth.reset(depth)\n", "            pass\n"),
    # Networks, costs, optimisers.
    Fault("nn.py", "weighted_sum(self.w, a, self.b)", "weighted_sum(self.w, a)"),
    Fault("border.py", "return number - 1", "return number"),
    Fault(
        "orientation.py", 'w_read.append(w if convention == "post" else w.T)', "w_read.append(w)"
    ),
    Fault("costs.py", "return 0.5 * _sum((a_j - y_j) ** 2", "return _sum((a_j - y_j) ** 2"),
    Fault(
        "costs.py",
        "_times(1.0 - y_j, _log(1.0 - a_j, a_j, j, *names))",
        "_times(1.0 - y_j, _log(a_j, a_j, j, *names))",
    ),
    Fault("costs.py", "_times(y_j, (-z_j).softplus())", "_times(y_j, z_j.softplus())"),
    Fault("costs.py", "normaliser - z_j", "z_j - normaliser"),
    Fault(
        "descent.py",
        "theta -= self.learning_rate * gradient",
        "theta += self.learning_rate * gradient",
    ),
    Fault(
        "descent.py",
        "self.velocity -= self.learning_rate * gradient",
        "self.velocity = -self.learning_rate * gradient",
    ),
    Fault("descent.py", "mean = self.mean / (1.0 - beta1**self.steps)", "mean = self.mean"),
    Fault(
        "descent.py",
        "mean_square = self.mean_square / (1.0 - beta2**self.steps)",
        "mean_square = self.mean_square",
    ),
    Fault("descent.py", "gradient * gradient - self.mean_square", "gradient - self.mean_square"),
    Fault("descent.py", "self.steps += 1", "self.steps += 2"),
    Fault(
        "descent.py", "descent.actual.append(cost - descent.cost)", "descent.actual.append(cost)"
    ),
    # The equations.
    Fault(
        "equations/component.py",
        "delta_i = delta_i + w_ij * delta_j * a_prime_i",
        "delta_i = w_ij * delta_j * a_prime_i",
    ),
    Fault(
        "equations/component.py",
        "delta_i = delta_i + w_ij * delta_j * a_prime_i",
        "delta_i = delta_i + w_ij * delta_j",
    ),
    Fault(
        "equations/component.py",
        "[[a_i * delta_j for delta_j in delta] for a_i in a_prev]",
        "[[a_i * delta_j for a_i in a_prev] for delta_j in delta]",
    ),
    Fault(
        "equations/component.py",
        "delta_i = delta_i + grad_a_j * row_j[i]",
        "delta_i = delta_i - grad_a_j * row_j[i]",
    ),
    Fault(
        "equations/matrix.py",
        "return (delta_next @ w_next.T) * a_prime",
        "return delta_next @ w_next.T",
    ),
    Fault("equations/matrix.py", "return grad_a * a_prime", "return grad_a"),
    Fault(
        "equations/matrix.py",
        'np.einsum("...j,...ji->...i", grad_a, jacobian)',
        'np.einsum("...j,...ij->...i", grad_a, jacobian)',
    ),
    Fault(
        "equations/matrix.py",
        "return np.atleast_2d(delta).sum(axis=0)",
        "return np.atleast_2d(delta).sum(axis=1)",
    ),
    Fault("equations/matrix.py", "return a_prev.T @ delta", "return delta.T @ a_prev"),
    Fault("equations/observed.py", "coupled = coupled or i != j", "coupled = coupled or i == j"),
    Fault("equations/observed.py", "            parameter.grad = grad\n", "            pass\n"),
    Fault(
        "equations/report.py",
        "return forms and self.differences <= DIFFERENCES_AGREE",
        "return forms",
    ),
    Fault(
        "equations/report.py",
        "self.component <= FORMS_AGREE and self.matrix <= FORMS_AGREE",
        "self.matrix <= FORMS_AGREE",
    ),
    Fault(
        "equations/differences.py",
        "(up - down) / (2 * h), (up_half - down_half) / h",
        "(up - down) / h, (up_half - down_half) / h",
    ),
    Fault(
        "equations/assumption.py",
        "general=matrix.bp1_general(grad_a, seen.jacobian[l])",
        "general=matrix.bp1(grad_a, seen.a_prime(l))",
    ),
    # The matrix form.
    Fault(
        "matrix_form/normalise.py",
        "alone = self.uses[value] == 1 and value not in self.roots",
        "alone = self.uses[value] == 1",
    ),
    Fault(
        "matrix_form/normalise.py",
        "alone = self.uses[value] == 1 and value not in self.roots",
        "alone = value not in self.roots",
    ),
    Fault("matrix_form/normalise.py", " and self.nodes[value] not in self.shared", ""),
    Fault(
        "matrix_form/normalise.py",
        "self.number(x) * self.number(y)",
        "self.number(x) + self.number(y)",
    ),
    Fault(
        "matrix_form/normalise.py",
        "if x.op is power and self.is_two(x.operands[1]):",
        "if x.op is power:",
    ),
    Fault("matrix_form/normalise.py", "list(x.operands) or x.terms", "x.terms"),
    Fault("matrix_form/normalise.py", "plain = plain[2 * n :]", "plain = ()"),
    Fault("matrix_form/normalise.py", "if x not in reader.reached", "if x in reader.reached"),
    Fault(
        "matrix_form/normalise.py",
        "depth=1 + max(x.depth for x in operands)",
        "depth=max(x.depth for x in operands)",
    ),
    Fault(
        "matrix_form/normalise.py",
        "node.depth = max(node.depth, w.depth, a.depth)",
        "node.depth = max(node.depth, w.depth)",
    ),
    Fault(
        "matrix_form/normalise.py",
        "node.varies = any(x.varies for x in read)",
        "node.varies = all(x.varies for x in read)",
    ),
    Fault(
        "matrix_form/normalise.py",
        "batched=any(x.batched for x in operands)",
        "batched=all(x.batched for x in operands)",
    ),
    Fault(
        "matrix_form/normalise.py",
        "node = self.known.get(repr(number))\n        if node is None:\n            node = self.known[repr(number)] =",
        "node = self.known.get(str(abs(number)))\n        if node is None:\n            node = self.known[str(abs(number))] =",
    ),
    Fault(
        "matrix_form/normalise.py",
        "if x.role == CONSTANT and self.number(x) == 0.0:",
        "if x.role == CONSTANT:",
    ),
    Fault(
        "matrix_form/grouping.py",
        "exponent = repr(constants[node.operands[at].position])",
        "exponent = CONSTANT",
    ),
    Fault(
        "matrix_form/grouping.py",
        "if (x.batched, x.group) > (y.batched, y.group)",
        "if x.group > y.group",
    ),
    Fault(
        "matrix_form/grouping.py",
        "return frozenset(products.items()), frozenset(terms.items())",
        "return frozenset(products.items()), frozenset(terms)",
    ),
    Fault("matrix_form/grouping.py", "for group in reversed(order):", "for group in order:"),
    Fault("matrix_form/grouping.py", "for depth in sorted(by_depth):", "for depth in by_depth:"),
    Fault(
        "matrix_form/adjoints.py",
        "Number(1.0, over_m=root.vector.batched)",
        "Number(1.0, over_m=False)",
    ),
    Fault(
        "matrix_form/adjoints.py",
        "self.to_rows(out, index, value, add=overlaps)",
        "self.to_rows(out, index, value, add=False)",
    ),
    Fault("matrix_form/adjoints.py", "return Number(x.value + y.value, x.over_m)", "return x"),
    Fault("matrix_form/adjoints.py", "if np.unique(index).size < index.size:", "if False:"),
    Fault(
        "matrix_form/adjoints.py",
        "self.sums[source] = Number(adjoint.value, over_m=False)",
        "self.sums[source] = adjoint",
    ),
    Fault(
        "matrix_form/adjoints.py", "            self.done.add(product.bias)\n", "            pass\n"
    ),
    Fault("matrix_form/adjoints.py", "        self.gradient.fill_rest()\n", ""),
    Fault("matrix_form/adjoints.py", "if np.unique(taken).size < vector.size:", "if False:"),
    Fault("matrix_form/compile.py", "if not lock.acquire(blocking=False):", "if False:"),
    Fault("equations/differences.py", " + 4 * self.noise:", ":"),
    Fault("matrix_form/gradient.py", " or np.unique(index).size < index.size:", ":"),
    Fault("matrix_form/gradient.py", "add = bool(before.any())", "add = False"),
    Fault(
        "matrix_form/mean.py",
        "taken_apart(piece.factor * piece.part.index.size, maker)",
        "taken_apart(piece.factor, maker)",
    ),
    Fault("matrix_form/mean.py", "return [Piece(-c, x)]", "return [Piece(c, x)]"),
    Fault("matrix_form/mean.py", "return Piece(c * x.number, y)", "return Piece(c, y)"),
    Fault("matrix_form/mean.py", '("mean * " if batched else "")', '""'),
    Fault(
        "matrix_form/emit.py",
        'made = "np.ones" if block.tail == "ones" else "np.empty"',
        'made = "np.empty"',
    ),
    Fault(
        "matrix_form/form.py", "self._parameters[:] = given", "self._parameters = np.array(given)"
    ),
    Fault("matrix_form/form.py", "if not isfinite(cost):", "if cost != cost:"),
    Fault(
        "matrix_form/lower.py",
        "terms = [term for term in instruction.terms if term is not bias]",
        "terms = list(instruction.terms)",
    ),
    Fault(
        "matrix_form/lift.py",
        "rows[j].append((y.position, x.position))",
        "rows[j].append((x.position, y.position))",
    ),
    Fault("matrix_form/lift.py", "Part(right, r[rows[:, 0]])", "Part(right, r[: len(rows)])"),
    Fault(
        "matrix_form/lift.py", "if len({len(rows) for rows in blocks.values()}) > 1:", "if False:"
    ),
    Fault(
        "matrix_form/differentiate.py",
        "yield Scaled(out, left, 2.0 * x)",
        "yield Scaled(out, left, x)",
    ),
    Fault(
        "matrix_form/differentiate.py", "yield Scaled(out, left, y)", "yield Scaled(out, left, x)"
    ),
    Fault("matrix_form/differentiate.py", "            alive.add(pull.source)\n", ""),
    Fault(
        "matrix_form/differentiate.py",
        "z = Formula(leaf=whole(instruction.out))",
        "z = operand(instruction.operands[0])",
    ),
    Fault(
        "matrix_form/products.py",
        'self.times(W_T, D, (self.K, "m"))',
        'self.times(self.W, D, (self.K, "m"))',
    ),
    Fault(
        "matrix_form/products.py",
        "self.times(self.W, self.A, (), out=by_filter)\n        return rearranged(self.code, Z, np.argsort(order), to)",
        "self.times(self.W, self.A, (), out=by_filter)\n        return rearranged(self.code, Z, order, to)",
    ),
    Fault(
        "matrix_form/products.py",
        'self.sum(f"pqm,{self.q}km->pkm", self.by_window(D), self.L, adjoint)',
        'self.sum(f"pqm,{self.q}km->pkm", self.by_window(D), self.R, adjoint)',
    ),
    Fault(
        "matrix_form/products.py",
        "[product.left.index, bias.index.T], axis=1",
        "[bias.index.T, product.left.index], axis=1",
    ),
    Fault("matrix_form/products.py", '"np.ones((m, {n + 1}))"', '"np.empty((m, {n + 1}))"'),
    # Files and training day by day.
    Fault("archive.py", "parse_constant=_refuse", "parse_constant=float"),
    Fault("archive.py", "if prod(shape) * dtype.itemsize != len(entry) - start:", "if False:"),
    Fault("archive.py", "if len(set(names)) < len(names):", "if False:"),
    Fault("archive.py", "if k != DIGEST}) != bytes(", "if k != DIGEST}) == bytes("),
    Fault("checkpoint.py", "    if len(wrong):\n", "    if False:\n"),
    Fault("checkpoint.py", 'if found["version"] != VERSION:', "if False:"),
    Fault("checkpoint.py", "type(n) is int and n > 0", "isinstance(n, int)"),
    Fault("expression.py", 'if "__" in name:', "if False:"),
    Fault("expression.py", "if end == len(text):", "if True:"),
    Fault("history.py", "any(type(x) is not float for x in numbers)", "False"),
    Fault("interrupt.py", "        self.asked = True\n", "        pass\n"),
    Fault("interrupt.py", "if self.asked:", "if False:"),
    Fault("methods.py", '"w") != "b"]', '"w") != "c"]'),
    Fault("methods.py", "0.5 * l2 * squares", "l2 * squares"),
    Fault("resume.py", 'if meta.get("network") != network:', "if False:"),
    Fault("resume.py", "if found[name] != here:", "if False:"),
    Fault("resume.py", "        if not resume:\n", "        if False:\n"),
    Fault("resume.py", "if not np.isfinite(array).all():", "if False:"),
    Fault("run.py", "        at.shuffle = rng.bit_generator.state\n", ""),
    Fault("run.py", "range(at.batches * self.m, n, self.m)", "range(0, n, self.m)"),
    Fault("run.py", "len(costs) - best(costs) >= patience", "len(costs) - best(costs) > patience"),
    Fault("run.py", 'found["cost"] = at.cost / len(self.examples)', 'found["cost"] = at.cost'),
    Fault(
        "run.py", "begun -= at.seconds", "begun += at.seconds", survives="no test waits for seconds"
    ),
    Fault("tensors.py", "if metadata.get(SUM, found) != found:", "if False:"),
    Fault("torch_layout.py", "if missing or unexpected:", "if missing:"),
]


def main(words: list[str]) -> int:
    if words[:1] == ["--part"]:
        k, n = map(int, words[1].split("/"))
        faults = FAULTS[k - 1 :: n]
    else:
        faults = [f for f in FAULTS if not words or any(word in str(f) for word in words)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        noticed = list(pool.map(is_noticed, faults))
    unexplained = [
        f for f, seen in zip(faults, noticed, strict=True) if not seen and not f.survives
    ]
    wrongly = [f for f, seen in zip(faults, noticed, strict=True) if seen and f.survives]
    for fault in unexplained:
        print(f"SURVIVES  {fault}")
    for fault in wrongly:
        print(f"NOTICED, though said to survive  {fault}")
    explained = len(faults) - sum(noticed) - len(unexplained)
    print(f"{len(faults)} faults: {sum(noticed)} noticed, {explained} explained,", end=" ")
    print(f"{len(unexplained)} survive")
    return 1 if unexplained or wrongly else 0


def is_noticed(fault: Fault) -> bool:
    """Whether the tests fail on a copy of the project that has the fault."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        path = copy / "micrograd_bp" / fault.file
        text = path.read_text(encoding="utf-8")
        if text.count(fault.right) != 1:
            raise SystemExit(f"{fault}: the text occurs {text.count(fault.right)} times, not once")
        path.write_text(text.replace(fault.right, fault.wrong), encoding="utf-8")
        tests = [f"tests/{name}.py" for name in TESTS[fault.file].split()]
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        environment = os.environ | {"PYTHONPATH": str(copy), "CI": "true"}
        try:
            done = subprocess.run(
                command, cwd=copy, env=environment, capture_output=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            return True
    if done.returncode not in (0, 1, 2):
        raise SystemExit(f"{fault}: pytest ended with {done.returncode}\n{done.stdout.decode()}")
    return done.returncode != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
