"""The architecture explorer shows every network of the course as `accounting` counts it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from coursecnn import architectures
from coursecnn.backend import keras
from coursecnn.cli import app
from coursecnn.interactive import Accuracy, ArchitectureExplorer, Origin, page
from coursecnn.interactive.explorer import COLOURED, named, steps
from coursecnn.models import report
from coursecnn.models._kinds import kind_of_type
from coursecnn.models.costs import layer_table
from harness import sample
from tests import browser
from tests.networks import unet
from tests.outlines import outline

FIRST = ["vgg16", "resnet50"]
OTHERS = [name for name in architectures.names() if not name.startswith("ablation_")]
NAMES = list(dict.fromkeys([*FIRST, *OTHERS]))
LOOKED_AT = ("lenet5", "densenet201", "preact_resnet1001", "fractalnet40")
ACCURACIES = {
    "alexnet": Accuracy(57.2, "one crop"),
    "vgg16": Accuracy(71.5, "one crop"),
    "vgg19": Accuracy(74.5, "whole image"),
    "resnet50": Accuracy(75.3, "one crop"),
}
ORIGINS = {name: Origin.of(architectures.describe(name)) for name in NAMES}
COLUMNS = ("values", "params", "macs")

# All layers of all networks, one by one, from what the page holds.
UNROLLED = """async (source) => {
  const module = await import(`data:text/javascript;base64,${source}`);
  const data = JSON.parse(document.querySelector("[data-interactive] > script").textContent);
  const networks = module.decoded(data).map((network) => [
    network.name,
    network.totals,
    module.unrolled(network).map(({ name, type, shape, values, params, macs }) =>
      [name, type, shape, values, params, macs]),
  ]);
  return JSON.stringify(networks);
}"""

Show = Callable[..., Any]
Tables = dict[str, pd.DataFrame]


@cache
def table_of(name: str) -> pd.DataFrame:
    """The layers of a network of the course."""
    return layer_table(outline(name))


@pytest.fixture(scope="module")
def tables(request: pytest.FixtureRequest) -> Tables:
    """The layers of every network, or of a sample: to build them all takes a while."""
    names = NAMES
    if count := request.config.getoption("sample"):
        known = {*FIRST, *ACCURACIES, "lenet5", "mnist_tutorial"}
        known.update(sample.chosen(NAMES, count, sample.commit()))
        names = [name for name in NAMES if name in known]
    return {name: table_of(name) for name in names}


@pytest.fixture(scope="module")
def html(tables: Tables) -> str:
    """The explorer of all networks."""
    origins = {name: ORIGINS[name] for name in tables}
    return ArchitectureExplorer(tables, ACCURACIES, origins=origins)._repr_html_()


def panel(opened: Any, name: str) -> Any:
    return opened.locator(".networks > div").nth("AB".index(name))


def details(part: Any) -> str:
    return str(part.locator("[role=status]").inner_text())


def numbers(text: str) -> list[int]:
    return [int(found.replace(",", "")) for found in re.findall(r"\d[\d,]*", text)]


# The numbers


def test_the_page_holds_every_layer_of_its_networks(show: Show, html: str, tables: Tables) -> None:
    source = f"{page.module('networks.js')}\nexport {{ decoded, unrolled }};"
    encoded = base64.b64encode(source.encode()).decode()

    networks = json.loads(show(html).evaluate(UNROLLED, encoded))

    assert [name for name, _, _ in networks] == list(tables)
    assert len(NAMES) > 50
    for name, totals, layers in networks:
        table = tables[name]
        expected = table.assign(output_shape=table["output_shape"].map(lists)).to_numpy().tolist()
        assert layers == expected
        assert totals == {"layers": len(table), **table[list(COLUMNS)].sum().to_dict()}


def lists(shape: Any) -> Any:
    return [lists(part) for part in shape] if isinstance(shape, tuple) else shape


@pytest.mark.parametrize("name", NAMES)
def test_steps_hold_what_the_table_holds(name: str) -> None:
    table = table_of(name)

    found = [
        (named(pattern, time), *row)
        for step in steps(table)
        for time in range(step.times)
        for pattern, row in zip(step.names, step.rows, strict=True)
    ]

    columns = ["layer", "type", "output_shape", *COLUMNS]
    assert found == list(table[columns].itertuples(index=False, name=None))


def test_what_is_repeated_stands_there_once() -> None:
    times = [step.times for step in steps(table_of("resnet152"))]
    assert times == [1, 2, 1, 7, 1, 35, 1, 2, 1]  # 3, 8, 36 and 3 blocks, each first one another


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["unit1", "unit2", "unit3"], [(3, ["unit#1"])]),
        (["unit1", "unit2", "unit4"], [(2, ["unit#1"]), (1, ["unit4"])]),
        (["a1_b1", "a2_b2"], [(2, ["a#1_b#1"])]),
        (["a", "b"], [(1, ["a", "b"])]),
    ],
)
def test_only_names_that_count_on_are_taken_together(names: list[str], expected: Any) -> None:
    table = pd.DataFrame({"layer": names, "type": "ReLU", "output_shape": [(4,)] * len(names)})

    found = steps(table.assign(values=4, params=0, macs=0))

    assert [(step.times, step.names) for step in found] == expected


@pytest.fixture(scope="module")
def mine() -> Tables:
    """Networks from outside the zoo: sequences, names with spaces, several outputs, a number."""
    inputs = keras.Input((12, 3), name="my input")
    x = keras.layers.Conv1D(4, 3, name="conv #1")(inputs)
    states = keras.layers.LSTM(5, return_state=True, name="a b  c")(x)
    number = keras.ops.sum(states[0], axis=-1)
    tables = {"mine": layer_table(keras.Model(inputs, [number, *states[1:]]))}
    return tables | {"unet": layer_table(unet())}


def test_a_model_is_shown_as_its_table_is() -> None:
    models = {"mine": unet(), "lenet5": outline("lenet5")}
    tables = {name: layer_table(model) for name, model in models.items()}
    shown = ArchitectureExplorer(models, {})
    assert repr(shown) == repr(ArchitectureExplorer(tables, {}))
    assert shown._repr_html_() == ArchitectureExplorer(tables, {})._repr_html_()


def test_a_network_of_one_s_own_loses_no_layer_on_the_page(mine: Tables) -> None:
    for table in mine.values():
        names = [name for step in steps(table) for name in " ".join(step.names).split(" ")]
        assert len(names) == len(table)
        assert [named(name, 0) for name in names] == names


def test_a_network_of_one_s_own_is_shown(show: Show, mine: Tables) -> None:
    opened = show(ArchitectureExplorer(mine, {})._repr_html_())
    shown = opened.locator("[data-interactive]")
    assert "NaN" not in shown.inner_html()
    assert "undefined" not in shown.inner_html()
    totals = mine["mine"][["params", "macs", "values"]].sum()
    assert set(totals) <= set(numbers(panel(opened, "A").inner_text()))


@pytest.mark.parametrize("name", NAMES)
def test_every_layer_that_computes_has_its_kind(name: str) -> None:
    table = table_of(name)
    kinds = set(map(kind_of_type, table.loc[table["macs"] > 0, "type"]))
    assert kinds <= set(COLOURED)


# The page


def test_a_panel_shows_the_totals_of_its_network(show: Show, html: str, tables: Tables) -> None:
    opened = show(html)
    part = panel(opened, "B")
    for name in filter(tables.__contains__, LOOKED_AT):
        part.locator("select").select_option(name)
        table = tables[name]
        sums = [int(table[column].sum()) for column in ("params", "macs", "values")]
        assert numbers(part.locator("p").first.inner_text())[:4] == [len(table), *sums]
        titles = part.locator(".title").all_inner_texts()
        assert [numbers(title)[-1] for title in titles] == [table[c].sum() for c in COLUMNS]


def test_the_table_has_all_layers(show: Show, html: str, tables: Tables) -> None:
    opened = show(html)
    part = panel(opened, "A")
    assert part.locator("td").count() == 0

    part.locator("summary").click()

    part.locator("td").first.wait_for()
    cells = np.reshape(part.locator("td").all_text_contents(), (-1, 6))
    table = tables["vgg16"]
    assert cells[:, 0].tolist() == table["layer"].tolist()
    for column, shown in zip(COLUMNS, cells.T[3:], strict=True):
        assert [numbers(text)[0] for text in shown] == table[column].tolist()


def test_the_keyboard_goes_from_layer_to_layer(show: Show, html: str, tables: Tables) -> None:
    opened = show(html)
    part = panel(opened, "A")
    assert details(part).startswith("fc6 (Dense): output 4096, 4,096 values (16.4 kB), 102,764,544")

    part.locator(".skyline").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft"):
        opened.keyboard.press(key)

    row = tables["vgg16"].set_index("layer").index.get_loc("fc6") + 1
    assert details(part).startswith(tables["vgg16"]["layer"][row])


def test_a_screen_reader_hears_the_layer(show: Show, html: str, tables: Tables) -> None:
    opened = show(html)
    opened.locator(".skyline").first.focus()

    opened.keyboard.press("ArrowRight")

    drawn = [named(name, 0) for step in steps(tables["vgg16"]) for name in step.names]
    place = drawn.index("fc6") + 1
    first, second = browser.sliders(opened)
    assert first == ("layers of vgg16", drawn[place], place, (0, len(drawn) - 1), True)
    assert second.name == "layers of resnet50"
    assert opened.locator("[role=application]").count() == 0


@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "finger"])
def test_pointing_at_a_bar_says_which_layer_it_is(
    show: Show, touch: bool, html: str, tables: Tables
) -> None:
    opened = show(html, width=360, touch=touch)
    part = panel(opened, "B")
    box = part.locator(".stack").nth(1)
    box.scroll_into_view_if_needed()
    place = {"x": box.bounding_box()["width"] - 3, "y": 8}

    box.tap(position=place) if touch else box.hover(position=place)

    params = tables["resnet50"].set_index("layer")["params"]
    text = details(part)
    assert text.startswith(f"{params.index[-1]} (Dense)")
    share = 100 * params.iloc[-1] / params.sum()
    assert f"{share:.3f}".rstrip("0") + " % of the parameters" in text


def test_pointing_at_the_drawing_says_which_layer_it_is(show: Show, html: str) -> None:
    opened = show(html)
    drawing = panel(opened, "A").locator(".boxes")

    drawing.hover(position={"x": 1, "y": 20})

    assert details(panel(opened, "A")).startswith("image (InputLayer): output 224×224×3")


def widths(opened: Any) -> list[float]:
    """How long the bars are, those of A and then those of B."""
    return [bar.bounding_box()["width"] for bar in opened.locator(".stack").all()]


def test_bars_are_as_long_as_what_they_stand_for(show: Show, html: str, tables: Tables) -> None:
    opened = show(html)
    a, b = (tables[name] for name in FIRST)

    found = widths(opened)
    for shown_a, shown_b, column in zip(found[:3], found[3:], COLUMNS, strict=True):
        ratio = a[column].sum() / b[column].sum()
        assert shown_a / shown_b == pytest.approx(ratio, rel=0.02)
    opened.get_by_label("on one scale").uncheck()

    assert max(widths(opened)) == pytest.approx(min(widths(opened)), abs=1)


def test_a_disc_of_the_chart_shows_its_network(show: Show, html: str) -> None:
    opened = show(html)
    disc = opened.get_by_role("button", name="vgg19: 74.5 %, whole image")
    assert "ring" in disc.get_attribute("class")

    opened.get_by_label("A click shows a network as").select_option("B")
    disc.click()

    assert panel(opened, "B").locator("select").input_value() == "vgg19"
    assert (disc.inner_text(), disc.get_attribute("aria-pressed")) == ("B", "true")
    assert "vgg19: 74.5 % (whole image), 143,667,240 parameters" in opened.inner_text(".coursecnn")


def test_the_discs_stand_where_their_accuracy_and_cost_are(
    show: Show, html: str, tables: Tables
) -> None:
    opened = show(html)
    for column, words in zip(COLUMNS, ("values in memory", "parameters", "MACs"), strict=True):
        opened.get_by_label("Accuracy over").select_option(words)
        places = [middle(opened, name) for name in ACCURACIES]
        costs = [np.log10(tables[name][column].sum()) for name in ACCURACIES]
        percents = [accuracy.percent for accuracy in ACCURACIES.values()]
        x, y = np.transpose(places)
        assert np.corrcoef(x, costs)[0, 1] == pytest.approx(1, abs=1e-3)
        assert np.corrcoef(y, percents)[0, 1] == pytest.approx(-1, abs=1e-3)


def test_the_chart_can_be_over_the_years(show: Show, html: str) -> None:
    opened = show(html)
    opened.get_by_label("Accuracy over").select_option("year of publication")

    years = {name: ORIGINS[name].year for name in ACCURACIES}
    places = [middle(opened, name)[0] for name in ACCURACIES]
    assert len(set(years.values())) > 2
    assert np.corrcoef(places, list(years.values()))[0, 1] == pytest.approx(1, abs=1e-3)
    ticks = [int(text) for text in opened.locator(".tick-left").all_inner_texts()]
    assert opened.locator(".disc:not([hidden])").count() == len(ACCURACIES)
    assert min(years.values()) - 1 <= min(ticks) < max(ticks) <= max(years.values()) + 1


def test_a_network_of_no_known_year_has_no_place_among_the_years(
    show: Show, tables: Tables
) -> None:
    named = {name: tables[name] for name in ACCURACIES}
    origins = {name: ORIGINS[name] for name in ACCURACIES if name != FIRST[0]}
    opened = show(ArchitectureExplorer(named, ACCURACIES, origins=origins)._repr_html_())
    opened.get_by_label("Accuracy over").select_option("year of publication")

    shown = opened.locator(".disc:not([hidden])")
    assert shown.count() == len(ACCURACIES) - 1
    assert opened.locator('.disc:not([hidden])[tabindex="0"]').count() == 1
    shown.first.focus()
    for _ in ACCURACIES:
        opened.keyboard.press("ArrowRight")
    assert opened.locator(".disc:focus").count() == 1


def test_networks_are_listed_by_family_the_oldest_first(show: Show, html: str) -> None:
    opened = show(html)
    groups = """(all) => all.map((group) =>
      [group.label, [...group.querySelectorAll("option")].map((one) => one.value)])"""

    listed = opened.eval_on_selector_all(".networks > div:first-child optgroup", groups)

    assert [
        name for family, names in listed for name in names if ORIGINS[name].family != family
    ] == []
    oldest = [min(ORIGINS[name].year or 9999 for name in names) for _, names in listed]
    assert oldest == sorted(oldest)
    assert panel(opened, "A").locator("select").input_value() == FIRST[0]
    assert "Family vgg, 2015." in panel(opened, "A").locator("p").first.inner_text()


def test_years_are_those_of_the_sources() -> None:
    years = {name: ORIGINS[name].year for name in ORIGINS}

    assert (years["lenet5_1998"], years["alexnet"], years["convnext_tiny"]) == (1998, 2012, 2022)
    assert years["mobilenet_v1"] == 2017
    assert years["mnist_tutorial"] is None
    for name, year in years.items():
        assert year is None or str(year) in architectures.describe(name).source


OPEN = """async ([text, name]) => {
  const box = document.querySelector("input[type=file]");
  const transfer = new DataTransfer();
  transfer.items.add(new File([text], name));
  box.files = transfer.files;
  box.dispatchEvent(new Event("change"));
}"""


NAMED = keras.Sequential(
    [keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3, name="a<b&amp;>c"), keras.layers.Flatten()],
    name="odd_names",
)
OWN = {
    "LeNet-5": lambda: outline("lenet5"),
    "U-Net": unet,
    "ResNet-20": lambda: outline("resnet20"),
    "odd names": lambda: NAMED,
}


@pytest.mark.parametrize("wrote", ["count", "draw"])
@pytest.mark.parametrize("name", OWN)
def test_a_file_of_coursecnn_is_shown_as_its_table_is(
    show: Show, html: str, name: str, wrote: str, tmp_path: Path
) -> None:
    model = OWN[name]()
    path = tmp_path / "mine.keras"
    model.save(path)
    table = layer_table(model)
    opened = show(html)

    if wrote == "count":
        opened.evaluate(OPEN, [report.report(str(path), output="json"), "mine.json"])
    else:
        assert (
            CliRunner().invoke(app, ["draw", str(path), "--output", f"{path}.svg"]).exit_code == 0
        )
        opened.evaluate(OPEN, [Path(f"{path}.svg").read_text("utf-8"), "mine.svg"])

    part = panel(opened, "B")
    opened.get_by_text(f"{model.name} is shown as B.").wait_for()
    sums = [int(table[column].sum()) for column in ("params", "macs", "values")]
    assert numbers(part.locator("p").first.inner_text())[:4] == [len(table), *sums]
    part.locator("summary").click()
    part.locator("td").first.wait_for()
    cells = np.reshape(part.locator("td").all_text_contents(), (-1, 6))
    assert cells[:, 1].tolist() == table["type"].tolist()
    kinds = part.locator(".skyline path:not(.line)").evaluate_all(
        "(all) => all.filter((path) => path.getAttribute('d')).map((path) => path.classList[0])"
    )
    known = {kind_of_type(type_) for type_ in table["type"]}
    assert set(kinds) - {"other"} == known & set(COLOURED)


@pytest.mark.parametrize(
    "text",
    ["", "{}", '{"model": "a", "layers": []}', '{"layers": [{"layer": "a"}]}'],
)
def test_another_file_is_refused_and_changes_nothing(show: Show, html: str, text: str) -> None:
    opened = show(html)

    opened.evaluate(OPEN, [text, "mine.json"])

    opened.get_by_text("mine.json is not such a file.").wait_for()
    assert panel(opened, "B").locator("select").input_value() == FIRST[1]


@pytest.mark.parametrize(
    "text",
    [
        "<svg></svg>",
        '<?xml version="1.0"?><svg><metadata><rdf:RDF/></metadata></svg>',
        '<svg><metadata id="coursecnn-counted">{"layers": []}</metadata></svg>',
    ],
)
def test_a_drawing_that_holds_no_network_is_told_apart(show: Show, html: str, text: str) -> None:
    opened = show(html)

    opened.evaluate(OPEN, [text, "mine.svg"])

    opened.get_by_text("mine.svg is a drawing in which no network is counted").wait_for()
    assert panel(opened, "B").locator("select").input_value() == FIRST[1]


def test_types_that_the_page_does_not_know_are_known_by_their_names(show: Show, html: str) -> None:
    source = f"{page.module('networks.js')}\nexport {{ ownNetwork }};"
    types = ["Conv1D", "Conv3DTranspose", "DepthwiseConv2D", "Dense", "GlobalMaxPooling1D", "Add"]
    layers = [
        {"layer": "a", "type": name, "output_shape": [1], "values": 1, "params": 0, "macs": 0}
        for name in (*types, "Concatenate", "Flatten", "BatchNormalization")
    ]
    kinds = show(html).evaluate(
        """async ([source, text]) => {
          const module = await import(`data:text/javascript;base64,${source}`);
          return module.ownNetwork(text, []).steps[0].rows.map(({ kind }) => kind);
        }""",
        [
            base64.b64encode(source.encode()).decode(),
            json.dumps({"model": "a", "layers": layers}),
        ],
    )

    expected = [kind_of_type(layer["type"]) for layer in layers]
    assert kinds == [kind if kind in COLOURED else "other" for kind in expected]


def middle(opened: Any, name: str) -> tuple[float, float]:
    box = opened.locator(f'.disc[aria-label^="{name}:"]').bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_chart_is_one_stop_of_the_tab_key(show: Show, html: str) -> None:
    opened = show(html)
    assert opened.locator('.disc[tabindex="0"]').count() == 1
    opened.locator('.disc[tabindex="0"]').focus()

    opened.keyboard.press("ArrowRight")
    assert opened.inner_text(".chart + p").startswith("vgg19:")
    opened.keyboard.press("Enter")

    assert panel(opened, "A").locator("select").input_value() == "vgg19"


def test_without_accuracies_there_is_no_chart(show: Show, tables: Tables) -> None:
    few = {name: tables[name] for name in ("lenet5", "mnist_tutorial")}
    assert show(ArchitectureExplorer(few, {})).locator(".chart").count() == 0


# Around it


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1300])
def test_the_page_does_not_scroll_sideways(show: Show, width: int, dark: bool, html: str) -> None:
    opened = show(html, width=width, dark=dark)
    opened.locator("summary").first.click()

    assert opened.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(show: Show, dark: bool, html: str) -> None:
    opened = show(html, dark=dark)
    opened.locator("summary").first.click()

    assert browser.faults(opened) == []


@pytest.mark.whole
def test_it_is_no_heavier_than_planned(html: str) -> None:
    assert len(html.encode()) < 270_000  # with those that came after ResNet


def test_it_loads_nothing_and_is_always_the_same(html: str, tables: Tables) -> None:
    origins = {name: ORIGINS[name] for name in tables}
    assert html == ArchitectureExplorer(tables, ACCURACIES, origins=origins)._repr_html_()
    addresses = set(re.findall(r"https?://[^\s\"'<]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}


def test_where_scripts_do_not_run_the_totals_are_there(html: str) -> None:
    assert "<tr><td>vgg16<td>138,357,544<td>15,470,264,320" in html


@pytest.mark.parametrize(
    ("names", "accuracies", "message"),
    [
        (["vgg16"], {}, r"two networks or more, got \['vgg16'\]"),
        (FIRST, {"vgg19": Accuracy(74.5, "one crop")}, r"of networks in tables, got \['vgg19'\]"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    names: list[str], accuracies: Any, message: str, tables: Tables
) -> None:
    with pytest.raises(ValueError, match=message):
        ArchitectureExplorer({name: tables[name] for name in names}, accuracies)


def test_an_origin_of_no_network_is_refused(tables: Tables) -> None:
    two = {name: tables[name] for name in FIRST}
    with pytest.raises(ValueError, match=r"origins must be of networks in tables, got \['vgg19'\]"):
        ArchitectureExplorer(two, {}, origins={"vgg19": Origin("vgg", 2015)})
