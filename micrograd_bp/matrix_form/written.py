"""A program as text: the matrix form in the notation, a row for each example.

The backward half is the algebra of Formulas on adjoints; a line is marked with the equation that it
is. Adjoints are those of C_x, as in the equations; gradients are of the mean over the m examples.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from micrograd_bp.matrix_form.differentiate import operand
from micrograd_bp.matrix_form.formula import Formula, as_formula, split
from micrograd_bp.matrix_form.marks import mark_of, weighted_sums
from micrograd_bp.matrix_form.parts import PartNames
from micrograd_bp.matrix_form.program import (
    Elementwise,
    Instruction,
    Part,
    Product,
    Program,
    Pull,
    Through,
    Vector,
    is_range,
)

WIDTH = 44  # where comments begin
LONG = 24  # operations and operands in one line


def written(program: Program) -> str:
    """The whole program."""
    writer = Writer(program)
    lines = [*writer.heading(), "", "forward", *map(writer.forward, program.forward)]
    if program.backward:
        title = "backward: adjoints of C_x for each row x, gradients of the mean over the m rows"
        lines += ["", title, *writer.backward()]
        if any(text.endswith("*") for text in lines):
            lines.append("* z_i moves more than a_i: the general form, with the whole Jacobian")
    return "\n".join(lines)


class Writer:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.name = PartNames(program)
        self.weighted = weighted_sums(program)
        self.uses = Counter(pull.source for pull in program.backward)
        self.received: dict[Vector, list[tuple[Pull | None, Formula]]] = defaultdict(list)

    def heading(self) -> Iterator[str]:
        for vector in (self.program.inputs, self.program.parameters):
            blocks = self.name.blocks[vector].items()
            listed = ", ".join(f"{name or 'unnamed'} ({len(index):,})" for name, index in blocks)
            yield f"{vector.name}: {vector.size:,} {vector.role}s" + (
                f": {listed}" if listed else ""
            )

    # Forward.

    def forward(self, instruction: Instruction) -> str:
        out = instruction.out
        if isinstance(instruction, Elementwise):
            return line(out.name, self.applied(instruction), shape(out))
        pieces = [self.product(product) for product in instruction.products]
        pieces += [self.term(term) for term in instruction.terms]
        products = [shapes_of(product) for product in instruction.products]
        note = next((note for note in products if note), shape(out))
        return line(out.name, " + ".join(pieces), note)

    def applied(self, instruction: Elementwise) -> str:
        operands = tuple(operand(part) for part in instruction.operands)
        return Formula(op=instruction.op, operands=operands).text(self.name)

    def product(self, product: Product) -> str:
        left, right = self.name(product.left), self.name(product.right)
        if product.is_elementwise:
            many = product.right.index.shape[1] > 1
            return f"sum({left} * {right})" if many else f"{left} * {right}"
        if product.is_matrix:
            return f"{right} @ {left}"
        if product.is_weighted:
            return f"windows({right}) @ {left}"
        return f"{right} @ {left}.T"

    def term(self, term: Part) -> str:
        return f"sum({self.name(term)})" if len(term.index) > 1 else self.name(term)

    # Backward.

    def backward(self) -> Iterator[str]:
        self.received[self.program.roots[0].vector].append((None, as_formula(1.0)))
        adjoints: dict[Vector, Formula] = {}
        begun: set[str] = set()
        for pull in self.program.backward:
            if pull.source not in adjoints:
                formula = self.adjoint(pull.source)
                if formula is None or self.has_line(pull.source, formula):
                    yield from self.lines(pull.source, formula)
                    formula = Formula(leaf=adjoint_name(pull.source))
                adjoints[pull.source] = formula
            contribution = self.along(pull, adjoints[pull.source])
            if pull.target.vector is not self.program.parameters:
                self.received[pull.target.vector].append((pull, contribution))
                continue
            name = "d" + self.name(pull.target)
            sign = "+=" if name in begun else "="
            begun.add(name)
            text = contribution.text(self.name)
            yield line(name, text, self.gradient_note(pull), sign)

    def adjoint(self, vector: Vector) -> Formula | None:
        """The sum of what was received, if all of it is for the whole vector."""
        received = self.received[vector]
        if any(pull is not None and not whole(pull.target) for pull, _ in received):
            return None
        total = received[0][1]
        for _, formula in received[1:]:
            total = total + formula
        return total

    def has_line(self, vector: Vector, formula: Formula) -> bool:
        """Whether the adjoint gets a name: a neuron's error, what is used twice, what is long."""
        twice = self.uses[vector] > 1 and formula.op is not None
        return vector in self.weighted or twice or formula.size > LONG

    def lines(self, vector: Vector, formula: Formula | None) -> Iterator[str]:
        name = adjoint_name(vector)
        note = " ".join(filter(None, [shape(vector), mark_of(self.program, vector)]))
        if formula is not None:
            yield line(name, formula.text(self.name), note)
            return
        for k, (pull, part) in enumerate(self.received[vector]):
            where = "" if pull is None else self.name(pull.target).removeprefix(vector.name)
            yield line(name + where, part.text(self.name), note, "=" if k == 0 else "+=")

    def along(self, pull: Pull, adjoint: Formula) -> Formula:
        """What the pull brings to its target, summed or averaged as its shape says."""
        if isinstance(pull, Through):
            return self.through(pull, adjoint)
        c, rest = split(pull.factor)
        value = adjoint * (c if rest is None else c * rest)
        if pull.source.batched and not pull.target.vector.batched:
            value = self.mean(value)
        if pull.target.is_one and value.number is not None:
            return as_formula(value.number * pull.target.index.size)
        if pull.target.distinct < pull.target.index.size:  # each entry's share, over all its uses
            name = "sum" if pull.target.is_one else "sums"
            value = Formula(leaf=f"{name}({value.text(self.name)})")
        return value

    def mean(self, value: Formula) -> Formula:
        """The mean over the examples, of what differs from one to the other."""
        return (
            Formula(leaf=f"mean({value.text(self.name)})") if depends_on_example(value) else value
        )

    def through(self, pull: Through, adjoint: Formula) -> Formula:
        product = pull.product
        left, right = self.name(product.left), self.name(product.right)
        if pull.source.batched and not product.right.vector.batched:
            adjoint = self.mean(adjoint)
        delta = adjoint.text(self.name)
        windows = product.is_weighted and len(product.rows) > 1
        if pull.side == "right":
            text = f"{delta} @ {left}.T" if product.is_weighted else f"{delta} @ {left}"
            return Formula(leaf=f"from_windows({text})" if windows else f"({text})")
        text = f"windows({right}).T @ {delta}" if windows else f"{right}.T @ {delta}"
        return Formula(leaf=f"{text} / m" if product.is_weighted else f"({text})")

    def gradient_note(self, pull: Pull) -> str:
        """The shape of a gradient, and its equation."""
        of_weighted = pull.source in self.weighted
        if isinstance(pull, Through):
            return f"{pull.target.index.shape[::-1]}" + " BP4" * of_weighted
        is_bias = of_weighted and pull.factor.number == 1.0
        return f"({pull.target.distinct},)" + " BP3" * is_bias


def line(name: str, text: str, note: str, sign: str = "=") -> str:
    return f"{f'  {name} {sign} {text}':{WIDTH}}  # {note}"


def shape(vector: Vector) -> str:
    return f"(m, {vector.size})" if vector.batched else f"({vector.size},)"


def shapes_of(product: Product) -> str:
    """The shapes of a product of matrices."""
    if product.is_elementwise:
        return ""
    P, Q = product.rows.shape
    K = product.right.index.shape[1]
    if product.is_matrix:
        return f"(m, {K}) @ ({K}, {Q})"
    if product.is_weighted:
        own = f"{P}, " if product.left.index.ndim == 3 else ""
        return f"(m, {P}, {K}) @ ({own}{K}, {Q})"
    return f"(m, {P}, {K}) @ (m, {K}, {Q})"


def whole(part: Part) -> bool:
    return part.vector.size == 1 or is_range(part.index, part.vector.size)


def depends_on_example(formula: Formula) -> bool:
    return any(isinstance(x, str) or x.vector.batched for x in formula.leaves())


def adjoint_name(vector: Vector) -> str:
    """delta1 for z1, the error of a neuron; dv1 for any other."""
    return "delta" + vector.name[1:] if vector.name[0] == "z" else f"d{vector.name}"


def described(program: Program, instructions: Iterable[Instruction]) -> Iterator[str]:
    """Instructions as lines."""
    writer = Writer(program)
    yield from (writer.forward(instruction).strip() for instruction in instructions)
