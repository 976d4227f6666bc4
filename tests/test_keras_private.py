"""What is private in Keras and TensorFlow: each touch is tried here, and made nowhere else."""

import re
import sys
from pathlib import Path

import pytest

import coursecnn
from coursecnn import _keras_private, backend
from coursecnn.backend import keras

VERSIONS = f"keras {keras.__version__}, backend {backend.name()}"
layers = keras.layers

PRIVATE = re.compile(
    r"keras\.src|tensorflow\.python|_nodes_by_depth|_keras_history|_inbound_nodes|_outbound_nodes"
    r"|\._functional\b|\"_functional\"|\._operations\b|_inputs_struct|\._layers\b|\"_layers\""
    r"|\"Base[A-Z]\w+\"|\"Merge\""
)


@pytest.fixture
def model():
    """Two layers, one of them used twice."""
    image, dense = keras.Input((4,), name="image"), layers.Dense(4, name="dense")
    return keras.Model(image, layers.ReLU(name="relu")(dense(dense(image))))


def test_no_other_module_touches_what_is_private():
    package = Path(coursecnn.__file__).parent
    touching = {
        path.name
        for path in package.rglob("*.py")
        if path.name != "_keras_private.py" and PRIVATE.search(path.read_text("utf-8"))
    }
    assert touching == set()


def test_a_graph_gives_its_calls_in_order(model):
    graph = _keras_private.graph_of(model)
    nodes = _keras_private.nodes(graph)
    names = [node.operation.name for node in nodes]
    assert names == ["image", "dense", "dense", "relu"], VERSIONS
    assert [node.is_input for node in nodes] == [True, False, False, False], VERSIONS
    assert nodes[1].input_tensors == nodes[0].outputs, VERSIONS
    symbol = keras.KerasTensor((1, 4))
    args, kwargs = nodes[1].arguments.fill_in({id(nodes[0].outputs[0]): symbol})
    assert (args, kwargs) == ((symbol,), {}), VERSIONS


def test_a_sequential_model_has_a_graph_once_it_is_built():
    model = keras.Sequential([layers.Dense(2)])
    assert _keras_private.graph_of(model) is None, VERSIONS
    model.build((None, 3))
    assert _keras_private.graph_of(model) is not None, VERSIONS


def test_a_tensor_knows_the_call_that_made_it(model):
    assert _keras_private.node_of(model.outputs[0]).operation.name == "relu", VERSIONS
    assert _keras_private.layer_of(model.inputs[0]).name == "image", VERSIONS
    assert _keras_private.node_of(keras.KerasTensor((1, 2))) is None


def test_the_inputs_come_as_they_were_given():
    left, right = keras.Input((2,), name="left"), keras.Input((2,), name="right")
    model = keras.Model({"left": left, "right": right}, layers.Add()([left, right]))
    assert set(_keras_private.input_structure(model)) == {"left", "right"}, VERSIONS


def test_a_layer_says_which_layers_it_holds():
    class Pair(layers.Layer):
        def __init__(self):
            super().__init__()
            self.first, self.others = layers.Dense(1, name="a"), [layers.Dense(1, name="b")]

    held = _keras_private.sublayers(Pair())
    assert {layer.name for layer in held} == {"a", "b"}, VERSIONS


def test_an_overridden_method_is_not_keras_s_own():
    class Doubled(layers.Dense):
        def call(self, inputs):
            return 2 * super().call(inputs)

    class Renamed(layers.Dense):
        pass

    assert _keras_private.is_keras_own(Renamed, "call"), VERSIONS
    assert not _keras_private.is_keras_own(Doubled, "call"), VERSIONS


def test_undone_calls_leave_no_trace(model):
    dense = model.get_layer("dense")
    before = dense._inbound_nodes[:]
    with _keras_private.undone_calls(model.layers):
        named = (dense(keras.Input((4,))) + 1).name
        assert len(dense._inbound_nodes) == 3, VERSIONS
    assert dense._inbound_nodes == before
    assert (dense(keras.Input((4,))) + 1).name == named, VERSIONS


def test_names_given_in_undone_calls_are_free_again():
    first = layers.Dense(1).name
    with _keras_private.undone_calls([]):
        inside = layers.Dense(1).name
    assert layers.Dense(1).name == inside != first, VERSIONS


def test_weights_without_memory_are_not_listed_after_the_block():
    with backend.without_weights():
        layers.Dense(10**6).build((None, 10**6))  # would be four terabytes
    with keras.StatelessScope():
        pass  # allocates what is listed when it ends


def test_a_name_that_has_gone_is_named(monkeypatch):
    graph = keras.Model(image := keras.Input((1,)), layers.ReLU()(image))
    monkeypatch.delattr(graph, "_nodes_by_depth")
    message = r"reads '_nodes_by_depth' of Keras's Functional, and Keras \S+ has none"
    with pytest.raises(_keras_private.PrivateKerasError, match=message):
        _keras_private.nodes(graph)


@pytest.mark.parametrize("missing", ["module", "function"])
@pytest.mark.skipif(backend.name() != "tensorflow", reason="of TensorFlow")
def test_a_machine_that_cannot_say_has_no_bfloat16(monkeypatch, missing):
    """A TensorFlow that has renamed what is asked costs time, and nothing else."""
    module = "tensorflow.python.util._pywrap_utils"
    if missing == "module":
        monkeypatch.setitem(sys.modules, module, None)
    else:
        from tensorflow.python.util import _pywrap_utils

        monkeypatch.delattr(_pywrap_utils, "IsDataTypeSupportedByOneDNNOnThisCPU", raising=False)
    assert not _keras_private.onednn_computes_bfloat16()


@pytest.mark.skipif(backend.name() != "tensorflow", reason="of TensorFlow")
def test_the_question_about_bfloat16_is_still_there():
    from tensorflow.python.util import _pywrap_utils

    assert hasattr(_pywrap_utils, "IsDataTypeSupportedByOneDNNOnThisCPU"), VERSIONS
