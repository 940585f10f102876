"""`python -m genai_guard demo`: the main job, from the command line to the summary."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from genai_guard.demo.console import Console
from genai_guard.demo.model import Model, open_model
from genai_guard.demo.notices import Notices
from genai_guard.demo.play import introduce, play
from genai_guard.demo.prompts import Prompt, load_prompts
from genai_guard.demo.summary import summarise
from genai_guard.demo.support import answering, support_bot
from genai_guard.demo.turns import Answer
from genai_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from genai_guard.pipeline import Pipeline

__all__ = ["Demo", "add_arguments", "exit_code", "main", "run"]

_CANNOT: Final = 1
_INTERRUPTED: Final = 130
_BROKEN_PIPE: Final = 141
_ABOUT: Final = "Send support messages through guardrails, limits, an A/B split and metrics to a real language model."


@dataclass(frozen=True, slots=True)
class Demo:
    """Everything around the pipeline: the model, the prompts, the screen.

    Attributes:
        model: What will be called.
        log_folder: Where the inference log is to be written.
        prompts: What will be sent.
        console: Where it is shown.
        notices: What the library logs, to be shown at its time.
    """

    model: Model
    log_folder: str
    prompts: tuple[Prompt, ...]
    console: Console
    notices: Notices

    @classmethod
    @contextmanager
    def open(cls, args: argparse.Namespace | None = None) -> Generator[Demo]:
        """Read the prompts and start the model; stop it afterwards.

        Args:
            args: What `add_arguments` describes; by default those of the command line.

        Raises:
            ConfigurationError: something is missing or wrong; the message says what to do.
        """
        args = _parser().parse_args() if args is None else args
        prompts, console, notices = load_prompts(args.prompts), Console(), Notices()
        with open_model(console, url=args.model, names=args.model_name) as model, notices.collected():
            yield cls(model, args.log, prompts, console, notices)

    @property
    def client(self) -> Any:
        """A client of the OpenAI kind, connected to the model."""
        return self.model.client

    @property
    def models(self) -> tuple[str, str]:
        """What the two variants of the A/B test ask for."""
        return self.model.names

    def play(self, pipeline: Pipeline, answer: Answer) -> int:
        """Send every prompt by `answer`, show what becomes of each, print the summary, and return the exit code."""
        introduce(self.console, self.model.about, pipeline, self.prompts)
        turns = play(self.console, pipeline, answer, self.prompts, notices=self.notices)
        summarise(self.console, pipeline, turns)
        return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the demo to a parser."""
    parser.add_argument(
        "--prompts",
        metavar="FILE",
        help='what to send: JSON lines of {"user", "text"}, or plain text with one prompt a line',
    )
    parser.add_argument(
        "--model",
        metavar="URL",
        default="",
        help="an OpenAI-compatible endpoint, such as http://localhost:11434/v1, instead of the local model; "
        "its key is taken from OPENAI_API_KEY",
    )
    parser.add_argument(
        "--model-name",
        metavar="NAME",
        default=[],
        nargs="+",
        help="the model to ask for at URL, or two: one for each variant",
    )
    parser.add_argument("--log", metavar="DIR", default="inference", help="folder of the inference log (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Run the demo with parsed arguments and return the exit code."""

    def demo() -> int:
        with Demo.open(args) as demo:
            pipeline = support_bot(*demo.models, demo.log_folder)
            return demo.play(pipeline, answering(pipeline, demo.client))

    return exit_code(demo)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo with the arguments of a command line and return the exit code."""
    return run(_parser().parse_args(argv))


def exit_code(program: Callable[[], int]) -> int:
    """Run a program; say in one line why it cannot go on, if it cannot.

    Returns:
        What `program` returns; 1 for a `ConfigurationError`, 130 for Ctrl-C, 141 when nobody reads the output.
    """
    try:
        return program()
    except ConfigurationError as error:
        sys.stderr.write(f"error: {error}\n")
        return _CANNOT
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped\n")
        return _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its exit
        return _BROKEN_PIPE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=_ABOUT)
    add_arguments(parser)
    return parser
