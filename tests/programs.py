"""Random programs: lists of instructions that shrink well, run by whoever knows the operations.

A program is the same function for several examples, and uses every row of the table, nodes many
times, and plain numbers. Where an instruction would come near a kink or a pole, or give something
huge, tanh stands in its place.
"""

import cmath
import math
import operator
from dataclasses import dataclass, replace

import mpmath
from hypothesis import strategies as st
from row_facts import FACTS

from micrograd_bp import Value
from micrograd_bp import primitives as p
from micrograd_bp.engine import topological_order

LARGE = 30.0
EXPONENTS = {"**0": 0, "**1": 1, "**2": 2, "**3": 3, "**-1": -1, "**0.5": 0.5, "**-1.5": -1.5}
ARITIES = {"total": 3, "logsumexp": 3, "weighted_sum": 5} | dict.fromkeys(EXPONENTS, 1)
ARITIES |= {name: len(f.points[0]) for name, f in FACTS.items() if name not in ARITIES}

OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
OPERATORS |= {"**": operator.pow, "neg": operator.neg, "abs": abs}
POSITIVE = {"log": 0, "log1p": 0, "sqrt": 0, "**": 0, "**0.5": 0, "**-1.5": 0}
POSITIVE |= {"monomial": 1, "monomial_log1": 1}  # which operand it is that has to be
KINKED = {name for name, facts in FACTS.items() if facts.kinks}


def on_floats(name, x):
    x = [float(x_k) for x_k in x]
    if name in EXPONENTS:
        return p.power.floats(x[0], float(EXPONENTS[name]))
    return p.TABLE[name].floats(*x)


def on_values(name, x):
    """As a user writes it: by operator, by method, else by calling the row."""
    if not any(isinstance(x_k, Value) for x_k in x):
        return on_floats(name, x)
    if name in EXPONENTS:
        return x[0] ** EXPONENTS[name]
    if name in OPERATORS:
        return OPERATORS[name](*x)
    method = getattr(x[0], name, None)
    return method(*x[1:]) if callable(method) else p.TABLE[name].apply(x)


def on_numbers_of(m):
    """The operations on numbers of cmath or mpmath, which know no rule."""

    def operation(name, x):
        return x[0] ** EXPONENTS[name] if name in EXPONENTS else FACTS[name].function(m, *x)

    return operation


def is_tame(name, x):
    """Away from kinks and poles, and neither huge nor out of the domain."""
    if name in POSITIVE and x[POSITIVE[name]] < 0.01:
        return False
    if name in KINKED and abs(x[0] - (x[1] if len(x) > 1 else 0.0)) < 1e-6:
        return False
    if (name in ("/", "divide") and abs(x[1]) < 0.01) or (name == "**-1" and abs(x[0]) < 0.01):
        return False
    if name == "tan" and abs(math.cos(x[0])) < 0.1:
        return False
    try:
        return abs(on_floats(name, x)) < LARGE
    except p.ARITHMETIC:
        return False


@dataclass(frozen=True)
class Program:
    """Instructions (operation, places): each appends a register, the last one is the result.

    A place counts from the latest register; the first ones hold constants, theta and x.
    """

    x: list[list[float]]  # inputs of each example
    theta: list[float]  # parameters, shared by the examples
    constants: list[float]
    instructions: list[tuple[str, tuple[int, ...]]]

    def run(self, leaves, operation):
        """The result, from what stands for theta and x."""
        registers = [*self.constants, *leaves]
        for name, places in self.instructions:
            registers.append(operation(name, operands(registers, places)))
        return registers[-1]

    def tamed(self):
        """The program with tanh in the place of each instruction that is not tame somewhere."""
        runs = [[*self.constants, *self.theta, *x] for x in self.x]
        kept = []
        for name, places in self.instructions:
            if not all(is_tame(name, operands(registers, places)) for registers in runs):
                name, places = "tanh", places[:1]
            kept.append((name, places))
            for registers in runs:
                registers.append(on_floats(name, operands(registers, places)))
        return replace(self, instructions=kept)

    def leaves(self, example=0):
        return [Value(number) for number in self.theta + self.x[example]]

    def recorded(self, leaves):
        """The root; a number where only constants were computed with."""
        root = self.run(leaves, on_values)
        return root if isinstance(root, Value) else Value(root)

    def on_values(self):
        leaves = self.leaves()
        return leaves, self.recorded(leaves)

    def by_complex_step(self, k):
        """Value and derivative by the k-th leaf, by an independent calculus."""
        step = 1e-30
        numbers = self.theta + self.x[0]
        z = complex(
            self.run(
                [complex(number, step * (i == k)) for i, number in enumerate(numbers)],
                on_numbers_of(cmath),
            )
        )
        return z.real, z.imag / step

    def along(self, direction, order):
        """The derivative of this order along a line, by differences of numbers of many digits."""

        def at(t):
            numbers = zip(self.theta + self.x[0], direction, strict=True)
            z = self.run([number + t * u for number, u in numbers], on_numbers_of(mpmath))
            return mpmath.mpf(z)

        with mpmath.workdps(90):
            h = mpmath.ldexp(1, -60)
            signs = [(-1) ** k * math.comb(order, k) for k in range(order + 1)]
            steps = [(mpmath.mpf(order) / 2 - k) * h for k in range(order + 1)]
            return sum(s * at(t) for s, t in zip(signs, steps, strict=True)) / h**order


def operands(registers, places):
    return [registers[-1 - k % len(registers)] for k in places]


def largest(root):
    """The largest number of the graph, to which sums of it are rounded."""
    return max(1.0, *[abs(node.data) for node in topological_order(root)])


tenths = st.integers(1, 60).map(lambda n: n / 10.0 if n <= 30 else (30 - n) / 10.0)
instructions = st.tuples(st.sampled_from(list(ARITIES)), st.integers(0, 7**5 - 1)).map(
    lambda drawn: (drawn[0], tuple(drawn[1] // 7**k % 7 for k in range(ARITIES[drawn[0]])))
)  # two draws for each: most of the time of a law is spent in drawing


def programs_of(examples=1, longest=20, number=tenths):
    """Strategies that are made once: making them for each example would take longer than a law."""
    lengths = [st.lists(instructions, min_size=n, max_size=longest) for n in (1, longest // 2)]

    def with_inputs(count):
        inputs = st.lists(number, min_size=count, max_size=count)
        return st.builds(
            Program,
            st.lists(inputs, min_size=examples, max_size=examples),
            st.lists(number, min_size=1, max_size=3),
            st.lists(number | st.integers(-3, 3), max_size=2),
            st.one_of(lengths),
        )

    return st.one_of([with_inputs(count) for count in range(3)])


programs = programs_of().map(Program.tamed)
short_programs = programs_of(longest=12).map(Program.tamed)
wild_programs = programs_of(number=tenths | st.floats())  # nan, infinities, poles and kinks
