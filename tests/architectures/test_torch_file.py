"""Files of PyTorch are read without it, and what is no tensor is refused."""

import io
import pickle
import struct
import sys
from collections import OrderedDict
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from coursecnn.architectures import _torch_file
from coursecnn.architectures._torch_file import FormatError, tensors

SYSTEM = {"protocol_version": 1001, "little_endian": True}


class FloatStorage:
    """Stands for PyTorch's, whose name alone is in a file."""


class LongStorage(FloatStorage):
    """Likewise."""


def _rebuild_tensor_v2():
    """Likewise."""


KINDS = {np.dtype("<f4"): FloatStorage, np.dtype("<i8"): LongStorage}


@pytest.fixture(autouse=True, scope="module")
def torch():
    """Modules with the names that PyTorch's files have, so that pickle can write them."""
    torch, utils = ModuleType("torch"), ModuleType("torch._utils")
    with pytest.MonkeyPatch.context() as patch:
        for module, things in (
            (torch, (FloatStorage, LongStorage)),
            (utils, (_rebuild_tensor_v2,)),
        ):
            patch.setitem(sys.modules, module.__name__, module)
            for thing in things:
                patch.setattr(thing, "__module__", module.__name__)
                setattr(module, thing.__name__, thing)
        yield


class Pickler(pickle.Pickler):
    """Writes arrays as PyTorch writes tensors: each in a storage of its own, in any order."""

    def __init__(self, file, places):
        super().__init__(file, protocol=2, fix_imports=False)
        self.places, self.storages = places, {}

    def reducer_override(self, thing):
        if not isinstance(thing, np.ndarray):
            return NotImplemented
        key = str(100 + len(self.storages))
        # As it lies in memory: PyTorch keeps the order of the axes by strides.
        self.storages[key] = thing.ravel(order="K")
        steps = tuple(stride // thing.itemsize for stride in thing.strides)
        offset, shape, strides = self.places or (0, thing.shape, steps)
        return _rebuild_tensor_v2, (
            *(("storage", key), offset, shape, strides),
            *(False, OrderedDict()),
        )

    def persistent_id(self, thing):
        if not isinstance(thing, tuple) or thing[:1] != ("storage",) or len(thing) != 2:
            return None
        values = self.storages[thing[1]]
        return ("storage", KINDS[values.dtype], thing[1], "cpu", values.size, None)


def written(arrays, *, magic=_torch_file.MAGIC, protocol=1001, system=SYSTEM, more=0, places=None):
    """The bytes of a file with these arrays.

    Args:
        arrays: By name.
        magic: The number in the beginning.
        protocol: The one that follows.
        system: And the last of the header.
        more: Elements that a storage has more than the dictionary says.
        places: Offset, shape and strides of each tensor, if not its own.
    """
    file = io.BytesIO()
    for part in (magic, protocol, system):
        pickle.dump(part, file, protocol=2, fix_imports=False)
    pickler = Pickler(file, places)
    pickler.dump(arrays)
    pickle.dump(list(pickler.storages), file, protocol=2)
    for values in pickler.storages.values():
        file.write(struct.pack("<q", values.size + more) + values.tobytes())
    return file.getvalue()


array = hnp.arrays(
    st.sampled_from(list(KINDS)),
    hnp.array_shapes(min_dims=0, max_dims=4, max_side=4),
    elements=st.integers(-100, 100),
)


@given(st.dictionaries(st.text(max_size=5), array, max_size=4), st.booleans())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_is_written_is_read(arrays, transposed):
    """Also from axes in another order, as PyTorch's `permute` leaves them."""
    arrays = {name: values.T if transposed else values for name, values in arrays.items()}
    read = tensors(written(OrderedDict(arrays)))
    assert list(read) == list(arrays)
    for name, values in arrays.items():
        assert read[name].dtype == values.dtype
        np.testing.assert_array_equal(read[name], values)


VALUES = {"weight": np.arange(24, dtype="<f4").reshape(2, 3, 4)}


def test_arrays_can_be_written_to():
    read = tensors(written(VALUES))["weight"]
    read += 1
    assert read.sum() == VALUES["weight"].sum() + 24


class Harmful:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("function", "arguments", "name"),
    [
        (print, ("pwned",), "builtins.print"),
        (eval, ("1",), "builtins.eval"),
        (getattr, (OrderedDict, "copy"), "builtins.getattr"),
        (io.open, ("/dev/null",), "io.open"),
        (OrderedDict.fromkeys, ("a",), "builtins.getattr"),
    ],
    ids=["print", "eval", "getattr", "open", "method"],
)
@pytest.mark.parametrize("where", ["magic", "system", "values"])
def test_what_is_no_tensor_is_not_called(function, arguments, name, where, capsys):
    harmful = Harmful(function, *arguments)
    content = written({"x": harmful}) if where == "values" else written({}, **{where: harmful})
    with pytest.raises(FormatError, match=f"^the file names {name}, which is no tensor$"):
        tensors(content)
    assert capsys.readouterr().out == ""


def test_the_check_above_can_fail(monkeypatch, capsys):
    """Where names are looked up as pickle does, the function is called."""
    monkeypatch.setattr(_torch_file._Unpickler, "find_class", pickle.Unpickler.find_class)
    with pytest.raises(FormatError, match="no dictionary of tensors"):
        tensors(written({"x": Harmful(print, "pwned")}))
    assert capsys.readouterr().out == "pwned\n"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"magic": 1}, "does not begin as PyTorch's"),
        ({"protocol": 1000}, "does not begin as PyTorch's"),
        ({"system": {"little_endian": False}}, "does not begin as PyTorch's"),
        ({"system": {}}, "no dictionary of tensors: 'little_endian'"),
        ({"more": 1}, "a storage has 25 elements, and 24 are announced"),
        ({"places": (1, (24,), (1,))}, "a tensor lies outside of its storage of 24"),
        ({"places": (-1, (2,), (1,))}, "a tensor lies outside of its storage of 24"),
        ({"places": (0, (2, 3), (-1, 1))}, "a tensor lies outside of its storage of 24"),
        ({"places": (0, (2,), (24,))}, "a tensor lies outside of its storage of 24"),
        ({"places": (0, (0,), (1,))}, "a tensor lies outside of its storage of 24"),
        ({"places": (0, (2, 3), (1,))}, "no dictionary of tensors"),
    ],
)
def test_what_does_not_add_up_is_refused(changed, message):
    with pytest.raises(FormatError, match=message):
        tensors(written(VALUES, **changed))


@given(st.integers(0, 10_000))
def test_a_file_that_is_cut_short_is_refused(place):
    content = written(VALUES)
    with pytest.raises(FormatError):
        tensors(content[: place % len(content)])


def test_a_file_that_goes_on_is_refused():
    with pytest.raises(FormatError, match="goes on after its last tensor"):
        tensors(written(VALUES) + b"0")
