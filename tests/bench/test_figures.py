"""`bin/bench`'s form: every figure, now and later, is one line of five fields; what is wrong is told beside it.

Decides: the output, the exit status and the usage errors. Not: what is measured (test_floor.py); no benchmark is run.
"""

from __future__ import annotations

import pytest
import requests

from bench import run
from bench.figures import COLUMNS, Figure
from demo.handle import FakeError
from demo.mpanel import ApiRefusal

Capture = pytest.CaptureFixture[str]


def offer(monkeypatch: pytest.MonkeyPatch, **benchmarks: list[Figure] | Exception) -> list[str]:
    """These benchmarks in place of the real ones. Returns the names of those that were run, as they are run."""
    ran: list[str] = []

    def named(name: str, outcome: list[Figure] | Exception) -> tuple[object, str]:
        def measure(*, quick: bool) -> list[Figure]:
            ran.append(f"{name}, quick" if quick else name)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        return measure, f"what {name} measures"

    monkeypatch.setattr(run, "BENCHMARKS", {name: named(name, outcome) for name, outcome in benchmarks.items()})
    return ran


GOOD = Figure("good_seconds", 2.0, 1.6, 1.25)
BAD = Figure("bad_seconds", 2.01, 1.6, 1.25)


def test_a_figure_is_one_line_of_name_value_baseline_ratio_and_target() -> None:
    assert COLUMNS.split("\t") == ["name", "value", "baseline", "ratio", "target"]
    assert Figure("creates_seconds", 20.6734, 16.1621, 1.25).line == "creates_seconds\t20.673\t16.162\t1.279\t<= 1.25"


def test_a_ratio_meets_its_target_up_to_the_target_itself() -> None:
    assert (GOOD.ratio, GOOD.met, BAD.met) == (1.25, True, False)


def test_all_of_them_are_run_unless_some_are_named(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    ran = offer(monkeypatch, one=[GOOD], two=[GOOD, GOOD])
    assert run.main([]) == 0
    assert ran == ["one", "two"]
    assert capsys.readouterr().out.splitlines() == [COLUMNS, GOOD.line, GOOD.line, GOOD.line]
    assert run.main(["two"]) == 0
    assert ran == ["one", "two", "two"]


def test_quick_is_told_to_each(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    ran = offer(monkeypatch, one=[GOOD], two=[GOOD])
    assert run.main(["--quick", "two"]) == 0
    assert run.main(["--quick"]) == 0
    assert ran == ["two, quick", "one, quick", "two, quick"]


def test_a_target_that_is_missed_is_the_exit_status_and_the_rest_is_measured_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    offer(monkeypatch, bad=[BAD], good=[GOOD])
    assert run.main([]) == 1
    assert capsys.readouterr().out.splitlines() == [COLUMNS, BAD.line, GOOD.line]


@pytest.mark.parametrize(
    "reason",
    [
        TimeoutError("only 3 had ended"),
        RuntimeError("not every create succeeded"),
        requests.ConnectionError("no connection"),
        FakeError("the fake ended"),
        ApiRefusal(409, "quota_exceeded", "TENANT-201 may have 4 pods"),
    ],
    ids=lambda reason: type(reason).__name__,
)
def test_one_that_cannot_be_measured_says_why_in_a_line_and_is_no_figure(
    reason: Exception, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    offer(monkeypatch, broken=reason)
    assert run.main([]) == 1
    told = capsys.readouterr()
    assert told.out.splitlines() == [COLUMNS]
    assert told.err.splitlines() == [f"bench: broken: {reason}"]


@pytest.mark.parametrize("arguments", [["none-such"], ["one", "none-such"], ["--list", "none-such"]])
def test_a_name_that_is_none_is_a_usage_error_that_names_those_there_are(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    ran = offer(monkeypatch, one=[GOOD], two=[GOOD])
    with pytest.raises(SystemExit) as ended:
        run.main(arguments)
    told = capsys.readouterr()
    assert (ended.value.code, told.out, ran) == (2, "", [])
    assert "there is no benchmark none-such; there are: one, two" in told.err


def test_they_are_listed_with_what_each_measures_and_none_is_run(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    ran = offer(monkeypatch, one=[GOOD], two=[GOOD])
    assert run.main(["--list"]) == 0
    assert capsys.readouterr().out.splitlines() == ["one\twhat one measures", "two\twhat two measures"]
    assert ran == []


def test_these_are_there() -> None:
    assert list(run.BENCHMARKS) == ["twelve-creates", "two-hundred-creates", "parked"]
    assert all(callable(measure) and words for measure, words in run.BENCHMARKS.values())
