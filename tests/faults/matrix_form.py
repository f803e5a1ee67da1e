"""The compiler from the scalar graph to a program on arrays."""

GRAPHS = "test_matrix_form test_matrix_form_graphs test_matrix_form_stages"
HOSTILE = "test_matrix_form_hostile test_matrix_form_memory"
TESTS = {
    "micrograd_bp/matrix_form/adjoints.py": f"{GRAPHS} test_matrix_form_hostile",
    "micrograd_bp/matrix_form/compile.py": HOSTILE,
    "micrograd_bp/matrix_form/differentiate.py": GRAPHS,
    "micrograd_bp/matrix_form/emit.py": GRAPHS,
    "micrograd_bp/matrix_form/form.py": GRAPHS,
    "micrograd_bp/matrix_form/gradient.py": GRAPHS,
    "micrograd_bp/matrix_form/grouping.py": GRAPHS,
    "micrograd_bp/matrix_form/lift.py": GRAPHS,
    "micrograd_bp/matrix_form/lower.py": GRAPHS,
    "micrograd_bp/matrix_form/mean.py": GRAPHS,
    "micrograd_bp/matrix_form/normalise.py": GRAPHS,
    "micrograd_bp/matrix_form/products.py": GRAPHS,
}

FAULTS = {
    "micrograd_bp/matrix_form/adjoints.py": [
        ("Number(1.0, over_m=root.vector.batched)", "Number(1.0, over_m=False)"),
        (
            "self.to_rows(out, index, value, add=overlaps)",
            "self.to_rows(out, index, value, add=False)",
        ),
        ("return Number(x.value + y.value, x.over_m)", "return x"),
        ("if np.unique(index).size < index.size:", "if False:"),
        ("self.sums[source] = Number(adjoint.value, over_m=False)", "self.sums[source] = adjoint"),
        ("            self.done.add(product.bias)\n", "            pass\n"),
        ("        self.gradient.fill_rest()\n", ""),
        ("if np.unique(taken).size < vector.size:", "if False:"),
    ],
    "micrograd_bp/matrix_form/compile.py": [
        ("if not lock.acquire(blocking=False):", "if False:"),
    ],
    "micrograd_bp/matrix_form/differentiate.py": [
        ("yield Scaled(out, left, 2.0 * x)", "yield Scaled(out, left, x)"),
        ("yield Scaled(out, left, y)", "yield Scaled(out, left, x)"),
        ("            alive.add(pull.source)\n", ""),
        ("z = Formula(leaf=whole(instruction.out))", "z = operand(instruction.operands[0])"),
    ],
    "micrograd_bp/matrix_form/emit.py": [
        ('made = "np.ones" if block.tail == "ones" else "np.empty"', 'made = "np.empty"'),
    ],
    "micrograd_bp/matrix_form/form.py": [
        ("self._parameters[:] = given", "self._parameters = np.array(given)"),
        ("if not isfinite(cost):", "if cost != cost:"),
    ],
    "micrograd_bp/matrix_form/gradient.py": [
        (" or np.unique(index).size < index.size:", ":"),
        ("add = bool(before.any())", "add = False"),
    ],
    "micrograd_bp/matrix_form/grouping.py": [
        ("exponent = repr(constants[node.operands[at].position])", "exponent = CONSTANT"),
        ("if (x.batched, x.group) > (y.batched, y.group)", "if x.group > y.group"),
        (
            "return frozenset(products.items()), frozenset(terms.items())",
            "return frozenset(products.items()), frozenset(terms)",
        ),
        ("for group in reversed(order):", "for group in order:"),
        ("for depth in sorted(by_depth):", "for depth in by_depth:"),
    ],
    "micrograd_bp/matrix_form/lift.py": [
        ("rows[j].append((y.position, x.position))", "rows[j].append((x.position, y.position))"),
        ("Part(right, r[rows[:, 0]])", "Part(right, r[: len(rows)])"),
        ("if len({len(rows) for rows in blocks.values()}) > 1:", "if False:"),
    ],
    "micrograd_bp/matrix_form/lower.py": [
        (
            "terms = [term for term in instruction.terms if term is not bias]",
            "terms = list(instruction.terms)",
        ),
    ],
    "micrograd_bp/matrix_form/mean.py": [
        (
            "taken_apart(piece.factor * piece.part.index.size, maker)",
            "taken_apart(piece.factor, maker)",
        ),
        ("return [Piece(-c, x)]", "return [Piece(c, x)]"),
        ("return Piece(c * x.number, y)", "return Piece(c, y)"),
        ('("mean * " if batched else "")', '""'),
    ],
    "micrograd_bp/matrix_form/normalise.py": [
        (
            "alone = self.uses[value] == 1 and value not in self.roots",
            "alone = self.uses[value] == 1",
        ),
        (
            "alone = self.uses[value] == 1 and value not in self.roots",
            "alone = value not in self.roots",
        ),
        (" and self.nodes[value] not in self.shared", ""),
        ("self.number(x) * self.number(y)", "self.number(x) + self.number(y)"),
        ("if x.op is power and self.is_two(x.operands[1]):", "if x.op is power:"),
        ("list(x.operands) or x.terms", "x.terms"),
        ("plain = plain[2 * n :]", "plain = ()"),
        ("if x not in reader.reached", "if x in reader.reached"),
        ("depth=1 + max(x.depth for x in operands)", "depth=max(x.depth for x in operands)"),
        ("node.depth = max(node.depth, w.depth, a.depth)", "node.depth = max(node.depth, w.depth)"),
        ("node.varies = any(x.varies for x in read)", "node.varies = all(x.varies for x in read)"),
        ("batched=any(x.batched for x in operands)", "batched=all(x.batched for x in operands)"),
        (
            "node = self.known.get(repr(number))\n        if node is None:\n            node = self.known[repr(number)] =",
            "node = self.known.get(str(abs(number)))\n        if node is None:\n            node = self.known[str(abs(number))] =",
        ),
        ("if x.role == CONSTANT and self.number(x) == 0.0:", "if x.role == CONSTANT:"),
    ],
    "micrograd_bp/matrix_form/products.py": [
        ('self.times(W_T, D, (self.K, "m"))', 'self.times(self.W, D, (self.K, "m"))'),
        (
            "self.times(self.W, self.A, (), out=by_filter)\n        return rearranged(self.code, Z, np.argsort(order), to)",
            "self.times(self.W, self.A, (), out=by_filter)\n        return rearranged(self.code, Z, order, to)",
        ),
        (
            'self.sum(f"pqm,{self.q}km->pkm", self.by_window(D), self.L, adjoint)',
            'self.sum(f"pqm,{self.q}km->pkm", self.by_window(D), self.R, adjoint)',
        ),
        (
            "[product.left.index, bias.index.T], axis=1",
            "[bias.index.T, product.left.index], axis=1",
        ),
        ('"np.ones((m, {n + 1}))"', '"np.empty((m, {n + 1}))"'),
    ],
}
