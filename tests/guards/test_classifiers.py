"""The adapters of `ContentSafety`: a moderation endpoint, a model in a folder, and `alt-profanity-check`."""

from __future__ import annotations

import inspect
import pickle
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from openai.types import ModerationCreateResponse

from genai_guard import ConfigurationError
from genai_guard.guards import ContentSafety, ModerationEndpoint, ProfanityClassifier, TransformersClassifier
from genai_guard.guards.classifiers.pieces import pieces
from genai_guard.verdicts import Action

SCORES = {
    "harassment": 0.1, "harassment/threatening": 0.2, "hate": 0.05, "hate/threatening": 0.7, "illicit": 0.01,
    "illicit/violent": 0.02, "self-harm": 0.1, "self-harm/instructions": 0.3, "self-harm/intent": 0.4,
    "sexual": 0.001, "sexual/minors": 0.6, "violence": 0.2, "violence/graphic": 0.15,
}  # fmt: skip
OURS = {"harassment": 0.2, "hate": 0.7, "illicit": 0.02, "self_harm": 0.4, "sexual": 0.6, "violence": 0.2}
ANSWER = {
    "id": "modr-1",
    "model": "omni-moderation-latest",
    "results": [
        {
            "flagged": True,
            "categories": dict.fromkeys(SCORES, False),
            "category_scores": SCORES,
            "category_applied_input_types": {name: ["text"] for name in SCORES},
        }
    ],
}


def test_the_json_of_a_moderation_endpoint_is_read() -> None:
    assert ModerationEndpoint(lambda text: ANSWER).classify("x") == OURS


def test_the_object_of_the_sdk_is_read() -> None:
    answer = ModerationCreateResponse.model_validate(ANSWER)
    assert ModerationEndpoint(lambda text: answer).classify("x") == OURS


def test_names_with_underscores_mean_the_same() -> None:
    scores = {"self_harm_intent": 0.4, "hate_threatening": None, "sexual_minors": 0.2}
    answer = {"results": [{"category_scores": scores}]}
    assert ModerationEndpoint(lambda text: answer).classify("x") == {"self_harm": 0.4, "sexual": 0.2}


def test_of_several_results_the_highest_score_counts() -> None:
    answer = {"results": [{"category_scores": {"hate": 0.2}}, {"category_scores": {"hate": 0.6, "odd": 1.0}}]}
    assert ModerationEndpoint(lambda text: answer).classify("x") == {"hate": 0.6}


def test_labels_of_ones_own_are_mapped_first() -> None:
    answer = {"results": [{"category_scores": {"gambling": 0.9, "hate": 0.5}}]}
    endpoint = ModerationEndpoint(lambda text: answer, labels={"gambling": "gambling", "hate": "harassment"})
    assert endpoint.classify("x") == {"gambling": 0.9, "harassment": 0.5}


async def test_an_asynchronous_endpoint_is_awaited() -> None:
    async def call(text: str) -> dict[str, Any]:
        return ANSWER

    endpoint = ModerationEndpoint(call)
    assert inspect.iscoroutinefunction(endpoint.classify)
    assert await endpoint.classify("x") == OURS
    verdict = await ContentSafety(endpoint, thresholds={"sexual": 0.9}).check("x")
    assert [finding.category for finding in verdict.findings] == ["HATE"]


def test_an_endpoint_is_asked_in_a_thread() -> None:
    guard = ContentSafety(ModerationEndpoint(lambda text: ANSWER), action="flag")
    assert (guard.blocking, guard.timeout_s) == (True, 10)
    assert guard.check("x").action is Action.FLAG


@pytest.mark.parametrize(
    "answer",
    [
        None, {}, {"results": []}, {"results": "none"}, {"results": [{}]}, {"results": [{"category_scores": None}]},
        {"results": [{"category_scores": {"hate": "high"}}]}, {"results": [{"category_scores": {"hate": 7}}]},
        {"results": [{"category_scores": {"spam": 0.9}}]}, "I cannot help with that", {"error": {"message": "no quota"}},
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_an_error(answer: Any) -> None:
    with pytest.raises(ValueError, match=r"moderation endpoint answered|category_scores"):
        ModerationEndpoint(lambda text: answer).classify("x")


@pytest.mark.parametrize("call", [None, "url", ModerationEndpoint, lambda: ANSWER])
def test_what_is_no_function_of_a_text_is_refused(call: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"ModerationEndpoint\(call\)"):
        ModerationEndpoint(call)


class FakeTokenizer:
    """Cuts at white space, as a fast tokenizer says where its tokens are."""

    def __call__(self, text: str, **options: Any) -> dict[str, Any]:
        assert options["truncation"] is False
        offsets, at = [], 0
        for word in text.split():
            at = text.index(word, at)
            offsets.append((at, at + len(word)))
            at += len(word)
        return {"offset_mapping": offsets}


class FakePipeline:
    """A text classification that knows one bad word, in the shape of the real one."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.labels = labels
        self.tokenizer = FakeTokenizer()
        self.model = SimpleNamespace(config=SimpleNamespace(id2label=dict(enumerate(labels))))
        self.seen: list[str] = []

    def __call__(self, texts: list[str], **options: Any) -> list[list[dict[str, Any]]]:
        assert options["top_k"] is None
        self.seen += texts
        return [[{"label": label, "score": 0.9 if "bad" in text else 0.1} for label in self.labels] for text in texts]


def fake_library(monkeypatch: pytest.MonkeyPatch, *labels: str) -> FakePipeline:
    made = FakePipeline(labels)

    def load(path: str, *, local_files_only: bool, **_: Any) -> Any:
        assert local_files_only
        if not (Path(path) / "config.json").exists():
            raise OSError(f"{path} has no config.json")
        return SimpleNamespace(get_vocab=lambda: {"word": 0}, all_special_tokens=[])

    loader = SimpleNamespace(from_pretrained=load)
    library = SimpleNamespace(
        AutoTokenizer=loader, AutoModelForSequenceClassification=loader, pipeline=lambda task, model, tokenizer: made
    )
    monkeypatch.setitem(sys.modules, "transformers", library)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text("{}")
    return tmp_path


def test_the_labels_of_a_model_stand_for_our_categories(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    fake_library(monkeypatch, "toxic", "threat", "neutral")
    classifier = TransformersClassifier(folder)
    assert classifier.classify("a bad word") == {"harassment": 0.9, "violence": 0.9}
    assert [each.category for each in ContentSafety(classifier).check("a bad word").findings] == [
        "HARASSMENT",
        "VIOLENCE",
    ]


def test_a_long_text_is_cut_into_windows_of_tokens_and_none_is_left_out(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    made = fake_library(monkeypatch, "LABEL_1")
    classifier = TransformersClassifier(folder, labels={"LABEL_1": "hate"}, max_tokens=12)
    assert classifier.classify("fine " * 95 + "bad") == {"hate": 0.9}
    assert [len(text.split()) for text in made.seen] == [10] * 10 + [6]


def test_a_model_with_labels_that_say_nothing_is_told(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    fake_library(monkeypatch, "LABEL_0", "LABEL_1")
    with pytest.raises(ConfigurationError, match="say what the labels of the model stand for: LABEL_0, LABEL_1"):
        TransformersClassifier(folder)
    with pytest.raises(ConfigurationError, match="the model has no label 'LABEL_7'; it has LABEL_0, LABEL_1"):
        TransformersClassifier(folder, labels={"LABEL_1": "hate", "LABEL_7": "hate"})


def test_a_folder_without_a_model_and_none_at_all_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_library(monkeypatch, "toxic")
    with pytest.raises(ConfigurationError, match="there is no such folder; nothing is downloaded"):
        TransformersClassifier("unitary/toxic-bert")
    with pytest.raises(ConfigurationError, match="holds no model for text classification"):
        TransformersClassifier(tmp_path)


@pytest.mark.parametrize("parameters", [{"max_tokens": 2}, {"batch_size": 0}])
def test_windows_of_nothing_are_refused(parameters: dict[str, Any], folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="must be a whole number of at least"):
        TransformersClassifier(folder, **parameters)


def test_profanity_is_scored_by_the_real_model() -> None:
    pytest.importorskip("profanity_check", reason="the extra `profanity` is not installed")
    classifier = ProfanityClassifier()
    assert classifier.classify("you fucking idiot")["harassment"] > 0.9
    assert classifier.classify("Thank you for the lovely dinner")["harassment"] < 0.2
    assert classifier.classify("") == {"harassment": pytest.approx(0, abs=0.3)}
    long = "The weather was fine that day. " * 200 + "you fucking idiot " * 20
    assert ContentSafety(classifier, threshold=0.8).check(long).blocked


def test_the_profanity_model_is_loaded_again_after_pickling() -> None:
    pytest.importorskip("profanity_check", reason="the extra `profanity` is not installed")
    again = pickle.loads(pickle.dumps(ProfanityClassifier(category="hate")))
    assert set(again.classify("hello")) == {"hate"}


@pytest.mark.parametrize(
    ("library", "build", "extra"),
    [
        ("transformers", TransformersClassifier, "transformers"),
        ("profanity_check", lambda path: ProfanityClassifier(), "profanity"),
    ],
)
def test_a_library_that_is_missing_is_told_by_its_extra(
    monkeypatch: pytest.MonkeyPatch, folder: Path, library: str, build: Any, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ConfigurationError, match=rf"needs an extra: pip install 'genai_guard\[{extra}\]'"):
        build(folder)


@pytest.mark.parametrize(
    "text", ["short", "x" * 5_000, " ".join(map(str, range(3_000))), "\n".join(map(str, range(999)))]
)
def test_pieces_are_short_and_hold_every_word(text: str) -> None:
    found = list(pieces(text, 100))
    assert all(0 < len(piece) <= 100 for piece in found)
    words = {word for piece in found for word in piece.split()}
    assert words >= {word for word in text.split() if len(word) < 100}
    assert found[0][:50] == text[:50]
    assert found[-1][-5:] == text[-5:]


def test_an_empty_text_has_no_pieces() -> None:
    assert list(pieces("", 100)) == []
