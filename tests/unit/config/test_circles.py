"""Circles among names, for any graph."""

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.config.circles import Circle, circles

NAMES = st.sampled_from("abcdef")
GRAPHS = st.dictionaries(NAMES, st.lists(NAMES, max_size=4))


def test_a_circle_is_told_with_its_way_and_the_pointer_that_closes_it() -> None:
    assert list(circles({"a": ["x", "b"], "b": [5, "a"]})) == [Circle("b", 1, ("a", "b", "a"))]


@given(GRAPHS)
def test_every_circle_can_be_walked(graph: dict[str, list[str]]) -> None:
    for circle in circles(graph):
        assert graph[circle.name][circle.position] == circle.way[0] == circle.way[-1]
        assert all(after in graph[before] for before, after in zip(circle.way, circle.way[1:], strict=False))


@given(GRAPHS)
def test_a_graph_without_told_circles_has_none(graph: dict[str, list[str]]) -> None:
    closing = {(circle.name, circle.position) for circle in circles(graph)}
    kept = {
        name: {target for place, target in enumerate(targets) if (name, place) not in closing and target in graph}
        for name, targets in graph.items()
    }
    while ends := [name for name, targets in kept.items() if not targets]:
        for end in ends:
            del kept[end]
        kept = {name: targets - set(ends) for name, targets in kept.items()}
    assert kept == {}
