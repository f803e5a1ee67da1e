"use strict";
// What the reader does: hover, select, step, search, keys.

const byId = (id) => document.getElementById(id);
const selection = { selected: root, shown: root, matches: [], match: 0 };

function show(k) {
  selection.shown = k;
  showPanel(k);
  mark(k);
}

function preview(k) {
  if (k !== selection.shown) show(k);
}

function select(k) {
  groups[selection.selected].setAttribute("tabindex", "-1");
  groups[selection.selected].removeAttribute("aria-current");
  selection.selected = k;
  groups[k].setAttribute("tabindex", "0");
  groups[k].setAttribute("aria-current", "true");
  show(k);
  reveal(k);
}

function goTo(step) {
  walk.step = Math.min(FINISH, Math.max(0, step));
  paint();
  showStep();
  const k = current() ?? (walk.step === 0 ? 0 : root);
  makeReadable(k);
  select(k);
}

function showStep() {
  byId("slider").value = walk.step;
  byId("position").textContent = positionText();
  byId("why").textContent = why();
  byId("queue").replaceChildren(...queueLine());
  byId("back").disabled = byId("start").disabled = walk.step === 0;
  byId("forth").disabled = byId("end").disabled = walk.step === FINISH;
}

function positionText() {
  if (current() === null) return walk.step === 0 ? "start" : "finished";
  const pass = isBackward() ? "backward" : "forward";
  return `${pass} ${isBackward() ? walk.step - count : walk.step} of ${count}`;
}

function queueLine() {
  const { ready, waiting } = queue();
  const line = [];
  if (ready.length) line.push(html("span", {}, "Ready, next first: ", ...links(ready.reverse())));
  if (waiting.length) {
    line.push(html("span", {}, "Waiting: ", ...links(waiting.reverse(), restText)));
  }
  return line;
}

function restText(k) {
  return `for ${missing(k)} of ${nodes[k].consumers.length} `;
}

function links(found, note = () => "") {
  const shown = found.slice(0, 4).flatMap((k) => [link(k), ` ${note(k)}`]);
  return found.length > 4 ? [...shown, `and ${found.length - 4} more`] : shown;
}

function nodeAt(event) {
  const element = event.target.closest?.("[data-node]");
  return element ? Number(element.dataset.node) : null;
}

function listenToPicture() {
  picture.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "touch") preview(nodeAt(event) ?? selection.selected);
  });
  picture.addEventListener("pointerleave", () => preview(selection.selected));
  picture.addEventListener("focusin", (event) => {
    const k = nodeAt(event);
    if (k !== null && k !== selection.selected) select(k);
  });
  document.addEventListener("click", (event) => {
    const k = nodeAt(event);
    if (k === null || picture.classList.contains("panning")) return;
    const isInPanel = event.target.closest("#panel");
    select(k);
    if (isInPanel) panel.focus({ preventScroll: true }); // the link itself is gone
  });
}

function focusOn(k) {
  select(k);
  groups[k].focus({ preventScroll: true });
}

// Search: names without the signs that only typesetting needs, so w_12^2 finds w₁₂².

function plain(text) {
  return text.normalize("NFKC").toLowerCase().replace(/[\s_^,]/g, "");
}

function search() {
  const wanted = plain(byId("search").value);
  const all = nodes.map((_, k) => k).filter((k) => plain(plainName(k)).includes(wanted));
  const exact = all.filter((k) => plain(plainName(k)) === wanted);
  selection.matches = wanted ? [...new Set([...exact, ...all])] : [];
  selection.match = 0;
  showMatch();
}

function showMatch() {
  const { matches, match } = selection;
  const none = byId("search").value ? "not found" : "";
  byId("found").textContent = matches.length ? `${match + 1} of ${matches.length}` : none;
  if (matches.length === 0) return;
  makeReadable(matches[match]);
  select(matches[match]);
}

function nextMatch(by) {
  const size = selection.matches.length;
  if (size === 0) return;
  selection.match = (selection.match + by + size) % size;
  showMatch();
}

function listenToSearch() {
  byId("search").addEventListener("input", search);
  byId("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") nextMatch(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") focusOn(selection.selected);
  });
}

// Keys. In a text field and on the slider they keep their own meaning.

const KEYS = new Map([
  ["ArrowRight", () => goTo(walk.step + 1)],
  ["ArrowLeft", () => goTo(walk.step - 1)],
  ["ArrowDown", () => focusOn(Math.min(root, selection.selected + 1))],
  ["ArrowUp", () => focusOn(Math.max(0, selection.selected - 1))],
  ["Home", () => goTo(0)],
  ["End", () => goTo(FINISH)],
  ["/", () => byId("search").focus()],
  ["?", () => byId("help").showModal()],
  ["+", () => zoomBy(1.25)],
  ["=", () => zoomBy(1.25)],
  ["-", () => zoomBy(0.8)],
  ["0", fit],
]);

const SCROLLING = new Set(["ArrowUp", "ArrowDown", "Home", "End"]); // in the panel

function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || byId("help").open) return;
    if (event.target.matches("input")) return;
    const isNode = event.target.closest("#picture [data-node]");
    const isPress = isNode && (event.key === "Enter" || event.key === " ");
    const action = isPress ? () => focusOn(nodeAt(event)) : KEYS.get(event.key);
    if (!action || (event.target.closest("#panel") && SCROLLING.has(event.key))) return;
    event.preventDefault();
    action();
  });
}

function listenToButtons() {
  const actions = {
    start: () => goTo(0),
    back: () => goTo(walk.step - 1),
    forth: () => goTo(walk.step + 1),
    turn: () => goTo(count),
    end: () => goTo(FINISH),
    closer: () => zoomBy(1.25),
    farther: () => zoomBy(0.8),
    whole: fit,
    theme: changeTheme,
    keys: () => byId("help").showModal(),
    close: () => byId("help").close(),
  };
  for (const [id, action] of Object.entries(actions)) byId(id).addEventListener("click", action);
  byId("slider").addEventListener("input", (event) => goTo(Number(event.target.value)));
}

function changeTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
}

function showSummary() {
  const isEarlier = (k) => nodes[k].stored !== undefined && !nodes[k].op && !isConstant(k);
  const earlier = nodes.map((_, k) => k).filter(isEarlier);
  if (earlier.length === 0) return;
  const where = earlier.length === 1 ? "a leaf" : `${earlier.length} leaves`;
  const text = `grad holds earlier passes at ${where}: `;
  byId("summary").append(html("span", { class: "note" }, text, ...links(earlier)));
}

byId("slider").max = FINISH;
byId("zoom").hidden = !drawing;
describeNodes();
addMarks();
paint();
showStep();
showSummary();
document.documentElement.classList.add("ready");
openPicture();
document.documentElement.classList.remove("loading");
listenToPicture();
listenToSearch();
listenToKeys();
listenToButtons();
panByMouse();
zoomByWheel();
select(root);
performance.mark("ready");
