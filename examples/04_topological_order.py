"""Why does the backward pass go through the graph in topological order?

The post's two passes visit each node once. That needs an order in which all consumers of a node
come before it: only then is its gradient whole when it is passed on. Naive recursion has no such
order.
"""

from micrograd_bp import Value, explain
from viz import draw, trace


def naive(node):
    """Pass the gradient on at once, whenever a consumer adds something to it. Wrong!"""
    for operand, derivative in zip(node.operands, node.local_derivatives, strict=True):
        operand.grad += derivative * node.grad
        naive(operand)


v = Value(3.0, "v")
s = v * v
s.label = "s"
C = s * s
C.label = "C"

C.grad = 1.0
naive(C)
naive_grad = v.grad
C.zero_grad()
C.backward()
print(f"C = s * s, s = v * v, v = 3: dC/dv = 4 v^3 = {4 * 3**3}")
print(f"backward, in topological order: {v.grad}; naive recursion: {naive_grad}")
print("Recursion passed on s.grad = 9 after the first share of C, and all 18 after the second.\n")
print(explain(C, v))

order, edges = trace(C)
print("\nIn topological order, operands first:", ", ".join(node.label for node in order))
print("Backward reads it from the end: C, then s, when both its shares are there, then v.")

print("\nTo sum over paths is right, but their number doubles with each reused node:")
chain = v
for k in range(1, 41):
    chain = chain + chain
    if k in (1, 10, 40):
        nodes, edges = trace(chain)
        paths = explain(chain, v, limit=1).count
        print(f"  {k:2} doublings: {paths:,} paths, but {len(edges)} edges, each walked once")
chain.zero_grad()
chain.backward()
print(f"d(chain)/dv = {v.grad:,.0f} = 2^40, by {len(edges)} multiplications.")

C.zero_grad()
C.backward()
print(f"wrote {draw(C).save('04_topological_order.svg')}")
