"""Count all `keras.applications` with TensorFlow's profiler, from their operations, and here.

    python -m benchmarks.application_macs > tests/models/application_macs.json
    python -m benchmarks.application_macs NAME ...        some of them

The first count is independent: TensorFlow looks at the operations that a network is made of once it
is traced, and knows nothing of layers; `coursecnn.models.costs` looks at layers, and knows nothing
of TensorFlow. The weights are arguments of the traced function, so none are allocated. Beside it
stand the products as this package counts them, and its count in the profiler's convention.
"""

import json
import sys
from typing import Any

import tensorflow as tf

from coursecnn.backend import keras, without_weights
from coursecnn.models import conventions

# Operations with products; the profiler counts two operations for each multiply-accumulate.
PRODUCTS = (
    "BatchMatMulV2",
    "Conv2D",
    "Conv2DBackpropInput",
    "DepthwiseConv2dNative",
    "Einsum",
    "MatMul",
)
SIDE = 224


def names() -> list[str]:
    """List the applications, each by its builder."""
    found = vars(keras.applications)
    return sorted(name for name, value in found.items() if callable(value))


def sizes(image: Any) -> tuple[int, ...]:
    """Give the sizes of an input; the two networks that leave them open were made for 224×224."""
    return tuple(size or SIDE for size in image.shape[1:])


def traced(model: keras.Model) -> Any:
    """Trace a model on one image, its weights being arguments."""
    weights = [
        [tf.TensorSpec(weight.shape, weight.dtype) for weight in group]
        for group in (model.trainable_variables, model.non_trainable_variables)
    ]
    images = [tf.TensorSpec((1, *sizes(image)), image.dtype) for image in model.inputs]

    def answer(trainable: Any, fixed: Any, images: Any) -> Any:
        return model.stateless_call(trainable, fixed, images, training=False)[0]

    argument = images[0] if len(images) == 1 else images
    return tf.function(answer, autograph=False).get_concrete_function(*weights, argument).graph


def float_operations(graph: Any) -> dict[str, int]:
    """Say how many floating-point operations each type of operation takes."""
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    node = tf.compat.v1.profiler.profile(graph, cmd="op", options=options)
    found = {}
    waiting = [node]
    while waiting:
        node = waiting.pop()
        found[node.name] = node.float_ops
        waiting.extend(node.children)
    return found


def counted(model: keras.Model) -> dict[str, int]:
    """Count the MACs of a model, and all floating-point operations that the profiler knows."""
    operations = float_operations(traced(model))
    products = sum(operations.get(name, 0) for name in PRODUCTS)
    every = sum(count for name, count in operations.items() if name != "_TFProfRoot")
    return {
        "parameters": model.count_params(),
        "macs": products // 2,
        "float_operations": every,
    }


def ours(model: keras.Model) -> dict[str, int]:
    """Count the products, and all operations in the convention of the profiler, by the layers."""
    shapes = [sizes(image) for image in model.inputs]
    shape = shapes if len(shapes) > 1 else shapes[0]
    found = conventions.restate(model, "tensorflow", input_shape=shape)
    return {"products": found.parts["products"] // 2, "restated": found.count}


def main() -> None:
    """Print one JSON object."""
    # Keras has a convolution in groups compiled, and the profiler does not look into functions.
    tf.config.run_functions_eagerly(True)
    rows = {}
    for name in sys.argv[1:] or names():
        with without_weights():
            model = getattr(keras.applications, name)(weights=None)
        rows[name] = counted(model) | ours(model)
        print(name, rows[name], file=sys.stderr)
    made = {
        "command": "python -m benchmarks.application_macs",
        "counter": "tf.compat.v1.profiler, float_operation",
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }
    print(json.dumps({**made, "applications": rows}, indent=1))


if __name__ == "__main__":
    main()
