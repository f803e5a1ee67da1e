"use strict";
// The picture: which values are known, which one is shown, zoom and pan.

const picture = document.getElementById("picture");
const drawing = picture.querySelector("svg");
const groups = nodes.map((_, k) => document.getElementById(`v${k}`));
const rows = groups.map((group) => {
  return { data: group.querySelector(".data"), grad: group.querySelector(".grad") };
});
const painted = nodes.map(() => ({})); // what the picture says now
const marked = []; // elements with a mark, and the mark

function describeNodes() {
  for (const title of picture.querySelectorAll("title")) title.remove();
  drawing?.setAttribute("role", "group");
  groups.forEach((group, k) => {
    group.setAttribute("role", "button");
    group.setAttribute("tabindex", "-1");
    group.dataset.node = k;
  });
}

function paint() {
  for (let k = 0; k < count; k++) {
    const look = lookOf(k);
    for (const [what, text] of Object.entries(look)) {
      if (painted[k][what] !== text) paintOne(k, what, text);
    }
    painted[k] = look;
  }
}

function lookOf(k) {
  const data = isComputed(k) ? `data ${short(nodes[k].data)}` : "data";
  const grad = gradRow(k);
  const label = isConstant(k) ? headline(k) : [headline(k), data, grad].join(", ");
  return { state: stateOf(k), data, grad, label };
}

function headline(k) {
  return nodes[k].op ? `${plainName(k)} = ${nodes[k].op}` : plainName(k);
}

function stateOf(k) {
  if (!isComputed(k)) return "later";
  if (hasGradient(k)) return "known";
  return isWaiting(k) ? "waiting" : "computed";
}

function gradRow(k) {
  if (hasGradient(k)) return `grad ${short(nodes[k].grad)}`;
  return isWaiting(k) ? `waits for ${missing(k)}` : "grad";
}

function isWaiting(k) {
  return isBackward() && !hasGradient(k) && arrived(k).length > 0;
}

function paintOne(k, what, text) {
  if (what === "label") groups[k].setAttribute("aria-label", text);
  else if (what === "state") groups[k].dataset.state = text;
  else if (rows[k][what]) rows[k][what].textContent = text;
}

// Marks: the value in the panel with its edges, and the value of the latest step. They are copies
// on a layer above the drawing, so that a hover does not paint the whole drawing again.

const marks = drawing ? drawing.cloneNode(false) : null;

function addMarks() {
  if (!drawing) return;
  marks.removeAttribute("id");
  marks.setAttribute("aria-hidden", "true");
  marks.setAttribute("class", "marks");
  marks.append(drawing.querySelector(".graph").cloneNode(false));
  marks.firstChild.removeAttribute("id");
  drawing.after(marks);
}

function mark(shown) {
  for (const [element, name] of marked.splice(0)) element.classList.remove(name);
  marks?.firstChild.replaceChildren();
  nodes[shown].operands.forEach((tail, slot) => {
    markEdge({ head: shown, tail, slot }, tail, "to-operand");
  });
  for (const edge of nodes[shown].consumers) markEdge(edge, edge.head, "to-consumer");
  markNode(shown, "shown");
  if (current() !== null) markNode(current(), "current");
}

function markEdge({ head, tail, slot }, far, name) {
  for (const half of ["", "_in"]) {
    const edge = document.getElementById(`e${tail}_${head}_${slot}${half}`);
    if (edge) copy(edge, edge.children, name);
  }
  markNode(far, name);
}

function markNode(k, name) {
  if (drawing) return copy(groups[k], [groups[k].querySelector("polygon, path")], name);
  groups[k].classList.add(name);
  marked.push([groups[k], name]);
}

function copy(group, parts, name) {
  const twin = group.cloneNode(false);
  const named = [...twin.attributes].map((attribute) => attribute.name);
  for (const attribute of named) if (attribute !== "class") twin.removeAttribute(attribute);
  twin.classList.add(name);
  twin.append(...[...parts].map((part) => part.cloneNode(true)));
  marks.firstChild.append(twin);
}

// Zoom scales the drawing without a new layout; the browser scrolls it, by touch and by bars.

const LEGIBLE = 0.5; // below this scale, a step zooms to the next one
const READABLE = 0.9;
const OVERVIEW = 0.25; // the least scale at which a page opens, unless it is too wide
const view = { scale: 1 };
const sheet = document.getElementById("sheet");
const natural = drawing?.viewBox.baseVal;

function resize(scale) {
  view.scale = Math.min(8, Math.max(0.02, scale));
  sheet.style.width = `${natural.width * view.scale}px`;
  sheet.style.height = `${natural.height * view.scale}px`;
  for (const layer of [drawing, marks]) {
    layer.style.transform = `scale(${view.scale}) translateZ(0)`;
  }
  marks.style.setProperty("--width", Math.max(1, 0.7 / view.scale)); // seen from afar, too
}

function zoomTo(scale, x, y) {
  if (!drawing) return;
  const before = sheet.getBoundingClientRect();
  const [left, top] = [(x - before.left) / before.width, (y - before.top) / before.height];
  resize(scale);
  const after = sheet.getBoundingClientRect();
  picture.scrollLeft += after.left + left * after.width - x;
  picture.scrollTop += after.top + top * after.height - y;
}

function zoomBy(factor) {
  const { left, top, width, height } = picture.getBoundingClientRect();
  zoomTo(view.scale * factor, left + width / 2, top + height / 2);
}

function fit() {
  if (!drawing) return;
  resize(Math.min(...wholeScales(), 1.5));
}

function openPicture() {
  if (!drawing) return;
  const [byWidth, byHeight] = wholeScales();
  resize(Math.min(byWidth, Math.max(byHeight, OVERVIEW), 1.5));
}

function wholeScales() {
  return [picture.clientWidth / natural.width, picture.clientHeight / natural.height];
}

function reveal(k) {
  const [node, frame] = [groups[k], picture].map((element) => element.getBoundingClientRect());
  const isBeside = node.left < frame.left || node.right > frame.right;
  if (!isBeside && node.top >= frame.top && node.bottom <= frame.bottom) return;
  picture.scrollLeft += (node.left + node.right - frame.left - frame.right) / 2;
  picture.scrollTop += (node.top + node.bottom - frame.top - frame.bottom) / 2;
}

function makeReadable(k) {
  if (!drawing || view.scale >= LEGIBLE) return;
  const { left, top } = groups[k].getBoundingClientRect();
  zoomTo(READABLE, left, top);
}

function panByMouse() {
  let start = null;
  picture.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    const [left, top] = [picture.scrollLeft, picture.scrollTop];
    start = { x: event.clientX, y: event.clientY, left, top };
  });
  window.addEventListener("pointermove", (event) => {
    if (!start || !(event.buttons & 1)) return;
    const [right, down] = [event.clientX - start.x, event.clientY - start.y];
    picture.scrollLeft = start.left - right;
    picture.scrollTop = start.top - down;
    if (Math.hypot(right, down) > 4) picture.classList.add("panning");
  });
  window.addEventListener("pointerup", () => {
    start = null;
    setTimeout(() => picture.classList.remove("panning")); // after the click that follows
  });
}

function zoomByWheel() {
  picture.addEventListener("wheel", (event) => {
    event.preventDefault();
    const speed = event.ctrlKey ? 0.01 : 0.0015; // a pinch comes as a slow wheel with Ctrl
    zoomTo(view.scale * Math.exp(-event.deltaY * speed), event.clientX, event.clientY);
  }, { passive: false });
}
