"""Scalar graphs that you write, see, check equation by equation, and train."""

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

TYPE_CHECKING = False  # for a type checker it is true; the import of typing would take longest here

__version__ = "0.1.0"

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "CheckpointError",
    "History",
    "Layer",
    "MatrixForm",
    "Momentum",
    "Neuron",
    "Primitive",
    "Value",
    "check_gradient",
    "cross_entropy",
    "explain",
    "from_torch",
    "grad",
    "gradient_descent",
    "gradients",
    "hessian",
    "hinge",
    "jacobian",
    "load",
    "log_likelihood",
    "logsumexp",
    "matrix_form",
    "predict",
    "quadratic",
    "save",
    "sigmoid_cross_entropy",
    "softmax",
    "softmax_cross_entropy",
    "to_torch",
    "total",
    "train",
    "value_and_grad",
    "weighted_sum",
]

# A room is imported, and NumPy with it, when the first of its names is used.
_NAMES_OF = {
    "chain_rule": ["gradients"],
    "checkpoint": ["load", "save"],
    "costs": [
        "cross_entropy",
        "hinge",
        "log_likelihood",
        "quadratic",
        "sigmoid_cross_entropy",
        "softmax_cross_entropy",
    ],
    "descent": ["SGD", "Adam", "Momentum", "gradient_descent"],
    "engine": ["Value"],
    "files": ["CheckpointError"],
    "functional": ["grad", "hessian", "jacobian", "value_and_grad"],
    "gradient_check": ["check_gradient"],
    "history": ["History"],
    "matrix_form": ["MatrixForm", "matrix_form"],
    "nn": ["MLP", "Layer", "Neuron"],
    "paths": ["explain"],
    "primitives": ["Primitive", "logsumexp", "softmax", "total", "weighted_sum"],
    "pytorch": ["from_torch", "to_torch"],
    "training": ["predict", "train"],
}
_ROOM_OF = {name: room for room, names in _NAMES_OF.items() for name in names}

if TYPE_CHECKING:  # what type checkers and editors read
    from micrograd_bp.chain_rule import gradients
    from micrograd_bp.checkpoint import load, save
    from micrograd_bp.costs import (
        cross_entropy,
        hinge,
        log_likelihood,
        quadratic,
        sigmoid_cross_entropy,
        softmax_cross_entropy,
    )
    from micrograd_bp.descent import SGD, Adam, Momentum, gradient_descent
    from micrograd_bp.engine import Value
    from micrograd_bp.files import CheckpointError
    from micrograd_bp.functional import grad, hessian, jacobian, value_and_grad
    from micrograd_bp.gradient_check import check_gradient
    from micrograd_bp.history import History
    from micrograd_bp.matrix_form import MatrixForm, matrix_form
    from micrograd_bp.nn import MLP, Layer, Neuron
    from micrograd_bp.paths import explain
    from micrograd_bp.primitives import Primitive, logsumexp, softmax, total, weighted_sum
    from micrograd_bp.pytorch import from_torch, to_torch
    from micrograd_bp.training import predict, train
else:

    def __getattr__(name):
        if name in _ROOM_OF:
            value = getattr(import_module(f"{__name__}.{_ROOM_OF[name]}"), name)
            globals()[name] = value
            return value
        if not name.startswith("_") and find_spec(f"{__name__}.{name}"):
            return import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *__all__})

    class _House(ModuleType):
        """A module whose names no room replaces: importing a room sets it as an attribute here."""

        def __setattr__(self, name, value):
            is_room = isinstance(value, ModuleType)
            if not (is_room and name in _ROOM_OF):  # matrix_form is the function
                super().__setattr__(name, value)

    sys.modules[__name__].__class__ = _House
