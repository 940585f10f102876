"""`TransformersClassifier` on real models, small ones of random weights that are made here and kept in folders."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError, Pipeline
from genai_guard.guards import Cascade, ContentSafety, LexicalClassifier, TransformersClassifier
from genai_guard.guards.classifiers.token_windows import spans

transformers: Any = pytest.importorskip(
    "transformers", reason="the extra `transformers`, with torch, is not installed: nox -s classifiers"
)
torch: Any = pytest.importorskip("torch", reason="torch is not installed: nox -s classifiers")

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]


def folder(path: Path, *, places: int = 512, **options: Any) -> Path:
    """Write a model of random weights with its tokenizer."""
    torch.manual_seed(7)
    config = transformers.BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=places, initializer_range=1.0,
        id2label={0: "neutral", 1: "toxic", 2: "threat"}, label2id={"neutral": 0, "toxic": 1, "threat": 2}, **options,
    )  # fmt: skip
    transformers.BertForSequenceClassification(config).eval().save_pretrained(path)
    (path / "vocab.txt").write_text("\n".join(WORDS))
    transformers.BertTokenizerFast(vocab=str(path / "vocab.txt")).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder(tmp_path_factory.mktemp("model"))


def text_of(words: int) -> str:
    return " ".join(f"w{chr(97 + number * number % 26)}" for number in range(words))


def direct(path: Path, text: str, odds: Any = None) -> dict[str, float]:
    """What the model says when it is asked without any of our code."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(path)
    with torch.inference_mode():
        logits = model(**tokenizer(text, return_tensors="pt")).logits[0]
    row = torch.softmax(logits, -1) if odds is None else odds(logits)
    return {"harassment": float(row[1]), "violence": float(row[2])}


def test_it_says_what_the_model_says(made: Path) -> None:
    classifier = TransformersClassifier(made)
    for words in (0, 1, 40):
        assert classifier.classify(text_of(words)) == pytest.approx(direct(made, text_of(words)), abs=1e-5)


@pytest.mark.parametrize("words", [10, 11, 50])
@pytest.mark.parametrize("batch_size", [1, 4, 99])
def test_of_a_long_text_the_highest_window_counts_whatever_the_batches(made: Path, words: int, batch_size: int) -> None:
    parts = text_of(words).split()
    windows = [direct(made, " ".join(parts[first:end])) for first, end in spans(words, 10)]
    wanted = {name: max(window[name] for window in windows) for name in windows[0]}
    classifier = TransformersClassifier(made, max_tokens=12, batch_size=batch_size)
    assert classifier.classify(text_of(words)) == pytest.approx(wanted, abs=1e-5)


def test_a_model_with_few_places_is_given_no_more_than_it_has(tmp_path: Path) -> None:
    classifier = TransformersClassifier(folder(tmp_path, places=16))
    same = TransformersClassifier(tmp_path, max_tokens=16)
    assert classifier.classify(text_of(100)) == pytest.approx(same.classify(text_of(100)))


def test_labels_that_hold_side_by_side_have_their_own_odds(tmp_path: Path) -> None:
    classifier = TransformersClassifier(folder(tmp_path, problem_type="multi_label_classification"))
    assert classifier.classify(text_of(9)) == pytest.approx(direct(tmp_path, text_of(9), torch.sigmoid), abs=1e-5)


def test_threads_share_it_and_it_is_loaded_again_after_pickling(made: Path) -> None:
    classifier = TransformersClassifier(made, max_tokens=12)
    texts = [text_of(number % 30) for number in range(40)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(classifier.classify, texts))
    assert found == [pytest.approx(classifier.classify(text)) for text in texts]
    assert pickle.loads(pickle.dumps(classifier)) == classifier


def test_it_has_its_place_in_policy_files_and_in_cascades(made: Path) -> None:
    cascade = Cascade(LexicalClassifier(), TransformersClassifier(made, max_tokens=64), unsure=(0.0, 0.9))
    pipeline = Pipeline(input=[ContentSafety(cascade)])
    (written,) = pipeline.policy()["input"]
    assert written["classifier"]["expensive"] == {"kind": "transformers", "path": str(made), "max_tokens": 64}
    assert Pipeline.from_policy(pipeline.policy()) == pipeline
    pipeline.scan_input("hello")
    assert cascade.counts.asked == 1


@pytest.mark.parametrize("case", ["empty", "no tokenizer", "cut short", "another model"])
def test_a_folder_that_does_not_hold_a_model_is_told(tmp_path: Path, case: str) -> None:
    if case != "empty":
        folder(tmp_path)
    if case == "no tokenizer":
        for path in (*tmp_path.glob("tokenizer*"), *tmp_path.glob("vocab*")):
            path.unlink()
    if case == "cut short":
        weights = tmp_path / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:200])
    if case == "another model":
        (tmp_path / "config.json").write_text('{"model_type": "of_the_future"}')
    with pytest.raises(
        ConfigurationError, match=r"holds no tokenizer|holds no model .* that transformers [\d.]+ loads"
    ):
        TransformersClassifier(tmp_path)
