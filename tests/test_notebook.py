"""The notebook is executed, and its stored outputs are what it prints.

`python tests/test_notebook.py` executes it and stores its outputs anew.
"""

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
PATH = ROOT / "examples" / "backpropagation.ipynb"
LARGEST = 500_000  # bytes
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def stored():
    return nbformat.read(PATH, as_version=4)


def execute(notebook, **options):
    """Run all cells in a kernel of their own, which imports this checkout."""
    resources = {"metadata": {"path": str(PATH.parent)}}
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources=resources,
        record_timing=False,
        coalesce_streams=True,
        **options,
    )
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {k: v for k, v in os.environ.items() if k != "MPLBACKEND"}  # that of notebooks
    client.execute(env=environment | {"PYTHONPATH": paths})
    return notebook


def executed():
    """The notebook with fresh outputs, and nothing about the machine or the time."""
    notebook = execute(stored())
    notebook.metadata = METADATA
    for cell in notebook.cells:
        cell.metadata = {}
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if not is_about_fonts(output)]
        for output in cell.get("outputs", []):
            if "metadata" in output:
                output.metadata = {}
    return notebook


def is_about_fonts(output):
    """What matplotlib says of the fonts of this machine, as when it looks for them first."""
    lines = output.get("text", "").splitlines()
    return output.get("name") == "stderr" and all(
        "findfont" in x or "font cache" in x for x in lines
    )


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts(cell):
    """What a cell prints and shows as text."""
    return [
        output.text if output.output_type == "stream" else output.data["text/plain"]
        for output in cell.outputs
    ]


def pictures(cell):
    """The kinds of pictures that a cell shows."""
    shown = [output.get("data", {}) for output in cell.outputs]
    return [kind for data in shown for kind in sorted(data) if kind.startswith("image/")]


@pytest.fixture(scope="module")
def fresh():
    return executed()


# The client's own dependencies warn of one another.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_what_it_prints_is_what_is_stored(fresh):
    how = "run `python tests/test_notebook.py` if it is to print this from now on"
    for new, old in zip(code_cells(fresh), code_cells(stored()), strict=True):
        assert texts(new) == texts(old), how
        assert pictures(new) == pictures(old), how


def test_it_runs_without_warnings_or_errors(fresh):
    for cell in code_cells(fresh):
        for output in cell.outputs:
            assert output.output_type in ("stream", "execute_result")
            assert output.get("name", "stdout") == "stdout"


def test_it_is_stored_as_it_runs_from_top_to_bottom():
    cells = code_cells(stored())
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


def test_it_is_valid_and_small():
    nbformat.validate(stored())
    assert PATH.stat().st_size < LARGEST


def test_nothing_of_a_machine_is_stored():
    notebook = stored()
    assert notebook.metadata == METADATA
    assert all(cell.metadata == {} for cell in notebook.cells)
    text = PATH.read_text(encoding="utf-8")
    assert not re.search(r"/home/|/root/|/tmp/|/work/|/usr/|[A-Z]:\\\\|0x[0-9a-f]{6,}", text)


def test_cells_are_short_and_explained():
    notebook = stored()
    assert notebook.cells[0].cell_type == "markdown"
    assert len(notebook.cells) > len(code_cells(notebook)) * 1.5
    for cell in code_cells(notebook):
        lines = cell.source.splitlines()
        assert len(lines) <= 25
        assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("equation", ["BP1", "BP2", "BP3", "BP4"])
def test_each_equation_has_its_formula_its_numbers_and_its_matrix_form(fresh, equation):
    cells = fresh.cells
    at = next(k for k, cell in enumerate(cells) if cell.source.startswith(f"### {equation}"))
    assert "$$" in cells[at].source
    (printed,) = texts(cells[at + 1])
    assert printed.startswith(f"{equation}   ")
    forms = re.findall(
        r"^ +(component|matrix|graph) (\[.*?\]+)$", printed, re.MULTILINE | re.DOTALL
    )
    assert [name for name, _ in forms] == ["component", "matrix", "graph"]
    assert len({re.sub(r"\s+", " ", numbers) for _, numbers in forms}) == 1
    assert any(re.search(rf"# .* {equation}$", text, re.MULTILINE) for text in texts_of(cells))


def texts_of(cells):
    return [text for cell in cells if cell.cell_type == "code" for text in texts(cell)]


def test_softmax_breaks_bp1_but_not_the_general_form(fresh):
    printed = "\n".join(texts_of(fresh.cells))
    assert "layer 2, softmax: no: z_i moves other a_j too" in printed
    assert printed.count("WRONG") == 2
    assert printed.count("all agree: True") == 2


def test_there_are_pictures_of_graphs_and_plots(fresh):
    kinds = [kind for cell in code_cells(fresh) for kind in pictures(cell)]
    assert kinds.count("image/svg+xml") == 2
    assert kinds.count("image/png") == 5


# What a notebook shows of our objects.

CELLS = {
    "value": """
import os
import matplotlib.pyplot as plt
from micrograd_bp import Value
from viz import draw, plot_history
history = {"cost": [2.0, 1.0]}
product = Value(2.0, "x") * Value(3.0, "y")
product.backward()
product""",
    "draw": "draw(product)",
    "text": "draw(product, view='text')",
    "interactive": "draw(product).interactive()",
    "plot": "plot_history(history)",
    "plot kept": "kept = plot_history(history)",
    "figure": "kept.figure",
    "plot on axes": "plot_history(history, plt.subplots()[1])",
    "many plots": "many = [plot_history(history) for _ in range(30)]\nplt.get_fignums()",
    "no renderer": "os.environ['MICROGRAD_BP_DOT'] = 'no-such-program'\ndraw(product)",
}


@pytest.fixture(scope="module")
def shown():
    """Of each cell the kinds of data that it shows, with the data."""
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS.values()]
    notebook = execute(nbformat.v4.new_notebook(cells=cells), allow_errors=True)
    return {
        name: [dict(output.get("data", output)) for output in cell.outputs]
        for name, cell in zip(CELLS, notebook.cells, strict=True)
    }


def test_a_value_shows_as_text(shown):
    assert shown["value"] == [{"text/plain": "Value(data=6.0, grad=1.0)"}]


def test_a_graph_shows_itself(shown):
    (data,) = shown["draw"]
    assert sorted(data) == ["image/svg+xml", "text/plain"]
    assert "<svg" in data["image/svg+xml"]
    assert shown["text"][0]["text/plain"].startswith("*  data 6  grad 1\n")


def test_the_page_shows_in_a_sandboxed_frame(shown):
    (data,) = shown["interactive"]
    assert 'sandbox="allow-scripts"' in data["text/html"]


def test_without_a_renderer_a_graph_shows_as_text_and_says_how_to_get_one(shown):
    (data,) = shown["no renderer"]
    assert list(data) == ["text/plain"]
    tree, help_ = data["text/plain"].split("\n\n")
    assert tree.startswith("*  data 6  grad 1\n")
    assert help_.startswith("MICROGRAD_BP_DOT is 'no-such-program'")
    assert "\n" not in help_


def test_a_plot_shows_once(shown):
    for name in ("plot", "figure"):
        assert [sorted(data) for data in shown[name]] == [["image/png", "text/plain"]]
    assert shown["plot kept"] == []
    assert [kind for data in shown["plot on axes"] for kind in data].count("image/png") == 1


def test_no_figure_is_left_open_and_none_is_warned_of(shown):
    assert shown["many plots"] == [{"text/plain": "[]"}]


if __name__ == "__main__":
    nbformat.write(executed(), PATH)
