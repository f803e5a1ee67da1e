"use strict";
// The graph, and what is known after how many steps: first forward through all values, then
// backward through all of them.

const GRAPH = JSON.parse(document.getElementById("graph").textContent);
const nodes = GRAPH.nodes;
const count = nodes.length;
const root = count - 1;

for (const node of nodes) {
  node.data = parseNumber(node.data);
  node.grad = parseNumber(node.grad);
  node.stored = parseNumber(node.stored);
  node.operands ??= [];
  node.local = (node.local ?? []).map(parseNumber);
  node.consumers = [];
}
nodes.forEach((node, head) => {
  node.operands.forEach((tail, slot) => nodes[tail].consumers.push({ head, tail, slot }));
});

const rules = new Map(Object.entries(GRAPH.rules));

for (const neuron of GRAPH.neurons) {
  neuron.moves = neuron.moves.map(([a, slope]) => [a, parseNumber(slope)]);
}

function isConstant(k) {
  return nodes[k].role === "constant";
}

function localDerivative({ head, slot }) {
  return nodes[head].local[slot];
}

function contribution(edge) {
  return nodes[edge.head].grad * localDerivative(edge);
}

function plainName(k) {
  if (isConstant(k)) return short(nodes[k].data);
  return nodes[k].name || `v${k}`;
}

const LONG = 16; // characters of a name in sentences and formulas
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

function shortened(name) {
  const letters = [...name];
  return letters.length > LONG ? `${letters.slice(0, LONG).join("")}…` : name;
}

// A name for sentences; from right to left it is isolated, so that it moves nothing around it.
function wordFor(k) {
  const name = shortened(plainName(k));
  return RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name;
}

// What a symbol is called in words; empty for any other label.
const WORDS = new Map([["b", "bias"], ["z", "weighted input"], ["a", "activation"]]);

function inWords(k) {
  const [letter, layer, indices] = nodes[k].symbol ?? [];
  if (letter === "a" && layer === 0) return `input ${indices.join(", ")} of the network`;
  if (letter === "w") {
    return `weight from ${source(layer, indices[0])} to ${neuronName(layer, indices[1])}`;
  }
  return WORDS.has(letter) ? `${WORDS.get(letter)} of ${neuronName(layer, indices[0])}` : "";
}

function source(layer, i) {
  return layer > 1 ? neuronName(layer - 1, i) : `input ${i}`;
}

function neuronName(layer, j) {
  const name = j === undefined ? "the neuron" : `neuron ${j}`;
  return layer === null ? name : `${name} of layer ${layer}`;
}

// Steps: at 0 nothing is known, at `count` forward has ended, from 2 * count on all is known.

const FINISH = 2 * count + 1;
const walk = { step: FINISH };

function isBackward() {
  return walk.step > count;
}

// The value that the latest step dealt with.
function current() {
  if (walk.step === 0 || walk.step === FINISH) return null;
  return isBackward() ? 2 * count - walk.step : walk.step - 1;
}

function isComputed(k) {
  return k < walk.step;
}

// Whether backward has dealt with k: its gradient has gone on to its operands.
function isDone(k) {
  return isBackward() && k >= 2 * count - walk.step;
}

function arrived(k) {
  return nodes[k].consumers.filter((edge) => isDone(edge.head));
}

function missing(k) {
  return nodes[k].consumers.filter((edge) => !isDone(edge.head)).length;
}

function hasGradient(k) {
  return isBackward() && (k === root || missing(k) === 0);
}

function sum(numbers) {
  return numbers.reduce((total, x) => total + x, 0);
}

// Why the order of a topological sort allows the latest step.

function why() {
  const k = current();
  if (walk.step === 0) return "Nothing is computed yet. Each step forward computes one value.";
  if (k === null) return "Both passes are done. Start leads back to the beginning.";
  if (isBackward()) return `${whyBackward(k)} ${whatNext(k)}`;
  const isLast = walk.step === count;
  return whyForward(k) + (isLast ? " That ends the forward pass; the next step is backward." : "");
}

function whyForward(k) {
  const node = nodes[k];
  if (isConstant(k)) return `${wordFor(k)} is a plain number in an expression.`;
  if (node.operands.length === 0) return `${wordFor(k)} is given: a leaf has no operands.`;
  return `${wordFor(k)} can be computed: ${listed(unique(node.operands).map(wordFor))} known.`;
}

function whyBackward(k) {
  const name = wordFor(k);
  if (k === root) {
    const start = `${name} comes first: it has no consumers`;
    return `${start}, and ∂${name}/∂${name} = ${short(GRAPH.seed)}.`;
  }
  const consumers = unique(nodes[k].consumers.map((edge) => edge.head));
  if (consumers.length === 1) {
    return `${name} is next: its only consumer ${wordFor(consumers[0])} is done.`;
  }
  const all = consumers.length === 2 ? "both its" : `all its ${consumers.length}`;
  return `${name} is next: ${all} consumers are done, the sum is complete.`;
}

function whatNext(k) {
  const isLeaf = nodes[k].operands.length === 0;
  return isLeaf ? "A leaf: it passes nothing on." : "It passes grad · local derivative on.";
}

function listed(names) {
  const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names;
  const verb = names.length === 1 ? "is" : "are";
  if (shown.length === 1) return `${shown[0]} ${verb}`;
  return `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)} ${verb}`;
}

function unique(items) {
  return [...new Set(items)];
}

// Values that have a part of their sum, and values whose sum is complete but whose turn it is not.
function queue() {
  const waiting = [];
  const ready = [];
  if (isBackward()) {
    for (let k = 0; k < 2 * count - walk.step; k++) {
      const rest = missing(k);
      if (rest === 0) ready.push(k);
      else if (rest < nodes[k].consumers.length) waiting.push(k);
    }
  }
  return { waiting, ready };
}
