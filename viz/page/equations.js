"use strict";
// BP1 to BP4 at the neuron that a value belongs to.

const neuronOf = new Map(); // value -> neuron
const readers = new Map(); // activation -> [weight, neuron that reads it through this weight]
for (const neuron of GRAPH.neurons) {
  const own = neuron.moves.map(([a]) => a).filter((a) => isSamePlace(a, neuron.z));
  for (const k of [neuron.z, ...own, ...neuron.biases, ...neuron.inputs.map(([w]) => w)]) {
    neuronOf.set(k, neuron);
  }
  for (const [w, a] of neuron.inputs) readers.set(a, [...(readers.get(a) ?? []), [w, neuron.z]]);
}

function isSamePlace(j, k) {
  return nodes[j].symbol.slice(1).join() === nodes[k].symbol.slice(1).join();
}

function equations(k) {
  const neuron = neuronOf.get(k);
  if (!neuron) return [];
  const name = neuronName(neuron.layer, neuron.neuron ?? undefined);
  const biases = neuron.biases.flatMap((b) => bp3(neuron.z, b));
  const all = [...errorEquation(neuron), ...biases, ...bp4(neuron)];
  return [html("h3", {}, `The equations at ${name}`), html("dl", { class: "equations" }, ...all)];
}

function entry(name, ...lines) {
  return [html("dt", {}, name), html("dd", {}, ...lines)];
}

function named(element) {
  return { element, level: ATOM };
}

function errorEquation({ z, moves, isCoupled }) {
  if (isCoupled) return coupled(z, moves);
  const [a, slope] = moves[0] ?? [z, 1];
  const read = readers.get(a) ?? [];
  if (read.length > 0) return bp2(z, a, slope, read);
  return a === z ? withoutActivation(z) : bp1(z, a, slope);
}

function bp1(z, a, slope) {
  const symbols = times(named(rootOver(a)), slopeSymbol(z)).element;
  const numbers = inNumbers(z, [a], [[nodes[a].grad, slope]]);
  return entry("BP1", formula(deltaElement(z), equals(symbols)), numbers);
}

function bp2(z, a, slope, read) {
  const products = read.map(([w, next]) => times(nameExpression(w), named(deltaElement(next))));
  const figures = read.map(([w, next]) => [nodes[w].data, nodes[next].grad]);
  const pieces = scaled(products, a === z ? null : slopeSymbol(z));
  const numbers = inNumbers(z, read.map(([, next]) => next), figures, a === z ? null : slope);
  return entry("BP2", formula(deltaElement(z), ...firstEquals(pieces)), numbers);
}

function slopeSymbol(z) {
  return call(mrow(mi("a"), mathml("mtext", "\u2032")), [named(nameElement(z))]);
}

// (x + y + ...) · factor, in pieces.
function scaled(summands, factor) {
  const pieces = sumPieces(summands);
  if (!factor) return pieces;
  if (pieces.length > 1) {
    pieces[0] = mrow(mo("("), pieces[0]);
    pieces.push(mrow(pieces.pop(), mo(")")));
  }
  return [...pieces, mrow(infixSign("·"), bracketed(factor, PRODUCT))];
}

// The sum of products, times a factor, with the error that the graph has at z.
function inNumbers(z, needed, products, factor = null) {
  if (![z, ...needed].every(hasGradient)) return html("p", { class: "waits" }, "not known yet");
  const written = products.map((pair) => times(...pair.map(numberExpression)));
  const value = sum(products.map(([x, y]) => x * y)) * (factor ?? 1);
  const pieces = scaled(written, factor === null ? null : numberExpression(factor));
  const line = formula(...firstEquals(pieces), equals(numberExpression(value).element));
  if (!isSame(value, nodes[z].grad)) line.append(html("p", { class: "note" }, otherWays(z)));
  return line;
}

function isSame(x, y) {
  return Object.is(x, y) || Math.abs(x - y) <= 1e-6 * Math.max(Math.abs(x), Math.abs(y));
}

function otherWays(z) {
  const graph = `The graph has ${short(nodes[z].grad)} at ${wordFor(z)}`;
  return `${graph}: it reaches ${wordFor(root)} in other ways too.`;
}

// Where an activation couples neurons, the error is a column of the Jacobian times the gradients.
function coupled(z, moves) {
  const products = moves.map(([a]) => chainLink(a, z));
  const figures = moves.map(([a, slope]) => [nodes[a].grad, slope]);
  const activations = moves.map(([a]) => a);
  const name = activations.some((a) => readers.has(a)) ? "BP2*" : "BP1*";
  const reason = "This activation couples neurons, as softmax does: each a depends on several z.";
  const words = `${reason} The elementwise form does not hold, the general one does.`;
  return entry(
    name,
    html("p", { class: "words" }, words),
    formula(deltaElement(z), ...firstEquals(sumPieces(products))),
    inNumbers(z, activations, figures),
  );
}

function withoutActivation(z) {
  const known = hasGradient(z) ? [equals(numberExpression(nodes[z].grad).element)] : [];
  const words = "No activation follows z: its error is the sum over its consumers.";
  const line = formula(deltaElement(z), equals(rootOver(z)), ...known);
  return entry("BP1", line, html("p", { class: "words" }, words));
}

function bp3(z, b) {
  const known = hasGradient(z) ? [equals(numberExpression(nodes[z].grad).element)] : [];
  return entry("BP3", formula(rootOver(b), equals(deltaElement(z)), ...known), shareNote(b));
}

function bp4({ z, inputs }) {
  if (inputs.length === 0) return [];
  const lines = inputs.map(([w, a]) => html("div", {}, weightFormula(z, w, a)));
  return entry("BP4", folded(html("div", {}, ...lines), lines, "weights"), shareNote(inputs[0][0]));
}

function weightFormula(z, w, a) {
  const pieces = [times(nameExpression(a), named(deltaElement(z)))];
  if (hasGradient(z)) {
    pieces.push(times(numberExpression(nodes[a].data), numberExpression(nodes[z].grad)));
    pieces.push(numberExpression(nodes[a].data * nodes[z].grad));
  }
  return formula(rootOver(w), ...pieces.map((piece) => equals(piece.element)));
}

// A parameter that several examples share has a gradient for each; this is one of them.
function shareNote(k) {
  const uses = nodes[k].consumers.length;
  if (uses < 2) return "";
  const words = `${wordFor(k)} is used ${uses} times: this is one share of its gradient.`;
  return html("p", { class: "words" }, words);
}
