"""`simulate-limits`: the table, the bars, the files, the exit codes, and what it says of wrong files."""

from __future__ import annotations

import io
import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from genai_guard.__main__ import main
from genai_guard.units import dollars

POLICY = """\
version = 1
expected_output_tokens = 10
[[limits]]
requests = 2
per = "minute"
by = "user"
[[limits]]
usd = 1.0
per = "day"
[prices.small]
input_usd = 1000
output_usd = 1000
"""
TRAFFIC = "time_s,user,model,input_tokens,output_tokens\n" + "".join(
    f"{second},{user},small,20,5\n" for second in range(0, 60, 10) for user in ("ann", "<b>bob</b>")
)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    Path("policy.toml").write_text(POLICY)
    Path("traffic.csv").write_text(TRAFFIC)


def printed(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> str:
    assert main(["simulate-limits", "policy.toml", *argv]) == code
    return capsys.readouterr().out


def test_the_table_says_what_each_limit_did(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "traffic.csv").splitlines()
    assert lines[:6] == [
        "12 calls in 50 s: 6 admitted (50.0 %), 6 refused",
        "admitted were 150 tokens, $0.15",
        "",
        "limit                      refused                 peak  keys  fullest key  longest wait",
        "2 requests/minute by user        6       2 of 2 (100 %)     2  ann                  20 s",
        "$1/calendar day                  0  $0.155 of $1 (16 %)     1  -                       -",
    ]


def test_the_bars_are_as_wide_as_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, "traffic.csv", "--spans", "6", "--color", "never")
    assert "  0 % |██████|" in out
    assert "\n         r rr\n" in out


def test_a_terminal_without_blocks_gets_other_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert main(["simulate-limits", "policy.toml", "traffic.csv"]) == 0
    assert b"100 % |" in raw.getvalue()


def test_json_holds_everything(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, "traffic.csv", "--json", "--wait-s", "60"))
    assert (found["calls"], found["admitted"] + found["refused"]) == (12, 12)
    assert found["waited"] > 0
    first = found["limits"][0]
    assert (first["limit"], first["unit"], first["capacity"]) == ("2 requests/minute by user", "requests", 2)
    assert len(first["usage"]) == len(first["refusals"]) == 60


def test_the_picture_is_xml_with_nothing_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, "traffic.csv", "--svg", "o.svg")
    text = Path("o.svg").read_text(encoding="utf-8")
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(root.findall("{http://www.w3.org/2000/svg}g")) == 2
    assert "href" not in text


def test_the_page_escapes_what_the_file_says(capsys: pytest.CaptureFixture[str]) -> None:
    Path("traffic.csv").write_text(TRAFFIC.replace("ann", "<b>ann</b>"))
    printed(capsys, "traffic.csv", "--html", "o.html")
    text = Path("o.html").read_text(encoding="utf-8")
    assert "<b>ann</b>" not in text
    assert "&lt;b&gt;ann&lt;/b&gt;" in text
    assert "default-src &#x27;none&#x27;" in text
    assert "<svg" in text


def test_a_terminal_obeys_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    Path("traffic.csv").write_text("time_s,user\n1,\x1b[31mred\n")
    assert "\x1b" not in printed(capsys, "traffic.csv", "--color", "never")


@pytest.mark.parametrize(("most", "code"), [("50", 0), ("49", 1)])
def test_too_many_refusals_are_a_failure_where_asked_for(
    most: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    printed(capsys, "traffic.csv", "--max-refused", most, code=code)


def test_bad_rows_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("traffic.csv").write_text("time_s,input_tokens\n1,2\nx,y\n")
    assert main(["simulate-limits", "policy.toml", "traffic.csv"]) == 2
    error = capsys.readouterr().err
    assert "traffic.csv:3:1: time_s: must be" in error
    assert "traffic.csv:3:2: input_tokens: must be" in error


def test_a_policy_without_limits_has_nothing_to_simulate(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policy.toml").write_text("version = 1\n")
    assert main(["simulate-limits", "policy.toml", "traffic.csv"]) == 2
    assert "no limits" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [("--spans", "0"), ("--wait-s", "-1"), ("--wait-s", "x"), ("--max-refused", "101")])
def test_options_out_of_range_are_refused(wrong: tuple[str, str]) -> None:
    with pytest.raises(SystemExit):
        main(["simulate-limits", "policy.toml", "traffic.csv", *wrong])


def test_columns_that_are_missing_or_unused_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("traffic.csv").write_text("time_s,usr,model\n1,ann,small\n")
    assert main(["simulate-limits", "policy.toml", "traffic.csv"]) == 0
    error = capsys.readouterr().err
    assert "limits go by user, and there is no such column" in error
    assert "no limit goes by usr" in error


def test_calls_come_back_for_as_long_as_the_policy_lets_them_wait(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policy.toml").write_text(f"{POLICY}[limiter]\nwait_s = 60\n")
    assert json.loads(printed(capsys, "traffic.csv", "--json"))["waited"] > 0
    assert json.loads(printed(capsys, "traffic.csv", "--json", "--wait-s", "0"))["waited"] == 0


def test_what_is_not_simulated_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policy.toml").write_text(f'{POLICY}[[upstream]]\nrequests = 1\nper = "minute"\n')
    assert main(["simulate-limits", "policy.toml", "traffic.csv"]) == 0
    assert "upstream are not simulated" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("usd", "shown"), [(0.00156, "$0.00156"), (0.155, "$0.155"), (50, "$50"), (12_345.678, "$12,345.68")]
)
def test_little_money_is_not_shown_as_none_and_much_is_spelt_out(usd: float, shown: str) -> None:
    assert dollars(usd) == shown


def test_prices_may_come_from_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    Path("traffic.csv").write_text("time_s,user,model,input_tokens\n1,ann,gpt-4.1,1000\n")
    found = json.loads(printed(capsys, "traffic.csv", "--prices", "genai", "--json"))
    assert found["usd"] == pytest.approx(0.002)
