"""`databricks`: writes a policy as a configuration of Databricks, or into a workspace, and an endpoint as a policy.

databricks export POLICY --to endpoint --target default=openai/gpt-5-mini@llm/openai
databricks diff POLICY --to endpoint --target default=openai/gpt-5-mini@llm/openai
databricks import endpoint.json --output policy.yaml
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from genai_guard.commands.shared import NO, OK, UsageError, load, read_json, write_text
from genai_guard.environment import elsewhere

if TYPE_CHECKING:
    from genai_guard.databricks import Export, Leftover
    from genai_guard.pipeline import Pipeline

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    exporting = actions.add_parser("export", help="write a policy as a configuration", allow_abbrev=False)
    _say_what(exporting, tuple(_EXPORTS))
    exporting.add_argument("--fail-on-missing", action="store_true", help="exit with 1 if something stays in process")
    exporting.set_defaults(act=_export)
    importing = actions.add_parser("import", help="write an endpoint as a policy", allow_abbrev=False)
    importing.add_argument("endpoint", metavar="ENDPOINT", help="the JSON of an endpoint, - for standard input")
    importing.add_argument("--targets-output", metavar="FILE", help="write the entities, as --targets takes them")
    importing.set_defaults(act=_import)
    for action in (exporting, importing):
        action.add_argument("--json", action="store_true", help="write JSON, with what is left over in it")
        action.add_argument("--output", metavar="FILE", help="write it to a file instead")
    for name, about in (("diff", "say what would change in a workspace"), ("apply", "change it")):
        applying = actions.add_parser(name, help=about, allow_abbrev=False)
        _say_what(applying, tuple(kind for kind in _EXPORTS if kind != "bundle"))
        applying.add_argument(
            "--profile", metavar="NAME", help="of the configuration of Databricks, as its own tools take it"
        )
        applying.add_argument("--json", action="store_true", help="write JSON")
        applying.set_defaults(act=_apply, dry_run=name == "diff")


def _say_what(action: argparse.ArgumentParser, kinds: tuple[str, ...]) -> None:
    """Take what an export needs."""
    action.add_argument("policy", metavar="POLICY", help="a .yaml, .yml, .toml or .json file, or package.module:name")
    action.add_argument("--to", choices=kinds, required=True, help="what it becomes")
    action.add_argument(
        "--target", action="append", default=[], metavar="NAME=ENTITY",
        help="what answers for a variant, a fallback, or by default: openai/gpt-5-mini@scope/key, system.ai.llama@1",
    )  # fmt: skip
    action.add_argument("--targets", metavar="FILE", help="the same as a JSON file, entities as the API has them")
    action.add_argument("--experiment", default="", metavar="NAME", help="which one splits the traffic")
    action.add_argument("--name", default="", help="of the endpoint, service or bundle")
    action.add_argument("--catalog", default="", help="of the inference table, and of a model service")
    action.add_argument("--schema", default="", help="its schema")
    action.add_argument("--table-prefix", default="", metavar="NAME", help="beginning of the inference table's name")
    action.add_argument("--table", default="", help="catalog.schema.table of an exported log, for monitors")


def run(args: argparse.Namespace) -> int:
    """Translate, and say on standard error what could not be."""
    code: int = args.act(args)
    return code


def _exported(args: argparse.Namespace) -> Export:
    with elsewhere():
        pipeline = load(args.policy)
    return _EXPORTS[args.to](pipeline, args)


def _export(args: argparse.Namespace) -> int:
    export = _exported(args)
    if args.json:
        _write(args, json.dumps(export.to_dict(), indent=2, ensure_ascii=False) + "\n")
    else:
        _write(args, export.to_yaml() if export.kind == "bundle" else export.to_json() + "\n")
        _say(export.leftovers)
    return NO if args.fail_on_missing and export.in_process else OK


def _apply(args: argparse.Namespace) -> int:
    from genai_guard.databricks import WorkspaceError, apply  # noqa: PLC0415  `--help` does not need it

    export = _exported(args)
    try:
        done = apply(export, _workspace(args.profile), dry_run=args.dry_run)
    except WorkspaceError as error:
        sys.stderr.write(f"{error}\n")
        return NO
    if args.json:
        sys.stdout.write(json.dumps(done.to_dict(), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(f"{done}\n")
        _say(export.leftovers)
    return OK


def _workspace(profile: str | None) -> Any:
    from genai_guard.databricks.packages import module  # noqa: PLC0415  as above

    client = module("databricks.sdk").WorkspaceClient
    try:
        return client(profile=profile)
    except ValueError:  # what it says may quote how one signs in
        raise UsageError(
            "the SDK of Databricks finds no way to sign in: set DATABRICKS_HOST and DATABRICKS_TOKEN, or name a --profile"
        ) from None


def _import(args: argparse.Namespace) -> int:
    from genai_guard.databricks import import_endpoint  # noqa: PLC0415  `--help` does not need it

    found = import_endpoint(read_json(args.endpoint))
    if args.targets_output:
        write_text(args.targets_output, json.dumps(found.targets, indent=2, ensure_ascii=False) + "\n")
    if args.json:
        _write(args, json.dumps(found.to_dict(), indent=2, ensure_ascii=False) + "\n")
        return OK
    is_json = args.output is not None and Path(args.output).suffix.lower() == ".json"
    _write(args, json.dumps(found.policy, indent=2, ensure_ascii=False) + "\n" if is_json else found.to_yaml())
    _say(found.leftovers)
    return OK


def _write(args: argparse.Namespace, text: str) -> None:
    if args.output is None:
        sys.stdout.write(text)
    else:
        write_text(args.output, text)


def _say(leftovers: tuple[Leftover, ...]) -> None:
    sys.stderr.writelines(f"{leftover}\n" for leftover in leftovers)


def _endpoint(pipeline: Pipeline, args: argparse.Namespace) -> Export:
    from genai_guard.databricks import export_endpoint  # noqa: PLC0415  as above

    return export_endpoint(pipeline, **_where(args))


def _service(pipeline: Pipeline, args: argparse.Namespace) -> Export:
    from genai_guard.databricks import export_model_service  # noqa: PLC0415  as above

    return export_model_service(pipeline, **_where(args))


def _monitors(pipeline: Pipeline, args: argparse.Namespace) -> Export:
    from genai_guard.databricks import export_monitors  # noqa: PLC0415  as above

    if not args.table:
        raise UsageError("--to monitors needs --table: catalog.schema.table, which the inference log is exported to")
    return export_monitors(pipeline, table=args.table)


def _bundle(pipeline: Pipeline, args: argparse.Namespace) -> Export:
    from genai_guard.databricks import bundle  # noqa: PLC0415  as above

    monitors = [_monitors(pipeline, args)] if args.table else []
    return bundle(_endpoint(pipeline, args), *monitors, name=args.name)


_EXPORTS: Final[dict[str, Callable[[Pipeline, argparse.Namespace], Export]]] = {
    "endpoint": _endpoint,
    "bundle": _bundle,
    "model-service": _service,
    "monitors": _monitors,
}


def _where(args: argparse.Namespace) -> dict[str, Any]:
    names = ("name", "experiment", "catalog", "schema", "table_prefix")
    return {"targets": _targets(args), **{name: getattr(args, name) for name in names}}


def _targets(args: argparse.Namespace) -> dict[str, Any]:
    given: Any = read_json(args.targets) if args.targets else {}
    if not isinstance(given, dict):
        raise UsageError(f"{args.targets}: must be a JSON object: entities by name")
    targets = cast("dict[str, Any]", given)
    for pair in args.target:
        name, equals, entity = pair.partition("=")
        if not (name and equals and entity):
            raise UsageError(f"--target {pair!r} must be NAME=ENTITY, such as default=openai/gpt-5-mini@scope/key")
        targets[name] = entity
    return targets
