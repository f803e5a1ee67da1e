"""The mean cost over the examples, taken as early as it can be: the mean is linear.

The mean of 0.5 sum_j d_j^2 needs no vector of m costs: it is 0.5/m times one dot product.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from micrograd_bp.matrix_form.code import Array
from micrograd_bp.matrix_form.lower import Lowering
from micrograd_bp.matrix_form.program import Instruction, Part, Program, Sum, Vector
from micrograd_bp.primitives import add, mul, neg, power, sub

LINE = 20  # pieces in one line of the program


@dataclass(frozen=True)
class Piece:
    """factor times the sum over the entries of a part, or over the products of two parts."""

    factor: float
    part: Part
    other: Part | None = None

    @property
    def vectors(self) -> list[Vector]:
        return [self.part.vector, *([self.other.vector] if self.other else [])]


def pieces_of(program: Program, kept: set[Vector]) -> list[Piece]:
    """The mean cost as a sum of pieces; a vector in `kept` is there anyhow, and stays whole."""
    makers = {instruction.out: instruction for instruction in program.forward}
    found: list[Piece] = []
    pending = [Piece(1.0, program.roots[0])]
    while pending:
        piece = pending.pop()
        maker = makers.get(piece.part.vector)
        apart = None
        if maker is not None and maker.out.size == 1 and maker.out not in kept:
            apart = taken_apart(piece.factor * piece.part.index.size, maker)
        if apart is None:
            found.append(piece)
        else:
            for smaller in apart:
                (found if smaller.other else pending).append(smaller)
    return found


def taken_apart(c: float, maker: Instruction) -> list[Piece] | None:
    """c times what the instruction makes, as pieces; None if it is not linear."""
    if isinstance(maker, Sum):
        if not all(product.is_elementwise for product in maker.products):
            return None
        products = [of_product(c, *product.stacked) for product in maker.products]
        return [*products, *(Piece(c, term) for term in maker.terms)]
    x = maker.operands[0]
    if maker.op is neg:
        return [Piece(-c, x)]
    if maker.op in (add, sub):
        return [Piece(c, x), Piece(c if maker.op is add else -c, maker.operands[1])]
    if maker.op is power and maker.operands[1].number == 2.0:
        return [Piece(c, x, x)]
    if maker.op is mul:
        smaller = of_product(c, x, maker.operands[1])
        return None if smaller.other else [smaller]
    return None


def of_product(c: float, x: Part, y: Part) -> Piece:
    """c x y; a factor that is a number is drawn to the front."""
    if x.number is not None:
        return Piece(c * x.number, y)
    return Piece(c, x, y) if y.number is None else Piece(c * y.number, x)


def needed(program: Program, vectors: Iterable[Vector]) -> set[Vector]:
    """The computed vectors that these depend on, themselves included."""
    makers = {instruction.out: instruction for instruction in program.forward}
    found: set[Vector] = set()
    pending = list(vectors)
    while pending:
        vector = pending.pop()
        if vector not in found and vector in makers:
            found.add(vector)
            pending += [part.vector for part in makers[vector].reads]
    return found


def write_mean(lowering: Lowering, pieces: Iterable[Piece]) -> None:
    """Append the statements for the cost; a long sum has many lines."""
    written = [term(lowering, piece) for piece in pieces]
    for k in range(0, len(written), LINE):
        line = written[k : k + LINE]
        text = " + ".join(text for text, _ in line)
        reads = [array for _, arrays in line for array in arrays]
        lowering.code.write(f"cost {'+=' if k else '='} {text}", *reads, out=None)


def term(lowering: Lowering, piece: Piece) -> tuple[str, list[Array]]:
    """A piece as text, and the arrays that it names."""
    parts = [piece.part, *([piece.other] if piece.other else [])]
    batched = any(part.vector.batched for part in parts)
    factor = f"{piece.factor!r} * " + ("mean * " if batched else "")
    factor = factor.removeprefix("1.0 * ")
    read = [lowering.read(flattened(part)) for part in parts]
    shape = (parts[0].index.size, "m" if batched else 1)
    arrays = [lowering.full(x, shape) for x in read]
    if len(arrays) == 1:
        return f"{factor}np.add.reduce({{}}, axis=None)", arrays
    close = all(array.order == "C" for array in arrays)  # np.vdot would copy what is not
    product = "np.vdot({}, {})" if close else "np.einsum('km,km->', {}, {})"
    return factor + product, arrays


def flattened(part: Part) -> Part:
    return Part(part.vector, part.index.ravel())
