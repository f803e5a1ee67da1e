"use strict";
// The panel: all that is known of one value, in names and in numbers.

const panel = document.getElementById("panel");
const FOLD = 8; // rows of a list; the rest is one click away

function html(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, text] of Object.entries(attributes)) element.setAttribute(name, text);
  element.append(...children);
  return element;
}

function showPanel(k) {
  panel.replaceChildren(
    ...[...heading(k), numbers(k), ...notes(k), ...forward(k)],
    ...[...backward(k), ...passedOn(k), ...equations(k)],
  );
  panel.scrollTop = 0;
}

const ROLES = new Map([
  ["root", "the root"],
  ["parameter", "a parameter"],
  ["input", "a leaf"],
  ["constant", "a constant"],
]);

function heading(k) {
  const node = nodes[k];
  const title = html("h2", {}, formula(nameElement(k)));
  if (node.op) title.append(html("span", { class: "op" }, `= ${node.op}`));
  const words = [inWords(k) || ROLES.get(node.role), node.name.length > LONG ? node.name : ""];
  return [title, html("p", { class: "words" }, words.filter(Boolean).join(": "))];
}

function numbers(k) {
  const list = html("dl", { class: "numbers" });
  const rows = [["data", isComputed(k) ? repr(nodes[k].data) : "not computed yet"]];
  const isPart = nodes[k].stored !== undefined;
  if (!isConstant(k)) rows.push([isPart ? "grad, one pass" : "grad", gradientText(k)]);
  for (const [name, text] of rows) list.append(html("dt", {}, name), html("dd", {}, text));
  return list;
}

function gradientText(k) {
  if (hasGradient(k)) return repr(nodes[k].grad);
  return walk.step <= count || arrived(k).length === 0 ? "not known yet" : waitingText(k);
}

function waitingText(k) {
  const all = nodes[k].consumers.length;
  return `waits for ${missing(k)} of ${all} consumers`;
}

function notes(k) {
  const node = nodes[k];
  const found = [];
  if (isConstant(k)) return [];
  if (!GRAPH.hasRun) {
    found.push("backward() has not run: in Python, grad is still 0. This is what it will give.");
  }
  if (node.stored !== undefined) found.push(storedNote(node));
  if (node.stale) found.push("data was assigned later: the values that use it have the old one.");
  return found.map((text) => html("p", { class: "note" }, text));
}

function storedNote(node) {
  const [stored, pass] = [repr(node.stored), repr(node.grad)];
  const fact = `In Python, grad is ${stored}; the sum over the consumers is ${pass}.`;
  if (node.operands.length) return `${fact} Values outside this graph use it too.`;
  const reason = "backward() adds to what a leaf holds, until zero_grad().";
  return `grad holds earlier passes. ${fact} ${reason}`;
}

// Forward: the operation, and the local derivative by each operand.

function forward(k) {
  const node = nodes[k];
  if (!node.op) return [];
  const names = node.operands.map(nameExpression);
  const lines = [formula(nameElement(k), ...firstEquals(equationPieces(node.op, names)))];
  if (isComputed(k)) {
    const values = node.operands.map((x) => numberExpression(nodes[x].data));
    const result = equals(numberExpression(node.data).element);
    lines.push(formula(...firstEquals(equationPieces(node.op, values)), result));
  }
  const title = html("h3", { class: "from-operands" }, "Forward, from its operands");
  return [title, ...lines, localDerivatives(k)];
}

function firstEquals([first, ...rest]) {
  return [equals(first), ...rest];
}

function localDerivatives(k) {
  const rows = nodes[k].operands.map((x, slot) => derivativeRow(k, x, slot));
  return table(["operand", "data", "local derivative"], rows.filter(Boolean));
}

function derivativeRow(k, x, slot) {
  if (isConstant(x)) return null;
  const rule = ruleExpression(k, slot);
  const pieces = rule ? [equals(rule.element)] : [];
  if (isComputed(k) && !isSameText(rule, nodes[k].local[slot])) {
    pieces.push(equals(numberExpression(nodes[k].local[slot]).element));
  }
  const data = isComputed(x) ? minus(short(nodes[x].data)) : "";
  return [link(x), data, formula(partial(nameElement(k), nameElement(x)), ...pieces)];
}

function isSameText(rule, x) {
  return rule !== null && rule.value === x;
}

// Backward: the sum over the consumers.

function backward(k) {
  if (isConstant(k)) return [];
  const title = html("h3", { class: "from-consumers" }, "Backward, from its consumers");
  const seed = equals(numberExpression(GRAPH.seed).element);
  if (k === root) return [title, formula(rootOver(k), seed)];
  const edges = nodes[k].consumers;
  const products = edges.map(({ head }) => chainLink(head, k));
  const lines = [formula(rootOver(k), ...firstEquals(sumPieces(products)))];
  if (isBackward()) lines.push(...summed(k, edges));
  return [title, ...lines, consumers(k)];
}

function chainLink(head, k) {
  const element = mrow(rootOver(head), mo("·"), partial(nameElement(head), nameElement(k)));
  return { element, level: PRODUCT };
}

function summed(k, edges) {
  const known = edges.filter((edge) => isDone(edge.head));
  if (known.length === 0) return [];
  const products = known.map((edge) => {
    return times(numberExpression(nodes[edge.head].grad), numberExpression(localDerivative(edge)));
  });
  const value = sum(known.map(contribution));
  const complete = known.length === edges.length;
  const total = equals(numberExpression(complete ? nodes[k].grad : value).element);
  const line = formula(...firstEquals(sumPieces(products)), total);
  if (!complete) line.append(html("span", { class: "waits" }, `so far; ${waitingText(k)}`));
  return [line];
}

function consumers(k) {
  const rows = nodes[k].consumers.map((edge) => consumerRow(edge));
  return table(["consumer", "its grad", "· local", "= gives"], rows);
}

function consumerRow(edge) {
  const local = isComputed(edge.head) ? minus(short(localDerivative(edge))) : "";
  if (!isDone(edge.head)) return [link(edge.head), "waits", local, ""];
  const [grad, product] = [nodes[edge.head].grad, contribution(edge)];
  return [link(edge.head), minus(short(grad)), local, minus(short(product))];
}

// What the latest step gave to the operands, and what they have by now.

function passedOn(k) {
  if (k !== current() || !isBackward() || nodes[k].operands.length === 0) return [];
  const rows = nodes[k].operands.map((x, slot) => givenRow(k, x, slot));
  const title = html("h3", {}, "Passed on in this step");
  return [title, table(["to", "grad · local", "sum so far", "waits for"], rows.filter(Boolean))];
}

function givenRow(k, x, slot) {
  if (isConstant(x)) return null;
  const given = minus(short(contribution({ head: k, slot })));
  const sofar = minus(short(hasGradient(x) ? nodes[x].grad : sum(arrived(x).map(contribution))));
  const rest = missing(x);
  return [link(x), given, sofar, rest ? `${rest} of ${nodes[x].consumers.length}` : "complete"];
}

// Tables, of which a long one is folded, and links to other values.

function table(titles, rows) {
  if (rows.length === 0) return "";
  const line = (cells) => html("tr", {}, ...cells.map((cell) => html("td", {}, cell)));
  const body = html("tbody", {}, ...rows.map(line));
  const head = html("tr", {}, ...titles.map((text) => html("th", { scope: "col" }, text)));
  return folded(html("table", {}, html("thead", {}, head), body), [...body.children], "rows");
}

// `list` with a button that shows the rest of its rows, if there are many.
function folded(list, rows, name) {
  const rest = rows.slice(FOLD);
  if (rest.length === 0) return list;
  const button = html("button", { type: "button" }, `${rest.length} more ${name}`);
  const hide = (isHidden) => {
    for (const row of rest) row.hidden = isHidden;
  };
  hide(true);
  button.addEventListener("click", () => {
    hide(false);
    button.remove();
  });
  const whole = document.createDocumentFragment();
  whole.append(list, button);
  return whole;
}

function link(k) {
  const button = html("button", { type: "button", class: "link", "data-node": String(k) });
  button.append(formula(nameElement(k)));
  return button;
}
