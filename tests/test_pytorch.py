"""to_torch and from_torch, with PyTorch as the witness; without it, what they say."""

import copy
import os
import random
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from micrograd_bp import MLP, Primitive, primitives, total
from micrograd_bp.activations import COUPLED, ELEMENTWISE
from micrograd_bp.activations import NAMES as ACTIVATIONS
from micrograd_bp.pytorch import MODULES, from_torch, to_torch
from micrograd_bp.tensors import write_safetensors

OUTGROW = Path(__file__).parent.parent / "examples" / "outgrow.py"
WAY_OUT = r"needs torch: pip install 'micrograd-bp\[torch\]'"


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is an optional witness")


@pytest.fixture
def nn(torch):
    return torch.nn


def bits(net):
    return [p.data.hex() for p in net.parameters()]


def test_every_activation_has_its_module():
    assert set(MODULES) == {*ELEMENTWISE, *COUPLED}


@pytest.mark.parametrize("taker", [to_torch, from_torch])
def test_without_torch_the_error_says_how_to_get_it(taker, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=rf"{taker.__name__}\(\) {WAY_OUT}"):
        taker(MLP(2, [1]))


def test_without_torch_the_example_says_so_in_a_line(run_python):
    printed = run_python(
        "import runpy, sys\n"
        "sys.modules['torch'] = None\n"
        f"runpy.run_path({str(OUTGROW)!r}, run_name='__main__')"
    )
    assert printed == "this example continues in PyTorch: pip install 'micrograd-bp[torch]'\n"


# There.


def assert_agrees(torch, net, module, X):
    """Outputs; and of a weighted sum of them the gradients by weights, biases and inputs."""
    c = np.linspace(-1.0, 2.0, net.sizes[-1])
    for x in X:
        inputs = torch.tensor(x, requires_grad=True)
        outputs = module(inputs[None])[0]
        module.zero_grad()
        (outputs * torch.from_numpy(c)).sum().backward()

        ours = net(x)
        ours = ours if isinstance(ours, list) else [ours]
        net.zero_grad()
        total(c_j * a_j for c_j, a_j in zip(c.tolist(), ours, strict=True)).backward()

        close(outputs.detach().numpy(), [a_j.data for a_j in ours])
        close(inputs.grad.numpy(), [x_i.grad for x_i in net.latest_inputs()])
        linears = [part for part in module if isinstance(part, torch.nn.Linear)]
        for layer, linear in zip(net.layers, linears, strict=True):
            gradients = [[w.grad for w in neuron.w] for neuron in layer.neurons]
            close(linear.weight.grad.numpy(), gradients)
            close(linear.bias.grad.numpy(), [neuron.b.grad for neuron in layer.neurons])


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("scale", [0.5, 5.0, 50.0])
@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("output", ACTIVATIONS)
def test_outputs_and_gradients_agree(hidden, output, scale, torch):
    """At a scale of 50 a softplus is beyond the threshold that PyTorch has by default."""
    rng = np.random.default_rng(7)
    sizes = rng.integers(1, 6, size=4).tolist()
    net = MLP(sizes[0], sizes[1:], [hidden, hidden, output], rng=rng)
    for neuron in net.neurons_in_order():
        neuron.b.data = float(rng.normal())
    assert_agrees(torch, net, to_torch(net), scale * rng.normal(size=(4, sizes[0])))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_at_zero_they_take_the_same_slope(name, torch):
    net = MLP(1, [1, 1], [name, "linear"], rng=0)
    net.weight(1, 1, 1).data = 0.0
    assert_agrees(torch, net, to_torch(net), np.array([[1.0]]))


def test_softplus_is_exact_around_both_thresholds(torch):
    net = MLP(1, [1], ["softplus"], rng=0)
    net.weight(1, 1, 1).data = 1.0
    z = np.concatenate([np.linspace(15.0, 45.0, 301), [-750.0, -40.0, 750.0, 1e300]])
    assert_agrees(torch, net, to_torch(net), z[:, None])


def test_names_and_modules(torch):
    module = to_torch(MLP(3, [4, 5, 2], ["leaky_relu", "linear", "softmax"], rng=0))
    assert [type(part).__name__ for part in module] == [
        "Linear",
        "LeakyReLU",
        "Linear",
        "Linear",
        "Softmax",
    ]
    assert {p.dtype for p in module.parameters()} == {torch.float64}
    assert all(p.requires_grad for p in module.parameters())


def test_the_module_holds_copies(torch):
    net = MLP(2, [2], rng=0)
    before = bits(net)
    with torch.no_grad():
        for parameter in to_torch(net).parameters():
            parameter.fill_(9.0)
    assert bits(net) == before


def test_no_random_number_is_drawn(torch):
    torch.manual_seed(3)
    random.seed(3)
    from_torch(to_torch(MLP(2, [2], rng=0)))
    drawn = torch.rand(1).item(), random.random()
    torch.manual_seed(3)
    random.seed(3)
    assert drawn == (torch.rand(1).item(), random.random())


@pytest.mark.parametrize("rng", range(20))
def test_there_and_back_is_equal_to_the_bit(rng, torch):
    draw = random.Random(rng)
    sizes = [draw.randint(1, 6) for _ in range(draw.randint(2, 5))]
    names = [draw.choice(ACTIVATIONS) for _ in sizes[1:]]
    net = MLP(sizes[0], sizes[1:], names, rng=rng)
    back = from_torch(to_torch(net))
    assert (repr(back), bits(back)) == (repr(net), bits(net))


def test_a_primitive_of_one_s_own_is_refused_by_name(torch):
    swish = Primitive("swish", lambda x: x, np.positive, lambda z, x: (1.0,))
    with pytest.raises(ValueError, match="layer 1 has the activation <primitive swish>"):
        to_torch(MLP(2, [2, 1], swish))


def test_a_row_of_the_table_is_the_module_of_its_name(nn):
    assert type(to_torch(MLP(2, [2], [primitives.tanh]))[1]) is nn.Tanh


def test_pytorch_loads_our_file(torch, tmp_path):
    library = pytest.importorskip("safetensors.torch", reason="comes with the extra `torch`")
    net = MLP(3, [4, 2], "tanh", "sigmoid", rng=1)
    write_safetensors(net, tmp_path / "net.safetensors")
    nn = torch.nn
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2), nn.Sigmoid()).double()
    module.load_state_dict(library.load_file(tmp_path / "net.safetensors"))
    assert bits(from_torch(module)) == bits(net)


# Back.


def test_nested_sequentials_and_identity_are_flattened(torch, nn):
    shared = nn.Tanh()
    block = nn.Sequential(nn.Identity(), nn.Sequential(nn.Linear(3, 2), nn.Identity(), shared))
    module = nn.Sequential(nn.Linear(4, 3), shared, block, nn.Linear(2, 1)).double()
    net = from_torch(module)
    assert repr(net) == "MLP(4, [3, 2, 1], activation=['tanh', 'tanh', 'linear'])"
    x = np.linspace(-1.0, 1.0, 4)
    close(module(torch.from_numpy(x)).detach().numpy(), [net(x).data])


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_every_number_of_a_smaller_dtype_is_exact(dtype, torch, nn):
    module = nn.Sequential(nn.Linear(3, 2)).to(getattr(torch, dtype))
    weight = from_torch(module).arrays("nielsen")[0][0]
    assert weight.tolist() == module[0].weight.tolist()


def test_modules_that_are_the_same_in_other_words(nn):
    module = nn.Sequential(
        *(nn.Linear(2, 2), nn.LeakyReLU(inplace=True), nn.Linear(2, 2), nn.Softmax(dim=1)),
        *(nn.Linear(2, 2), nn.ReLU(inplace=True), nn.Linear(2, 2), nn.Softplus()),
    )
    names = "['leaky_relu', 'softmax', 'relu', 'softplus']"
    assert repr(from_torch(module)) == f"MLP(2, [2, 2, 2, 2], activation={names})"


def test_a_linear_alone_is_a_layer(nn):
    assert repr(from_torch(nn.Linear(3, 2))) == "MLP(3, [2], activation=['linear'])"


def test_softplus_with_pytorch_s_threshold_differs_by_2e_9(torch, nn):
    module = nn.Sequential(nn.Linear(1, 1), nn.Softplus()).double()
    with torch.no_grad():
        module[0].weight.fill_(1.0)
        module[0].bias.fill_(0.0)
    z = 20.0 + 1e-9
    apart = from_torch(module)([z]).data - module(torch.tensor([z]).double()).item()
    assert 1e-9 < apart < 2.1e-9


def pruned(nn):
    from torch.nn.utils import prune

    module = nn.Sequential(nn.Linear(4, 4))
    prune.random_unstructured(module[0], "weight", 0.5)
    return module


def with_output_hook(nn):
    module = nn.Sequential(nn.Linear(1, 1), nn.Tanh())
    module[1].register_forward_hook(lambda module, inputs, output: output + 1)
    return module


def tied(nn):
    module = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))
    module[2].weight = module[0].weight
    return module


def used_twice(nn):
    linear = nn.Linear(2, 2)
    return nn.Sequential(linear, nn.Tanh(), linear)


def with_nan(nn):
    module = nn.Sequential(nn.Sequential(nn.Linear(2, 1)))
    module[0][0].weight.data[0, 1] = float("nan")
    return module


def own(base, *arguments):
    """A Sequential or Linear with a forward pass of its own."""
    return type("Own", (base,), {"forward": lambda self, x: x + 1})(*arguments)


REFUSED = {
    "dropout": (
        lambda nn: nn.Sequential(nn.Linear(1, 1), nn.Dropout(0.5)),
        r"module 1 \(Dropout\) is not of an MLP, which has Linear, .*Identity in its place",
    ),
    "nested dropout": (
        lambda nn: nn.Sequential(nn.Sequential(nn.Linear(1, 1), nn.AlphaDropout()), nn.Tanh()),
        r"module 0\.1 \(AlphaDropout\).*Identity in its place",
    ),
    "flatten": (
        lambda nn: nn.Sequential(nn.Flatten(), nn.Linear(1, 1)),
        r"module 0 \(Flatten\) is not of an MLP.* as module\[1:\]",
    ),
    "gelu": (lambda nn: nn.Sequential(nn.Linear(1, 1), nn.GELU()), r"module 1 \(GELU\)"),
    "relu6": (lambda nn: nn.Sequential(nn.Linear(1, 1), nn.ReLU6()), r"module 1 \(ReLU6\)"),
    "log softmax": (
        lambda nn: nn.Sequential(nn.Linear(1, 1), nn.LogSoftmax(dim=-1)),
        r"module 1 \(LogSoftmax\)",
    ),
    "bilinear": (lambda nn: nn.Bilinear(1, 1, 1), r"module \(Bilinear\) is not of an MLP"),
    "module list": (lambda nn: nn.ModuleList([nn.Linear(1, 1)]), r"module \(ModuleList\)"),
    "wrapper": (lambda nn: nn.DataParallel(nn.Linear(1, 1)), r"DataParallel.* or wrapper\.module"),
    "own sequential": (lambda nn: own(nn.Sequential, nn.Linear(1, 1)), r"module \(Own\)"),
    "own linear": (lambda nn: nn.Sequential(own(nn.Linear, 1, 1)), r"module 0 \(Own\)"),
    "spectral norm": (
        lambda nn: nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(2, 2))),
        r"module 0 \(ParametrizedLinear\)",
    ),
    "pruned": (pruned, r"module 0 \(Linear\) has forward hooks, .*prune\.remove"),
    "hook": (with_output_hook, r"module 1 \(Tanh\) has forward hooks"),
    "two activations": (
        lambda nn: nn.Sequential(nn.Linear(1, 1), nn.Tanh(), nn.Identity(), nn.ReLU()),
        r"module 3 \(ReLU\) follows no Linear; an MLP has one activation a layer",
    ),
    "activation first": (
        lambda nn: nn.Sequential(nn.Tanh(), nn.Linear(1, 1)),
        r"module 0 \(Tanh\) follows no Linear",
    ),
    "no bias": (
        lambda nn: nn.Sequential(nn.Linear(1, 1, bias=False)),
        r"module 0 \(Linear\) has no bias, .* a bias of zeros",
    ),
    "empty": (lambda nn: nn.Sequential(), "has no Linear, and an MLP has at least one"),
    "sizes": (
        lambda nn: nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(4, 1)),
        r"module 2 \(Linear\) takes 4 inputs, but the layer before has 3",
    ),
    "tied": (tied, r"module 2 \(Linear\) shares its weight with module 0 \(Linear\)"),
    "used twice": (used_twice, r"module 2 \(Linear\) shares its weight with module 0"),
    "nan": (with_nan, r"weight of module 0\.0 \(Linear\)\[0, 1\] is nan"),
    "meta": (lambda nn: nn.Linear(1, 1, device="meta"), r"weight of module \(Linear\).* on meta"),
    "slope": (
        lambda nn: nn.Sequential(nn.Linear(1, 1), nn.LeakyReLU(0.2)),
        r"module 1 \(LeakyReLU\) has negative_slope = 0\.2, an MLP has 0\.01",
    ),
    "beta": (
        lambda nn: nn.Sequential(nn.Linear(1, 1), nn.Softplus(beta=2)),
        r"module 1 \(Softplus\) has beta = 2.*, an MLP has 1\.0",
    ),
    "threshold": (
        lambda nn: nn.Sequential(nn.Linear(1, 1), nn.Softplus(threshold=5)),
        r"module 1 \(Softplus\) has threshold = 5.*, an MLP has 40\.0",
    ),
    "dim": (
        lambda nn: nn.Sequential(nn.Linear(1, 1), nn.Softmax(dim=0)),
        r"module 1 \(Softmax\) has dim = 0, an MLP has -1",
    ),
    "no dim": (
        lambda nn: nn.Sequential(nn.Linear(1, 1), nn.Softmax()),
        r"module 1 \(Softmax\) has dim = None, an MLP has -1",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_an_mlp_does_not_have_is_refused_by_place_and_name(case, nn):
    make, text = REFUSED[case]
    with pytest.raises(ValueError, match=text):
        from_torch(make(nn))


def test_complex_weights_are_refused(torch, nn):
    module = nn.Sequential(nn.Linear(1, 1, dtype=torch.complex64))
    with pytest.raises(ValueError, match=r"weight of module 0 \(Linear\) has torch\.complex64"):
        from_torch(module)


@pytest.mark.parametrize("wrong", [OrderedDict(), [1, 2], None, MLP(1, [1])], ids=repr)
def test_what_is_no_module_is_refused(wrong, torch):
    with pytest.raises(TypeError, match=r"from_torch\(\) takes a torch\.nn\.Sequential, got"):
        from_torch(wrong)


def test_reading_leaves_the_module_as_it_was(torch, nn):
    module = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.0), nn.Tanh())
    before = copy.deepcopy(module.state_dict())
    net = from_torch(module[:1])
    net.weight(1, 1, 1).data = 9.0
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())


def test_the_example_goes_on_in_two_processes_and_agrees(torch):
    done = subprocess.run(
        [sys.executable, "-W", "error", str(OUTGROW)],
        env={**os.environ, "PYTHONPATH": str(OUTGROW.parents[1])},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "in 2 processes" in done.stdout
    assert "weights after them, differences" in done.stdout
