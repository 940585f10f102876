"""The commands of the command line, one file each: `add_arguments(parser)` says what it takes, `run(args)` does it.

`genai_guard.cli` loads only the one that was asked for. `run` returns the exit code.
"""
