# /// script
# requires-python = ">=3.11"
# dependencies = ["presidio-analyzer>=2.2.360,<3", "presidio-anonymizer>=2.2.360,<3"]
# ///
"""Presidio: its pattern recognizers alone, without the language model that it normally loads, and its anonymizer."""

from __future__ import annotations

from typing import Any

import presidio_analyzer.predefined_recognizers as ready
import tldextract
from peer_kit import KEYWORDS, Call, report
from presidio_analyzer import PatternRecognizer
from presidio_anonymizer import AnonymizerEngine

# The address recognizer would fetch the list of public suffixes otherwise; the package holds a copy.
tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def wrap(model: Call) -> Call:
    kinds = [ready.EmailRecognizer, ready.PhoneRecognizer, ready.CreditCardRecognizer, ready.IbanRecognizer]
    recognizers = [kind() for kind in [*kinds, ready.UsSsnRecognizer, ready.IpRecognizer]]
    recognizers.append(PatternRecognizer("KEYWORD", deny_list=KEYWORDS))
    anonymizer = AnonymizerEngine()

    def clean(text: str) -> str:
        found = [result for one in recognizers for result in one.analyze(text, one.supported_entities, None)]
        return str(anonymizer.anonymize(text, found).text) if found else text

    def call(prompt: str) -> Any:
        return clean(model(clean(prompt)))

    return call


if __name__ == "__main__":
    report(wrap, package="presidio-analyzer", work="6 identifiers and keywords by patterns; both ways")
