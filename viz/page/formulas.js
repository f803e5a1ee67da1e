"use strict";
// Formulas in MathML. An expression is { element, level }; the level says where it needs brackets.

const MATHML = "http://www.w3.org/1998/Math/MathML";
const SUM = 1;
const PRODUCT = 2;
const POWER = 3;
const ATOM = 4;

function mathml(tag, ...children) {
  const element = document.createElementNS(MATHML, tag);
  element.append(...children);
  return element;
}

const mi = (text) => mathml("mi", text);
const mn = (text) => mathml("mn", text);
const mo = (text) => mathml("mo", text);
const mrow = (...children) => mathml("mrow", ...children);

// Pieces stand side by side, so that a long sum can wrap between them.
function formula(...pieces) {
  const line = document.createElement("span");
  line.className = "formula";
  for (const piece of pieces) line.append(mathml("math", piece), " ");
  return line;
}

function minus(text) {
  return text.replaceAll("-", "\u2212");
}

function numberExpression(x) {
  const element = mn(minus(short(x)));
  return { element, level: x < 0 || Object.is(x, -0) ? 0 : ATOM, value: x };
}

function nameExpression(k) {
  if (isConstant(k)) return numberExpression(nodes[k].data);
  const hasSuperscript = Number.isInteger(nodes[k].symbol?.[1]);
  return { element: nameElement(k), level: hasSuperscript ? POWER : ATOM };
}

function nameElement(k) {
  const symbol = nodes[k].symbol;
  if (symbol) return symbolElement(...symbol);
  const name = plainName(k);
  return name.length > LONG ? mathml("mtext", shortened(name)) : mi(name);
}

function symbolElement(letter, layer, indices) {
  const sub = mn(indices.join(indices.some((index) => index > 9) ? "," : ""));
  const hasSub = indices.length > 0;
  if (layer === null) return hasSub ? mathml("msub", mi(letter), sub) : mi(letter);
  const sup = mn(String(layer));
  return hasSub ? mathml("msubsup", mi(letter), sub, sup) : mathml("msup", mi(letter), sup);
}

// The error delta at z, with the indices of z.
function deltaElement(z) {
  const [, layer, indices] = nodes[z].symbol;
  return symbolElement("δ", layer, indices);
}

function partial(above, below) {
  const fraction = mathml("mfrac", mrow(mo("∂"), above), mrow(mo("∂"), below));
  const style = mathml("mstyle", fraction);
  style.setAttribute("displaystyle", "true");
  return style;
}

function rootOver(k) {
  return partial(nameElement(root), nameElement(k));
}

function bracketed(x, level) {
  return x.level < level ? mrow(mo("("), x.element, mo(")")) : x.element;
}

function infix(sign, level, leftLevel, rightLevel) {
  return (x, y) => {
    const element = mrow(bracketed(x, leftLevel), mo(sign), bracketed(y, rightLevel));
    return { element, level };
  };
}

function fraction(x, y) {
  return { element: mathml("mfrac", x.element, y.element), level: ATOM };
}

function power(x, y) {
  return { element: mathml("msup", bracketed(x, ATOM), y.element), level: POWER };
}

function call(name, operands) {
  const items = operands.flatMap((x, k) => (k ? [mo(","), x.element] : [x.element]));
  const head = typeof name === "string" ? mi(name) : name;
  return { element: mrow(head, mo("("), ...items, mo(")")), level: ATOM };
}

const plus = infix("+", SUM, SUM, SUM);
const times = infix("·", PRODUCT, PRODUCT, PRODUCT);

const WRITTEN = new Map([
  ["+", plus],
  ["-", infix("\u2212", SUM, SUM, PRODUCT)],
  ["*", times],
  ["/", fraction],
  ["divide", fraction],
  ["**", power],
  ["monomial", (c, x, n) => times(c, n.value === 1 ? x : power(x, n))],
  ["neg", (x) => ({ element: mrow(mo("\u2212"), bracketed(x, PRODUCT)), level: SUM })],
  ["abs", (x) => ({ element: mrow(mo("|"), x.element, mo("|")), level: ATOM })],
  ["sqrt", (x) => ({ element: mathml("msqrt", x.element), level: ATOM })],
  ["exp", (x) => ({ element: mathml("msup", mi("e"), x.element), level: POWER })],
  ["log", (x) => call("ln", [x])],
]);

function applied(op, operands) {
  const write = WRITTEN.get(op);
  return write && write.length === operands.length ? write(...operands) : call(op, operands);
}

// The terms of a sum of many, [] of any other operation.
function terms(op, operands) {
  if (op === "total" || op === "+") return operands;
  if (op !== "weighted_sum") return [];
  const half = Math.floor(operands.length / 2);
  const products = operands.slice(0, half).map((w, k) => times(w, operands[half + k]));
  return [...products, ...operands.slice(2 * half)];
}

const MANY = 20; // terms of a sum that are written out

function sumPieces(summands) {
  const pieces = summands.map((term, k) => {
    const element = bracketed(term, SUM);
    return k ? mrow(infixSign("+"), element) : element;
  });
  if (pieces.length <= MANY) return pieces;
  const dots = mrow(infixSign("+"), mo("…"));
  return [...pieces.slice(0, MANY - 2), dots, pieces.at(-1)];
}

// op(operands), in pieces.
function equationPieces(op, operands) {
  const summands = terms(op, operands);
  return summands.length > 1 ? sumPieces(summands) : [applied(op, operands).element];
}

// A sign that begins a piece would be taken for a prefix, and lose its space.
function infixSign(sign) {
  const element = mo(sign);
  element.setAttribute("form", "infix");
  return element;
}

function equals(element) {
  return mrow(infixSign("="), element);
}

// The rule of a local derivative, such as 1 - a² for tanh; null where it is a number.
function ruleExpression(head, slot) {
  const node = nodes[head];
  const tree = rules.get(`${node.op}/${node.operands.length}`)?.[slot];
  return tree ? treeExpression(tree, head) : null;
}

function treeExpression(tree, head) {
  if (typeof tree === "number") return numberExpression(tree);
  if (tree === "z") return nameExpression(head);
  if (typeof tree === "string") return nameExpression(nodes[head].operands[Number(tree)]);
  const [op, ...trees] = tree;
  const operands = trees.map((operand) => treeExpression(operand, head));
  const [x, y] = operands;
  if (op === "*" && JSON.stringify(trees[0]) === JSON.stringify(trees[1])) {
    return power(x, numberExpression(2));
  }
  if (op === "-" && trees.length === 2 && x.value !== undefined && y.value !== undefined) {
    return numberExpression(x.value - y.value); // the exponent of x² in its derivative
  }
  return applied(op, operands);
}
