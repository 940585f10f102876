"""Files of traffic: what is read from them, and what is said about those that are wrong."""

from __future__ import annotations

import pytest

from genai_guard.limits.simulation import Row, TrafficError, read_traffic


def test_every_column_is_read_and_those_without_a_meaning_are_keys() -> None:
    text = (
        "time_s,user,model,input_tokens,output_tokens,max_tokens,cached_tokens,reasoning_tokens,cache_write_tokens,"
        "usd,duration_s,team\n1.5,u,m,10,20,30,4,5,6,0.7,8.5,red\n"
    )
    assert read_traffic(text, "t.csv").rows == [
        Row(1.5, "m", 10, 20, 30, 4, 5, 6, 0.7, 8.5, {"user": "u", "model": "m", "team": "red"})
    ]


def test_empty_cells_are_as_if_they_were_not_there() -> None:
    assert read_traffic("time_s,user,input_tokens,max_tokens\n3,,,\n", "t.csv").rows == [Row(3.0)]


def test_calls_are_put_in_order_and_empty_lines_left_out() -> None:
    rows = read_traffic("time_s\n3\n\n1\n2\n", "t.csv").rows
    assert [row.time_s for row in rows] == [1, 2, 3]


@pytest.mark.parametrize(
    "cell", ["2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00", "2026-01-31 12:00:00", "1769860800"]
)
def test_times_may_be_dates(cell: str) -> None:
    assert read_traffic(f"time_s\n{cell}\n", "t.csv").rows[0].time_s == 1_769_860_800


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "t.csv:1: the first line must name the columns"),
        ("user\nu\n", "t.csv:1: .* one of them must be time_s"),
        ("time_s,user,user\n", "t.csv:1: the column user is there twice"),
        ("time_s,\n", "t.csv:1: column 2 has no name"),
        ("time_s\n", "t.csv: there is no call in it"),
        ("time_s\nsoon\n", "t.csv:2:1: time_s: must be seconds"),
        ("time_s\n-1\n", "t.csv:2:1: time_s: must be seconds"),
        ("time_s\nnan\n", "t.csv:2:1: time_s: must be seconds"),
        ("user,time_s\nu, \n", "t.csv:2:2: time_s: is empty"),
        ("time_s,input_tokens\n1,2\n2,1.5\n", "t.csv:3:2: input_tokens: must be a whole number"),
        ("time_s,output_tokens\n1,-2\n", "t.csv:2:2: output_tokens: must be a whole number"),
        ("time_s,usd\n1,inf\n", "t.csv:2:2: usd: must be a number of dollars"),
        ("time_s,duration_s\n1,x\n", "t.csv:2:2: duration_s: must be a number of seconds"),
        ("time_s,user\n1\n", "t.csv:2:2: the line has 1 cells, and the first line 2"),
        ("time_s\n1,2\n", "t.csv:2:2: the line has 2 cells, and the first line 1"),
        ('time_s,user\n1,"u\n', "t.csv:2: is not CSV"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_column(text: str, said: str) -> None:
    with pytest.raises(TrafficError, match=said):
        read_traffic(text, "t.csv")


def test_cells_are_never_quoted() -> None:
    with pytest.raises(TrafficError) as caught:
        read_traffic("time_s,input_tokens\n1,bob@example.com\n", "t.csv")
    assert "bob" not in str(caught.value)


def test_of_many_faults_twenty_are_told() -> None:
    with pytest.raises(TrafficError, match="and 30 more") as caught:
        read_traffic("time_s\n" + "x\n" * 50, "t.csv")
    assert len(str(caught.value).splitlines()) == 21
