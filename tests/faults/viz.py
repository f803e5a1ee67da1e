"""Pictures: DOT, text, views, SVG, frames, the page's Python, plots."""

TESTS = {
    "viz/boxes.py": "test_viz_views",
    "viz/caption.py": "test_viz_dot test_viz_views",
    "viz/clusters.py": "test_viz_dot test_viz_render",
    "viz/columns.py": "test_viz_views",
    "viz/connections.py": "test_viz_views",
    "viz/contents.py": "test_viz_render test_viz_views",
    "viz/dot.py": "test_viz_dot",
    "viz/draw.py": "test_viz_views test_viz_dot",
    "viz/edges.py": "test_viz_dot",
    "viz/escape.py": "test_viz_hostile",
    "viz/explore.py": "test_viz_page",
    "viz/film.py": "test_viz_frames",
    "viz/frames.py": "test_viz_frames",
    "viz/graph.py": "test_viz_graph",
    "viz/layers.py": "test_viz_views",
    "viz/legend.py": "test_viz_views test_viz_dot",
    "viz/network.py": "test_viz_views",
    "viz/network_graph.py": "test_viz_views",
    "viz/neurons.py": "test_viz_views",
    "viz/plot_layers.py": "test_viz_plots",
    "viz/plot_path.py": "test_viz_plots",
    "viz/plot_regions.py": "test_viz_plots",
    "viz/plots.py": "test_viz_plots",
    "viz/records.py": "test_viz_dot",
    "viz/render.py": "test_viz_render",
    "viz/renderer.py": "test_viz_render",
    "viz/restyle.py": "test_viz_frames",
    "viz/scalar.py": "test_viz_render test_viz_views",
    "viz/scene.py": "test_viz_views test_viz_dot",
    "viz/steps.py": "test_viz_frames",
    "viz/style.py": "test_viz_dot",
    "viz/svg.py": "test_viz_render test_viz_hostile",
    "viz/symbols.py": "test_viz_views test_viz_dot",
    "viz/text.py": "test_viz_text test_viz_views",
    "viz/weights.py": "test_viz_views",
    "viz/page/data.py": "test_viz_page",
    "viz/page/document.py": "test_viz_page",
    "viz/page/layout.py": "test_viz_page",
    "viz/page/neurons.py": "test_viz_page",
    "viz/page/rules.py": "test_viz_page",
    "viz/page/snapshot.py": "test_viz_page",
}

FAULTS = {
    "viz/boxes.py": [("start - 0.5 * (pitch + extent)", "start + 0.5 * (pitch + extent)")],
    "viz/caption.py": [("{'s' * (count != 1)}", "s")],
    "viz/clusters.py": [("return lines[::-1] if len(place) == 2 else lines", "return lines")],
    "viz/columns.py": [
        ("if len(roots) > COSTS_UP_TO:", "if len(roots) >= COSTS_UP_TO:"),
        ('"LR": ("e", "w"), "TB": ("s", "n")', '"LR": ("w", "e"), "TB": ("s", "n")'),
    ],
    "viz/connections.py": [
        ("or id(operand) in parameters", ""),
        ("elif len(head) < 2 and id(node) not in before:", "elif len(head) < 2:"),
    ],
    "viz/contents.py": [("if view.size > MOST:", "if view.size >= MOST:")],
    "viz/dot.py": [("lines[arrow.head] = arrow.waypoint() + lines[arrow.head]", "pass")],
    "viz/draw.py": [
        ("if network.share > 0.5:", "if True:"),
        ('_require_one_of("rankdir", rankdir, RANKDIRS)\n    if', "if"),
    ],
    "viz/edges.py": [
        ("enters = is_behind_leaves and places[tail] != places[head]", "enters = is_behind_leaves")
    ],
    "viz/escape.py": [
        ("_escaped(text, '\\\\{}|<> \"')", "_escaped(text, '\\\\{}<> \"')"),
        ('.replace("&", "&amp;")', ""),
        ('if kind == "Cf":', "if False:"),
    ],
    "viz/explore.py": [("if not path.parent.is_dir():", "if False:")],
    "viz/film.py": [("elif k in step.finished:", "elif k in step.grads:")],
    "viz/frames.py": [
        ("if len(scene.nodes) > LARGEST:", "if len(scene.nodes) >= LARGEST:"),
        ("path.unlink(missing_ok=True)\n", "pass\n"),
    ],
    "viz/graph.py": [("iter(operand.operands)))", "reversed(operand.operands)))")],
    "viz/layers.py": [("if z or not b else", "if z else")],
    "viz/legend.py": [
        ("if x != 0.0 and isfinite(x)}", "if isfinite(x)}"),
        ("any(slope < 0.0 for node", "any(slope <= 0.0 for node"),
    ],
    "viz/network.py": [("(min(numbers), max(numbers))", "(max(numbers), min(numbers))")],
    "viz/network_graph.py": [("if name in seen:", "if False:")],
    "viz/neurons.py": [
        ("> ROWS_UP_TO:", ">= ROWS_UP_TO:"),
        ("max(grads(neuron.z), key=abs, default=0.0)", "max(grads(neuron.z), default=0.0)"),
        ("if not is_full and len(name) > NAME:", "if len(name) > NAME:"),
    ],
    "viz/plot_layers.py": [
        ("(d != 0.0) & np.isfinite(d)", "(d != 0.0)"),
        ("whis=(0, 100)", "whis=1.5"),
        ("(has_run and resting > 0)", "(resting > 0)"),
    ],
    "viz/plot_path.py": [("np.maximum(extent, NARROWEST * longer)", "extent")],
    "viz/plot_regions.py": [
        ("np.where(highest > lowest, highest - lowest, 1.0)", "highest - lowest")
    ],
    "viz/plots.py": [("scale=100.0", "scale=1.0")],
    "viz/records.py": [(" for n in scene.nodes if scene.has_gradient(n)", " for n in scene.nodes")],
    "viz/render.py": [
        ("dot_command.DOT_BINARY = usual", "pass"),
        ('options["format"] = options["format"].lower()', "pass"),
        ("if not (skip_existing and path.exists()):", "if not path.exists():"),
    ],
    "viz/renderer.py": [
        ("format.lower() not in EMBEDDED_FORMATS", "format not in EMBEDDED_FORMATS"),
        (
            '    if path := _embedded():\n        return Renderer(EMBEDDED, path)\n    if path := shutil.which("dot"):\n        return Renderer("dot", abspath(path))\n',
            '    if path := shutil.which("dot"):\n        return Renderer("dot", abspath(path))\n    if path := _embedded():\n        return Renderer(EMBEDDED, path)\n',
        ),
    ],
    "viz/restyle.py": [("texts[len(texts) - len(lines) :]", "texts[: len(lines)]")],
    "viz/scalar.py": [("(contents.MOST if force else contents.LARGEST)", "contents.LARGEST")],
    "viz/scene.py": [
        (
            "self.forward is not None and id(node) not in",
            "self.forward is not None and id(node) in",
        ),
        ("self.forward.grad != 0.0 or self._backward_ran", "self.forward.grad != 0.0"),
    ],
    "viz/steps.py": [
        ("grads.get(operand, 0.0) + product", "product"),
        ("if waiting[k] == 0)", "if waiting[k] <= 1)"),
        ("if len(lines) < LINES:", "if len(lines) <= LINES:"),
    ],
    "viz/style.py": [("if isfinite(x) and x != 0.0}", "if isfinite(x)}")],
    "viz/svg.py": [("text = escape(titles[id])", "text = titles[id]")],
    "viz/symbols.py": [("return one[:1] if one[:1] == other[:1] else ()", "return one")],
    "viz/text.py": [("if uses[id(node)] > 1}", "if uses[id(node)] > 2}")],
    "viz/weights.py": [
        ("self._colours[slope < 0.0](slope)", "self._colours[w < 0.0](slope)"),
        ("<= DENSE else", "< DENSE else"),
        ('if len(found) > most else ""', 'if len(found) >= most else ""'),
    ],
    "viz/page/data.py": [
        ("return text.translate(IN_HTML)", "return text"),
        ("return x if isfinite(x) else repr(x)", "return x if isfinite(x) else 0.0"),
    ],
    "viz/page/document.py": [('srcdoc="{escape(self.html)}"', 'srcdoc="{self.html}"')],
    "viz/page/layout.py": [
        (
            "for key, x in element.attrib.items() if key in ATTRIBUTES}",
            "for key, x in element.attrib.items()}",
        ),
        ("escape(help)", "help"),
    ],
    "viz/page/neurons.py": [
        (
            "any(movers[a] > 1 or _place(nodes[a]) != place for a in moved)",
            "any(movers[a] > 1 for a in moved)",
        ),
        ("if len(consumers[z]) != 1:", "if not consumers[z]:"),
    ],
    "viz/page/rules.py": [
        (
            '    def __rsub__(self, other: object) -> "Term":\n        return Term(["-", _tree(other), self.tree])',
            '    def __rsub__(self, other: object) -> "Term":\n        return Term(["-", self.tree, _tree(other)])',
        )
    ],
    "viz/page/snapshot.py": [
        ("None if agrees or root.grad == 0.0 else node.grad", "None if agrees else node.grad")
    ],
}
