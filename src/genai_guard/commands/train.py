"""`train`: trains a classifier on labelled texts of your own, and measures it on those that it did not see.

train DATA... --output spam.bin         JSON lines: {"text": "...", "labels": ["spam"], "source": "forum"}
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from genai_guard.commands.progress import Progress
from genai_guard.commands.shared import OK, UsageError, read_text, write_text
from genai_guard.commands.terminal import printable
from genai_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from genai_guard.guards.classifiers.learned import LearnedClassifier
    from genai_guard.guards.classifiers.learned.training import Labelled, Trained

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("data", nargs="+", metavar="DATA", help="files of JSON lines; - is standard input")
    parser.add_argument("--output", required=True, metavar="FILE", help="the model; its card is written beside it")
    parser.add_argument(
        "--task",
        choices=("injection", "harm"),
        default="harm",
        help="whose rules to ask besides the words; %(default)s",
    )
    parser.add_argument(
        "--false-positives",
        type=float,
        default=0.01,
        metavar="SHARE",
        help="share of the other texts for which to tell the threshold; %(default)s",
    )
    parser.add_argument("--penalty", type=float, default=1e-3, metavar="X", help="of squared weights; %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of what is held out; %(default)s")
    parser.add_argument("-q", "--quiet", action="store_true", help="do not tell how far it is")
    parser.add_argument("--json", action="store_true", help="print the card")


def run(args: argparse.Namespace) -> int:
    """Train, write the model and its card, and say what it is worth."""
    from genai_guard.guards.classifiers.learned.training import train  # noqa: PLC0415  `--help` does not need it

    texts = _texts(args.data)
    progress = Progress(None if args.quiet else sys.stderr, terminal=sys.stderr.isatty())
    output = Path(args.output)
    try:
        trained = train(
            texts,
            name=output.stem,
            today=datetime.now(UTC).date(),
            task=args.task,
            penalty=args.penalty,
            seed=args.seed,
            progress=_Told(progress),
        )
    except ConfigurationError as error:
        raise UsageError(printable(str(error))) from None
    finally:
        progress.clear()
    card = json.dumps(asdict(trained.card), indent=1, ensure_ascii=False) + "\n"
    _write(output, trained.contents, card)
    sys.stdout.write(card if args.json else printable(_report(output, trained, args.false_positives)))
    return OK


class _Told:
    """Shows the two stages of training as hundredths of all of it, half for each."""

    def __init__(self, progress: Progress) -> None:
        self._progress: Final = progress
        self._shown = 0

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = (50 if stage == "fitting" else 0) + 50 * done // total
        while self._shown < now:
            self._shown += 1
            self._progress.step(".", self._shown, 100)


def _texts(files: list[str]) -> list[Labelled]:
    from genai_guard.guards.classifiers.learned.training import read_labelled  # noqa: PLC0415  as above

    try:
        return [
            each
            for file in files
            for each in read_labelled(read_text(file).splitlines(), name=file, source=Path(file).stem)
        ]
    except ConfigurationError as error:
        raise UsageError(printable(str(error))) from None


def _write(output: Path, contents: bytes, card: str) -> None:
    try:
        output.write_bytes(contents)
    except OSError as error:
        raise UsageError(f"{printable(str(output))}: {error.strerror or type(error).__name__}") from None
    write_text(str(output.with_suffix(".card.json")), card)


def _report(output: Path, trained: Trained, false_positives: float) -> str:
    from genai_guard.guards.classifiers.learned import LearnedClassifier  # noqa: PLC0415  as above

    classifier = LearnedClassifier(output)
    lines = [f"{trained.repeated} texts were there twice and counted once"] if trained.repeated else []
    for category, quality in trained.quality.items():
        lines.append(
            f"{category}: {quality.found} texts, against {quality.harmless} others; AUC {quality.auc:.3f} on texts held out"
        )
        for budget, recall in quality.recall:
            least = classifier.threshold(category, false_positives=budget)
            lines.append(f"  at {100 * budget:g} % false positives finds {recall}, from {least:.3f} on")
        lines.append(_chosen(classifier, category, false_positives))
    lines += trained.card.limits
    lines.append(f"written to {output} ({len(trained.contents):,} bytes) and {output.with_suffix('.card.json').name}")
    return "\n".join(lines) + "\n"


def _chosen(classifier: LearnedClassifier, category: str, share: float) -> str:
    try:
        return f"  threshold for {100 * share:g} %: {classifier.threshold(category, false_positives=share):.3f}"
    except ConfigurationError as error:
        return f"  no threshold: {error}"
