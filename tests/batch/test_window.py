"""The window of rows that are under way, by itself."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard.batch.window import Window


@settings(max_examples=40)
@given(size=st.integers(1, 5), rows=st.integers(0, 20), ordered=st.booleans(), data=st.data())
def test_whatever_ends_first_every_result_goes_out_once_and_in_order_if_that_is_asked_for(
    size: int, rows: int, ordered: bool, data: st.DataObject
) -> None:
    window = Window[int](size, ordered=ordered)
    running: list[int] = []
    ended: list[int] = []
    out: list[int] = []
    begun = 0
    while len(out) < rows:
        moves = ["begin"] * (window.has_room and begun < rows) + ["end"] * bool(running) + ["take"]
        move = data.draw(st.sampled_from(moves))
        if move == "begin":
            running.append(window.begin())
            begun += 1
        elif move == "end":
            place = running.pop(data.draw(st.integers(0, len(running) - 1)))
            ended.append(place)
            window.end(place, place)
        elif (result := window.take()) is not None:
            out.append(result)
        assert window.running == len(running)
        assert begun - len(out) <= size
    assert out == (list(range(rows)) if ordered else ended)
