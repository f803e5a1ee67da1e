"""Scalar graphs that you write, see, check equation by equation, and train."""

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
