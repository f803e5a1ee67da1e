"""Scalar graphs that you write, see, check equation by equation, and train."""

from micrograd_bp.costs import (
    cross_entropy,
    hinge,
    log_likelihood,
    quadratic,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
)
from micrograd_bp.descent import SGD
from micrograd_bp.engine import Value
from micrograd_bp.nn import MLP, Layer, Neuron
from micrograd_bp.primitives import Primitive, logsumexp, softmax, total, weighted_sum

__all__ = [
    "MLP",
    "SGD",
    "Layer",
    "Neuron",
    "Primitive",
    "Value",
    "cross_entropy",
    "hinge",
    "log_likelihood",
    "logsumexp",
    "quadratic",
    "sigmoid_cross_entropy",
    "softmax",
    "softmax_cross_entropy",
    "total",
    "weighted_sum",
]
