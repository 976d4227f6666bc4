"""Where the nodes of a graph are drawn."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursecnn.models import layout as layouts
from coursecnn.models.graph import Graph, Node, Repeat, graph
from coursecnn.models.layout import broken, layout
from tests.outlines import outline

FAMILIES = (
    *("lenet5_1998", "alexnet", "zfnet", "vgg16", "nin_cifar10", "googlenet", "googlenet_aux"),
    *("resnet18", "resnet20", "preact_resnet164", "wide_resnet_16_8", "resnext50_32x4d"),
    *("stochastic_depth_110", "fractalnet20", "densenet40_12", "squeezenet1_0", "cifar10_lab"),
)


def letters(*edges, adds=""):
    """A graph whose nodes are named a, b, c, ...; those in `adds` are additions."""
    used = sorted(set("".join(edges)))
    nodes = [Node((name,), "other", "add" if name in adds else name, ()) for name in used]
    numbers = sorted((tuple(used.index(end) for end in edge) for edge in edges), key=lambda e: e[1])
    return Graph(tuple(nodes), tuple(numbers))


def test_an_inception_module_has_four_branches_in_the_order_of_their_concatenation():
    module = graph(outline("googlenet"), "pool2", "inception_3a_output")
    found = layout(module)
    place = dict(zip((node.names[-1] for node in module.nodes), found.places, strict=True))
    branches = [place[f"inception_3a_{end}"] for end in ("1x1", "3x3", "5x5", "pool_proj")]
    assert branches == [0, 1, 2, 3]
    assert place["pool2"] == place["inception_3a_output"] == 1.5


def test_a_row_is_the_longest_way():
    assert layout(letters("ab", "bc", "cd", "ad", "de")).rows == (0, 1, 2, 3, 4)


def test_a_shortcut_runs_beside_a_straight_chain():
    found = layout(letters("ab", "bc", "ad", "cd", adds="d"))
    assert found.places == (0, 0, 0, 0)
    assert found.ways == ((), (), (0.65, 0.65), ())


def test_a_shortcut_of_several_layers_stands_on_the_right_of_its_branch():
    found = layout(letters("ab", "bc", "ad", "de", "ef", "cf", adds="f"))
    assert found.places == (0.5, 0, 0, 1, 1, 0.5)


@pytest.mark.parametrize("name", FAMILIES)
def test_no_two_boxes_overlap_and_every_edge_runs_downwards(name):
    model = outline(name)
    drawn = graph(model, last=model.layers[min(60, len(model.layers) - 1)].name)
    found = layout(drawn)
    assert all(found.rows[a] < found.rows[b] for a, b in drawn.edges)
    for row in set(found.rows):
        level = sorted(p for p, at in zip(found.places, found.rows, strict=True) if at == row)
        assert all(b - a > 0.999 for a, b in pairwise(level))


def test_the_layout_is_the_same_each_time():
    module = graph(outline("googlenet"), "pool2", "inception_3b_output")
    assert layout(module) == layout(module)


@st.composite
def graphs(draw):
    """Nodes in the order of computation, with edges forwards; some join as additions."""
    size = draw(st.integers(2, 12))
    parents = [
        draw(st.sets(st.integers(0, node - 1), min_size=1, max_size=3)) for node in range(1, size)
    ]
    edges = [(a, node) for node, found in enumerate(parents, start=1) for a in sorted(found)]
    names = ["a", *("add" if draw(st.booleans()) else "conv" for _ in parents)]
    return Graph(tuple(Node((), "other", name, ()) for name in names), tuple(edges))


@given(graphs())
def test_the_best_layout_is_one_whatever_the_method(drawn):
    """Simplex, interior points, and the rows of the program in another order agree."""
    solve = layouts.linprog
    answers = []

    def upside_down(cost, **rules):
        turned = {name: rule.toarray() if name == "A_ub" else rule for name, rule in rules.items()}
        turned = {name: np.asarray(rule)[::-1] for name, rule in turned.items()}
        return solve(cost, **turned, method="highs-ds")

    def inside(cost, **rules):
        return solve(cost, **rules, method="highs-ipm")

    for method in (solve, upside_down, inside):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(layouts, "linprog", method)
            found = layout(drawn)
            answers.append([*found.places, *(place for way in found.ways for place in way)])
    np.testing.assert_allclose(answers[1:], answers[:-1], atol=2e-5)


@given(graphs())
def test_neighbours_keep_their_distance(drawn):
    found = layout(drawn)
    for row in set(found.rows):
        level = sorted(p for p, at in zip(found.places, found.rows, strict=True) if at == row)
        assert all(b - a > 0.999 for a, b in pairwise(level))


def test_ties_were_there_to_be_broken(monkeypatch):
    """Two equally good answers of this graph, without the second program, differ."""
    drawn = graph(outline("fractalnet20"), last="block1_join4")
    solve = layouts.linprog
    first = layout(drawn).places

    def other_corner(cost, **rules):
        result = solve(cost, **rules)
        if cost[-1] == 0:  # the second program, turned round
            result = solve(-cost, **rules, bounds=(0, 50))
        return result

    monkeypatch.setattr(layouts, "linprog", other_corner)
    assert not np.allclose(layout(drawn).places, first)


@given(graphs(), st.integers(1, 4))
def test_parts_of_a_graph_hold_each_node_once_and_each_edge(drawn, parts):
    heights = [1.0] * len(drawn.nodes)
    found = broken(drawn, heights, limit=3, parts=parts)
    assert 1 <= len(found) <= parts
    assert sum(bool(node.label) for part in found for node in part.nodes) == len(drawn.nodes)
    assert sum(len(part.edges) for part in found) == len(drawn.edges)
    assert all(not node.label for part in found[1:] for node in part.nodes[:1])


def test_a_graph_is_broken_where_all_hangs_on_one_node():
    chain = letters("ab", "ac", "bd", "cd", "de", "ef")
    parts = broken(chain, [1.0] * 6, limit=3)
    assert ["".join(node.label for node in part.nodes) for part in parts] == ["abcd", "ef"]
    assert parts[1].edges == ((0, 1), (1, 2))


def test_what_is_repeated_stays_in_one_piece():
    chain = letters("ab", "bc", "cd", "de", "ef")
    whole = Graph(chain.nodes, chain.edges, (Repeat((1, 2, 3, 4), times=9),))
    parts = broken(whole, [1.0] * 6, limit=3, parts=2)
    assert [len(part.nodes) for part in parts] in ([6], [5, 2], [1, 6])
    assert [repeat.times for part in parts for repeat in part.repeats] == [9]


def test_an_edge_over_the_whole_graph_keeps_it_in_one_piece():
    assert len(broken(letters("ab", "bc", "cd", "ad"), [1.0] * 4, limit=1)) == 1
