"""Groups of alike nodes, and the order within each.

Nodes are alike if they apply the same operation to alike operands. So all neurons of a layer are
one group, and its members become the entries of one vector. Each group is ordered by its first
consumer, so that what reads it reads a slice.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence

from micrograd_bp.matrix_form.normalise import COMPUTED, CONSTANT, INPUT, PARAMETER, Node

LEAVES = {INPUT: 0, PARAMETER: 1, CONSTANT: 2}
Bucket = tuple[int, int]  # the groups of the two factors of a product


def grouped(roots: Sequence[Node], constants: Sequence[float]) -> list[list[Node]]:
    """The groups of computed nodes, each after those that it reads, with positions assigned."""
    nodes = reachable(roots)
    by_depth: dict[int, list[Node]] = defaultdict(list)
    for node in nodes:
        if node.role == COMPUTED:
            by_depth[node.depth].append(node)
        else:
            node.group = LEAVES[node.role]
    groups: list[list[Node]] = []
    for depth in sorted(by_depth):
        alike: dict[Hashable, list[Node]] = defaultdict(list)
        for node in by_depth[depth]:
            alike[shape(node, constants)].append(node)
        for members in alike.values():
            for group in with_equal_windows(members):
                for node in group:
                    node.group = len(LEAVES) + len(groups)
                groups.append(group)
    return in_order(roots, groups)


def reachable(roots: Iterable[Node]) -> list[Node]:
    """The nodes that the roots depend on, each once, in an order that repeats."""
    found = dict.fromkeys(roots)
    pending = list(found)
    while pending:
        for node in pending.pop().reads():
            if node not in found:
                found[node] = None
                pending.append(node)
    return list(found)


def shape(node: Node, constants: Sequence[float]) -> Hashable:
    """What alike nodes have in common: the operation, and the groups of what it reads."""
    if node.op is not None:
        at = node.op.exponent
        exponent = None
        if at is not None and node.operands[at].role == CONSTANT:
            exponent = repr(constants[node.operands[at].position])  # x ** 2 and x ** 3 differ
        return node.op, tuple([x.group for x in node.operands]), exponent
    products = Counter(map(bucket, node.products))
    terms = Counter([x.group for x in node.terms])
    return frozenset(products.items()), frozenset(terms.items())


def bucket(product: tuple[Node, Node]) -> Bucket:
    """The groups of the factors, in the order of `factors`."""
    x, y = factors(product)
    return x.group, y.group


def factors(product: tuple[Node, Node]) -> tuple[Node, Node]:
    """What depends on no input stands left, as a weight does; else the earlier group."""
    x, y = product
    return (y, x) if (x.batched, x.group) > (y.batched, y.group) else (x, y)


def with_equal_windows(members: list[Node]) -> list[list[Node]]:
    """Weighted sums, parted so that each window on the inputs has equally many in a group.

    Then a group is one matrix product, or one for each window with all of equal shape.
    """
    if members[0].op is not None:
        return [members]
    seen = [windows(node) for node in members]
    count = Counter(window for windows in seen for window in windows.items())
    parts: dict[Hashable, list[Node]] = defaultdict(list)
    for node, its in zip(members, seen, strict=True):
        parts[tuple(count[window] for window in sorted(its.items()))].append(node)
    return list(parts.values())


def windows(node: Node) -> dict[Bucket, tuple[int, ...]]:
    """For each bucket of weighted inputs, which inputs, whatever their order."""
    found: dict[Bucket, list[int]] = defaultdict(list)
    for product in node.products:
        w, a = factors(product)
        if a.batched and not w.batched:
            found[w.group, a.group].append(id(a))
    return {key: tuple(sorted(window)) for key, window in found.items()}


def in_order(roots: Sequence[Node], groups: list[list[Node]]) -> list[list[Node]]:
    """Each group in the order in which its consumers, the later groups, first read it."""
    order: list[dict[Node, None]] = [{} for _ in groups]

    def add(node: Node) -> None:
        if node.role == COMPUTED:
            order[node.group - len(LEAVES)].setdefault(node)

    for root in roots:
        add(root)
    for group in reversed(order):
        members = list(group)
        for slot in zip(*(node.operands for node in members), strict=False):
            for node in slot:
                add(node)
        if members and members[0].op is None:
            for node in members:
                for product in node.products:
                    for x in factors(product):
                        add(x)
                for x in node.terms:
                    add(x)
    for group in order:
        for position, node in enumerate(group):
            node.position = position
    return [list(members) for members in order]
