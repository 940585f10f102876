"""`OnnxClassifier` on real models, made here: bags of tokens, each of which adds what a table says."""

from __future__ import annotations

import json
import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError, Pipeline
from genai_guard.guards import ContentSafety, OnnxClassifier

_WHY = "the group `classifiers` is not installed: nox -s classifiers"
onnx: Any = pytest.importorskip("onnx", reason=_WHY)
tokenizers: Any = pytest.importorskip("tokenizers", reason=_WHY)
np: Any = pytest.importorskip("numpy", reason=_WHY)
pytest.importorskip("onnxruntime", reason=_WHY)

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "fine", "bad", "knife"]
WEIGHTS = {"fine": (1.0, 0.0, 0.0), "bad": (0.0, 4.0, 0.0), "knife": (0.0, 0.0, 4.0)}
LABELS = ["neutral", "toxic", "threat"]


def model(
    path: Path,
    *,
    inputs: tuple[str, ...] = ("input_ids", "attention_mask"),
    shape: tuple[Any, Any] = ("batch", "tokens"),
    opset: int = 17,
) -> Path:
    """Write a model that adds up the rows of a table; padding does not count."""
    helper = onnx.helper
    rows = [WEIGHTS.get(word, (0.0, 0.0, 0.0)) for word in WORDS]
    table = onnx.numpy_helper.from_array(np.array(rows, np.float32), "table")
    axes = [onnx.numpy_helper.from_array(np.array([axis], np.int64), f"axis_{axis}") for axis in (1, 2)]
    nodes = [helper.make_node("Gather", ["table", inputs[0]], ["found"])]
    at = "found"
    if "attention_mask" in inputs:
        nodes += [
            helper.make_node("Cast", ["attention_mask"], ["mask"], to=onnx.TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["mask", "axis_2"], ["deep"]),
            helper.make_node("Mul", ["found", "deep"], ["kept"]),
        ]
        at = "kept"
    nodes.append(helper.make_node("ReduceSum", [at, "axis_1"], ["logits"], keepdims=0))
    graph = helper.make_graph(
        nodes,
        "bag",
        [helper.make_tensor_value_info(name, onnx.TensorProto.INT64, shape) for name in inputs],
        [helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, (shape[0], len(LABELS)))],
        [table, *axes],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    onnx.save(made, str(path))
    return path


def folder(path: Path, *, config: dict[str, Any] | None = None, **changes: Any) -> Path:
    """Write a folder as exporters do."""
    model(path / "model.onnx", **changes)
    made = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]")
    )
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    made.save(str(path / "tokenizer.json"))
    if config is None:
        config = {"id2label": {str(number): name for number, name in enumerate(LABELS)}}
    (path / "config.json").write_text(json.dumps(config))
    return path


def softmax(*logits: float) -> list[float]:
    raised = [math.exp(each) for each in logits]
    return [each / sum(raised) for each in raised]


def test_a_model_in_a_folder_is_asked_and_its_labels_stand_for_our_categories(tmp_path: Path) -> None:
    classifier = OnnxClassifier(folder(tmp_path))
    _, toxic, threat = softmax(1, 4, 0)
    assert classifier.classify("fine bad") == pytest.approx({"harassment": toxic, "violence": threat})
    assert classifier.classify("") == pytest.approx({"harassment": 1 / 3, "violence": 1 / 3})
    found = ContentSafety(classifier).check("a bad thing").findings
    assert [finding.category for finding in found] == ["HARASSMENT"]


def test_labels_that_hold_side_by_side_have_their_own_odds(tmp_path: Path) -> None:
    config = {"problem_type": "multi_label_classification", "id2label": dict(enumerate(LABELS))}
    classifier = OnnxClassifier(folder(tmp_path, config=config))
    assert classifier.classify("bad knife") == pytest.approx(
        dict.fromkeys(("harassment", "violence"), 1 / (1 + math.exp(-4)))
    )
    raw = OnnxClassifier(tmp_path, activation="none", names=["x", "hate", "y"])
    assert raw.classify("bad") == {"hate": 4.0}


@pytest.mark.parametrize("words", [7, 8, 9, 15, 100])
@pytest.mark.parametrize("shape", [("batch", "tokens"), (1, "tokens"), (3, 10), ("batch", 10)])
def test_of_a_long_text_no_word_is_left_out_and_batches_change_nothing(tmp_path: Path, words: int, shape: Any) -> None:
    classifier = OnnxClassifier(folder(tmp_path, shape=shape), max_tokens=10, batch_size=4)
    wanted = OnnxClassifier(tmp_path).classify("bad")["harassment"] if shape[1] == "tokens" else softmax(0, 4, 0)[1]
    for at in {0, words // 2, words - 1}:
        text = ["zebra"] * words
        text[at] = "bad"
        assert classifier.classify(" ".join(text))["harassment"] == pytest.approx(wanted, rel=1e-6)


def test_words_on_both_sides_of_a_seam_are_read_together(tmp_path: Path) -> None:
    classifier = OnnxClassifier(folder(tmp_path), max_tokens=34)
    both = classifier.classify("bad bad")["harassment"]
    assert classifier.classify("zebra " * 31 + "bad bad " + "zebra " * 31)["harassment"] == pytest.approx(both)


def test_a_model_without_a_mask_is_given_none(tmp_path: Path) -> None:
    classifier = OnnxClassifier(folder(tmp_path, inputs=("input_ids",)))
    assert classifier.classify("bad")["harassment"] == pytest.approx(softmax(0, 4, 0)[1])


def test_threads_share_it_and_it_is_loaded_again_after_pickling(tmp_path: Path) -> None:
    classifier = OnnxClassifier(folder(tmp_path), max_tokens=10)
    texts = [f"{'fine ' * (number % 30)}bad" for number in range(60)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(classifier.classify, texts)) == [classifier.classify(text) for text in texts]
    again = pickle.loads(pickle.dumps(classifier))
    assert again == classifier
    assert again.classify("bad") == classifier.classify("bad")


def test_it_has_its_place_in_policy_files(tmp_path: Path) -> None:
    pipeline = Pipeline(input=[ContentSafety(OnnxClassifier(folder(tmp_path), labels={"threat": "violence"}))])
    written = {"kind": "onnx", "path": str(tmp_path), "labels": {"threat": "violence"}}
    assert pipeline.policy()["input"] == [{"guard": "content_safety", "classifier": written}]
    assert Pipeline.from_policy(pipeline.policy()) == pipeline


def broken(path: Path, case: str) -> dict[str, Any]:
    """Break one thing of a folder; return the parameters to try."""
    folder(path)
    if case == "no file":
        return {"path": path / "other.onnx"}
    if case == "no model":
        (path / "model.onnx").write_bytes(b"not a model")
    if case == "cut short":
        (path / "model.onnx").write_bytes((path / "model.onnx").read_bytes()[:90])
    if case == "of the future":
        model(path / "model.onnx", opset=99)
    if case == "no tokenizer":
        (path / "tokenizer.json").unlink()
    if case == "bad tokenizer":
        (path / "tokenizer.json").write_text("{}")
    if case == "bad configuration":
        (path / "config.json").write_text("{")
    if case == "strange input":
        model(path / "model.onnx", inputs=("pixels",))
    if case == "no names":
        (path / "config.json").unlink()
    return {"path": path, **({"names": ["a", "b", "c"]} if case == "unknown names" else {})}


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("no file", "there is no model at .*other.onnx; nothing is downloaded"),
        ("no model", r"onnxruntime [\d.]+ does not load it: "),
        ("cut short", "does not load it"),
        ("of the future", "does not load it"),
        ("no tokenizer", "there is no tokenizer at"),
        ("bad tokenizer", "is no file of a tokenizer"),
        ("bad configuration", "is no JSON"),
        ("strange input", "the model takes 'pixels'; it may take input_ids"),
        ("no names", "the model has 3 labels, and 0 have names"),
        ("unknown names", "say what the labels of the model stand for: a, b, c"),
    ],
)
def test_what_does_not_fit_together_is_told_when_it_is_built(tmp_path: Path, case: str, message: str) -> None:
    parameters = broken(tmp_path, case)
    with pytest.raises(ConfigurationError, match=message):
        OnnxClassifier(**parameters)


@pytest.mark.parametrize(
    "parameters", [{"max_tokens": 2}, {"batch_size": 0}, {"threads": 0}, {"threads": True}, {"activation": "tanh"}]
)
def test_parameters_out_of_range_are_refused(tmp_path: Path, parameters: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(parameters))):
        OnnxClassifier(tmp_path, **parameters)
