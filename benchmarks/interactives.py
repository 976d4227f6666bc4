"""How heavy, quick and exact the interactives are: `python -m benchmarks.interactives`.

For each interactive that a chapter stores:

- its bytes, and those that a web server sends, compressed by gzip;
- the time of the page's own thread until it is drawn and answers, on a processor that Chromium
  slows down four times; the shortest of `STARTS` starts in an empty page;
- in how many random cases its arithmetic was compared with that of the package (with Keras, for the
  two that hold a trained network), how many numbers that were, and the largest difference.

It needs a Chromium, as the tests of the pages do. It prints a table; the last line is JSON. Names
of interactives, such as `calculator replay`, choose some of them.
"""

from __future__ import annotations

import argparse
import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from coursecnn import datasets, training
from coursecnn.architectures import build
from coursecnn.backend import without_weights
from coursecnn.convolution import conv2d, conv2d_gradients, correlate2d, pool2d
from coursecnn.geometry import Convolution, receptive_field
from coursecnn.interactive import (
    ArchitectureExplorer,
    ChannelMixer,
    DigitReader,
    FilterExplorer,
    InceptionCalculator,
    PhotoReader,
    page,
    snapshots,
)
from coursecnn.interactive.inception import FIELDS
from coursecnn.interactive.mixer import WAYS
from coursecnn.models.costs import layer_table
from coursecnn.training.recipes import RECIPES
from harness import browser
from harness.interactives import Interactive, stored

STARTS = 5
CASES = 200
IMAGES = 50  # that the two networks read
RUN = """async ([source, body, calls]) => {
  const module = await import(`data:text/javascript;base64,${source}`);
  const run = new Function("module", ...body.names, `return ${body.expression};`);
  const plain = (key, value) => (ArrayBuffer.isView(value) ? [...value] : value);
  return calls.map((call) => JSON.parse(JSON.stringify(run(module, ...call), plain)));
}"""
DATA_OF = "JSON.parse(document.querySelector('[data-interactive] > script').textContent)"


class Agreement(NamedTuple):
    """In how many cases two computed the same, how many numbers, and how far they were apart."""

    cases: int
    numbers: int
    error: float


@dataclass(frozen=True)
class Scripts:
    """Scripts of the interactives, in a page of Playwright's that may show one of them."""

    page: Any

    def answers(self, script: str, names: str, expression: str, calls: list[Any]) -> list[Any]:
        """Evaluate an expression on the arguments `a`, `b`, `c` and `d`, once for each call."""
        source = f"{page.module(script)}\nexport {{ {names} }};"
        body = {"names": list("abcd"), "expression": expression}
        encoded = base64.b64encode(source.encode()).decode()
        return list(self.page.evaluate(RUN, [encoded, body, calls]))


def agreement(found: Iterable[Any], expected: Iterable[Any]) -> Agreement:
    """Compare numbers, case by case; other shapes are an error."""
    pairs = [(np.ravel(a), np.ravel(b)) for a, b in zip(found, expected, strict=True)]
    differences = [np.abs(np.subtract(a, b, dtype=float)).max(initial=0) for a, b in pairs]
    return Agreement(len(pairs), sum(a.size for a, _ in pairs), float(max(differences)))


def random_convolutions() -> list[tuple[Any, ...]]:
    """An image, kernels, biases, and the settings of a layer whose windows fit."""
    rng = np.random.default_rng(0)
    cases = []
    for _ in range(CASES):
        height, width, depth, filters = rng.integers(1, 5, 4)
        image = rng.normal(size=(*rng.integers(4, 9, 2), depth))
        kernels = rng.normal(size=(height, width, depth, filters))
        layer = {"stride": int(rng.integers(1, 4)), "padding": int(rng.integers(0, 3))}
        cases.append((image, kernels, rng.normal(size=filters), layer))
    return cases


def _of_stepper(scripts: Scripts) -> Agreement:
    cases = random_convolutions()
    calls = [[page.array(x), page.array(k), b.tolist(), layer] for x, k, b, layer in cases]
    found = scripts.answers("arithmetic.js", "conv2d", "module.conv2d(a, b, c, d).values", calls)
    expected = (conv2d(x[None], k, b, **layer, rounding="floor") for x, k, b, layer in cases)
    return agreement(found, expected)


def _of_playground(scripts: Scripts) -> Agreement:
    cases = [(x[..., :1], k[..., :1, :1]) for x, k, _, _ in random_convolutions()]
    calls = [[page.array(x), page.array(k)] for x, k in cases]
    found = scripts.answers("arithmetic.js", "conv2d", "module.conv2d(a, b, [0]).values", calls)
    return agreement(found, (correlate2d(x[..., 0], k[..., 0, 0]) for x, k in cases))


def _of_backward(scripts: Scripts) -> Agreement:
    calls, expected = [], []
    for x, k, _, layer in random_convolutions():
        x, k = x[None, ..., :1], k[..., :1, :1]
        answers = conv2d(x, k, **layer, rounding="floor")
        upstream = np.random.default_rng(1).normal(size=answers.shape)
        gradients = conv2d_gradients(x, k, upstream, **layer, rounding="floor")
        matrices = (x[0, ..., 0], k[..., 0, 0], upstream[0, ..., 0])
        calls.append([*map(page.array, matrices), layer])
        expected.append([*gradients.x.ravel(), *gradients.kernels.ravel()])
    expression = (
        "['imageGradient', 'kernelGradient'].flatMap((n) => [...module[n](a, b, c, d).values])"
    )
    names = "imageGradient, kernelGradient"
    return agreement(scripts.answers("gradients.js", names, expression, calls), expected)


def _of_pooling(scripts: Scripts) -> Agreement:
    rng, calls, expected = np.random.default_rng(2), [], []
    for number in range(CASES):
        size = int(rng.integers(1, 5))
        matrix = rng.normal(size=rng.integers(size, 11, 2))
        pooling = {"size": size, "stride": int(rng.integers(1, 5)), "padding": size // 2}
        mode: Any = ("max", "average")[number % 2]
        calls.append([page.array(matrix), pooling, mode])
        expected.append(pool2d(matrix[None, ..., None], **pooling, mode=mode, rounding="floor"))
    found = scripts.answers("pools.js", "pool2d", "module.pool2d(a, b, c).values", calls)
    return agreement(found, expected)


def _of_calculator(scripts: Scripts) -> Agreement:
    rng, expected = np.random.default_rng(3), []
    calls: list[Any] = []
    while len(calls) < CASES:
        kernel, stride, padding, dilation = map(int, rng.integers((1, 1, 0, 1), (8, 5, 4, 3)))
        size, groups, width, outputs = map(int, rng.integers(1, (513, 9, 65, 65)))
        layer = Convolution(
            groups * outputs, kernel, stride, padding, dilation, groups, rounding="floor"
        )
        shape = (size, size, groups * width)
        try:
            expected.append(
                [layer.output_shape(shape)[0], layer.parameters(shape), layer.macs(shape)]
            )
        except ValueError:
            continue
        window = {"size": size, "kernel": kernel, "stride": stride, "padding": padding}
        depth = {"channels": groups * width, "filters": groups * outputs, "groups": groups}
        calls.append([{"layer": "convolution", "dilation": dilation, **window, **depth}])
    names = "sideOf, learned, multiplied"
    expression = "[module.sideOf(a), module.learned(a), module.multiplied(a)]"
    return agreement(scripts.answers("layers.js", names, expression, calls), expected)


def _of_mixer(scripts: Scripts) -> Agreement:
    rng, calls, expected = np.random.default_rng(4), [], []
    for number in range(CASES):
        groups, width, outputs, kernel, size = map(int, rng.integers(1, (9, 33, 33, 8, 257)))
        way = WAYS[number % len(WAYS)]
        mixer = ChannelMixer(groups * width, groups * outputs, kernel, size, groups, way)
        names = ("size", "channels", "filters", "kernel", "groups")
        calls.append([way, {name: getattr(mixer, name) for name in names}])
        expected.append(mixer.costs())
    expression = "Object.values(module.costs(module.layersOf(a, b), b.size))"
    return agreement(scripts.answers("mixing.js", "costs, layersOf", expression, calls), expected)


def _of_inception(scripts: Scripts) -> Agreement:
    from coursecnn.architectures.googlenet import Inception

    rng = np.random.default_rng(5)
    draws = rng.integers(1, [field.max + 1 for field in FIELDS], (CASES, len(FIELDS))).tolist()
    calls = [[dict(zip([field.name for field in FIELDS], row, strict=True))] for row in draws]
    modules = {
        str(n): ((size, size, depth), Inception(*row))
        for n, (size, depth, *row) in enumerate(draws)
    }
    calculator = InceptionCalculator(modules)
    module = "[module.naiveModule(a), module.reducedModule(a)]"
    costs = "[module.total(m, module.macs), module.total(m, module.parameters), m.depth]"
    names = "naiveModule, reducedModule, total, macs, parameters"
    found = scripts.answers("inception.js", names, f"{module}.map((m) => {costs})", calls)
    return agreement(found, map(calculator.costs, modules))


def _of_receptive(scripts: Scripts) -> Agreement:
    rng, calls, expected = np.random.default_rng(6), [], []
    for _ in range(CASES):
        layers: list[dict[str, Any]] = [
            {
                "kernel": int(rng.integers(1, 6)),
                "stride": int(rng.integers(1, 4)),
                "padding": int(rng.integers(0, 3)),
                "dilation": int(rng.integers(1, 4)),
            }
            for _ in range(rng.integers(1, 6))
        ]
        field = receptive_field([Convolution(1, **layer) for layer in layers])
        calls.append([layers])
        expected.append([field.size, field.jump, field.start])
    expression = "(({ size, jump, start }) => [size, jump, start])(module.receptiveField(a))"
    return agreement(scripts.answers("paths.js", "receptiveField", expression, calls), expected)


def _of_replay(scripts: Scripts) -> Agreement:
    rng = np.random.default_rng(7)
    cases = [rng.normal(size=(2, rng.integers(1, 20))) for _ in range(CASES)]
    calls = [[line.tolist(), other.tolist()] for line, other in cases]
    expected = [[np.abs(a - b).mean(), a[-1] - b[-1]] for a, b in cases]
    expression = "Object.values(module.distance(a, b))"
    return agreement(scripts.answers("sketch.js", "distance", expression, calls), expected)


def _of_explorer(scripts: Scripts) -> Agreement:
    names = ("lenet5", "vgg16", "resnet50", "densenet121", "mobilenet_v2")
    with without_weights():
        tables = {name: layer_table(build(name)) for name in names}
    scripts.page.set_content(
        browser.DOCUMENT.format(ArchitectureExplorer(tables, {})._repr_html_())
    )
    columns = ["values", "params", "macs"]
    network = f"module.unrolled(module.decoded({DATA_OF})[a])"
    expression = f"{network}.map((row) => [row.values, row.params, row.macs])"
    calls = [[number] for number in range(len(names))]
    found = scripts.answers("networks.js", "decoded, unrolled", expression, calls)
    return agreement(found, (table[columns].to_numpy() for table in tables.values()))


def _of_digits(scripts: Scripts) -> Agreement:
    data, network = datasets.mnist(), training.load_trained(RECIPES["lenet5"])
    network.set_weights([weight.astype("float16") for weight in network.get_weights()])
    images = data.x_test[:IMAGES]
    reader = DigitReader(network, images[:10], data.y_test[:10])
    scripts.page.set_content(browser.DOCUMENT.format(reader._repr_html_()))
    weights = f"""Object.fromEntries(Object.entries({DATA_OF}.weights).map(([name, layer]) => {{
      const kernels = {{ shape: layer.kernels.shape, values: module.halves(layer.kernels.half) }};
      return [name, {{ kernels, bias: module.halves(layer.bias) }}];
    }}))"""
    expression = f"Object.values(module.layersOf({weights}, a)).at(-1).values"
    calls = [[image.ravel().tolist()] for image in images]
    found = scripts.answers("lenet.js", "halves, layersOf", expression, calls)
    return agreement(found, network.predict(images / 255, verbose=0))


def _of_photo(scripts: Scripts) -> Agreement:
    data, network = datasets.cifar10(), training.load_trained(RECIPES["fast"])
    images = data.x_test[:IMAGES]
    reader = PhotoReader(network, images[:3], data.y_test[:3], list(data.classes))
    scripts.page.set_content(browser.DOCUMENT.format(reader._repr_html_()))
    weights = f"""((data) => ({{
      layers: data.layers.map(module.decoded), classifier: module.decoded(data.classifier)
    }}))({DATA_OF})"""
    expression = f"module.read({weights}, Uint8Array.from(a)).probabilities"
    calls = [[image.ravel().tolist()] for image in images]
    found = scripts.answers("fast.js", "decoded, read", expression, calls)
    return agreement(found, reader.network.predict(images / np.float32(255), verbose=0))


def _of_filters(scripts: Scripts) -> Agreement:
    network, rng = training.load_trained(RECIPES["lab"]), np.random.default_rng(8)
    explorer = FilterExplorer(network, "conv1", photographs=snapshots()[:1])
    kernels, bias = np.asarray(explorer.kernels), np.asarray(explorer.bias)
    images = rng.integers(0, 256, (CASES, 8, 8, 3)) / 255
    filters = rng.integers(0, len(bias), CASES).tolist()
    calls = [
        [page.array(image), page.array(kernels[..., [n]]), [float(bias[n])]]
        for image, n in zip(images, filters, strict=True)
    ]
    found = scripts.answers("filters.js", "conv2d", "module.conv2d(a, b, c).values", calls)
    answers = conv2d(images, kernels, bias)
    return agreement(found, (answers[case, ..., n] for case, n in enumerate(filters)))


def _of_guesses(scripts: Scripts) -> Agreement:
    rng, calls, expected = np.random.default_rng(9), [], []
    options = ("gain", "open", "loss", None)  # None is unknown, or not guessed
    for _ in range(CASES):
        answers, guesses = ([options[n] for n in row] for row in rng.integers(0, 4, (2, 40)))
        made = [pair for pair in zip(answers, guesses, strict=True) if pair[1] is not None]
        judged = [answer == guess for answer, guess in made if answer is not None]
        calls.append([answers, guesses])
        expected.append([sum(judged), len(judged), len(made) - len(judged)])
    expression = "(({ right, judged, waiting }) => [right, judged, waiting])(module.counted(a, b))"
    return agreement(scripts.answers("guesses.js", "counted", expression, calls), expected)


COMPARED: dict[str, Callable[[Scripts], Agreement]] = {
    "stepper": _of_stepper,
    "playground": _of_playground,
    "backward": _of_backward,
    "pooling": _of_pooling,
    "calculator": _of_calculator,
    "mixer": _of_mixer,
    "inception": _of_inception,
    "receptive": _of_receptive,
    "replay": _of_replay,
    "explorer": _of_explorer,
    "digits": _of_digits,
    "photo": _of_photo,
    "filters": _of_filters,
    "guesses": _of_guesses,
}


def _row(chromium: Any, one: Interactive, agreed: Agreement) -> dict[str, Any]:
    """What is said of an interactive of a chapter."""
    html = one.html.encode()
    return {
        "interactive": one.kind,
        "chapter": one.chapter.rpartition("/")[2],
        "bytes": len(html),
        "compressed": one.bytes_sent,
        "seconds": min(browser.seconds_to_start(chromium, one.html) for _ in range(STARTS)),
        **agreed._asdict(),
    }


def main() -> None:
    """Print a line for each interactive."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", help="names of interactives; all, if there are none")
    asked = parser.parse_args().kinds or list(COMPARED)
    rows = []
    print("| interactive | chapter | bytes | compressed | seconds | cases | numbers | error |")
    print("|:--|:--|--:|--:|--:|--:|--:|--:|", flush=True)
    with browser.started() as chromium:
        for one in stored():
            if one.kind not in asked:
                continue
            with browser.visit(chromium, fresh=True) as visit:
                agreed = COMPARED[one.kind](Scripts(visit.page))
            row = _row(chromium, one, agreed)
            rows.append(row)
            name, chapter, *sizes, seconds, cases, numbers, error = row.values()
            counts = " | ".join(f"{size:,}" for size in sizes)
            print(
                f"| {name} | {chapter} | {counts} | {seconds:.2f} | {cases} | {numbers:,} ", end=""
            )
            print(f"| {error:.1g} |", flush=True)
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
