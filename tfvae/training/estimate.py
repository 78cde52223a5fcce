"""How long a training will take, judged before it starts."""

from __future__ import annotations

import math
import time

import keras
import tensorflow as tf

TRAINING_PER_FORWARD = 3.0  # a backward pass costs about two forward ones
OVERHEAD = 2.0  # measured: a dense VAE's step against its matrix products alone


def training_seconds(model: keras.Model, examples: int) -> float:
    """Seconds for `examples` training examples, from the networks' products and this device's measured speed.

    seconds = examples * 3 * 2 * products / rate

    Args:
        model: built model; the multiply-adds of its dense and convolutional layers are counted.
        examples: int >= 0, over all epochs.

    Returns:
        float >= 0, seconds; an estimate, right to a factor of two or so.
    """
    return examples * TRAINING_PER_FORWARD * OVERHEAD * multiply_adds(model) / _rate()


def multiply_adds(model: keras.Model) -> float:
    """Multiply-adds of one example's way forward through the matrix products and convolutions of every trained network.

    Args:
        model: a functional network, or a model that holds such.
    """
    networks = [model] if hasattr(model, "inputs") else [layer for layer in model.layers if layer.trainable]
    return sum(_of_graph(network) for network in networks if hasattr(network, "inputs"))


def _of_graph(network: keras.Model) -> float:
    """The same of one network, read off its graph, where layers within layers show too."""
    example = [tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype) for tensor in network.inputs]
    graph = (
        tf.function(lambda *inputs: network(inputs[0] if len(inputs) == 1 else list(inputs)))
        .get_concrete_function(*example)
        .graph
    )
    total = 0.0
    for operation in graph.get_operations():
        if operation.type in ("Conv2D", "Conv2DBackpropInput"):
            gathers = operation.type == "Conv2D"
            grid = operation.outputs[0] if gathers else operation.inputs[2]
            total += math.prod(operation.inputs[1].shape) * math.prod(grid.shape[1:-1])
        elif operation.type == "MatMul":
            total += operation.inputs[1].shape.num_elements() * operation.outputs[0].shape[0]
    return total


def _rate() -> float:
    """Multiply-adds a second of this device, measured on a matrix product for about a tenth of a second."""
    matrix = tf.random.stateless_uniform((1024, 1024), (0, 0))
    tf.linalg.matmul(matrix, matrix).numpy()
    began, products = time.perf_counter(), 0
    while time.perf_counter() - began < 0.1:
        tf.linalg.matmul(matrix, matrix).numpy()
        products += 1
    return products * 1024**3 / (time.perf_counter() - began)


def in_words(seconds: float) -> str:
    """`about 40 s`, `about 12 min` or `about 3.5 h`."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h"
