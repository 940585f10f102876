"""The words around the tables of `docs/reference/detection-quality.md`."""

from __future__ import annotations

from typing import Final

__all__ = ["PAGE"]

PAGE: Final = """\
# Detection quality

What `PII` and `Secrets` find of what is there, and what they find where nothing is. This page is written by

```sh
python benchmarks/quality.py --write docs/reference/detection-quality.md
```

from a corpus that stands in the repository, `tests/corpus`. Without `--write` the tables are printed; `--misses 3` and
`--alarms 3` list examples of each kind of mistake.

## The corpus

{corpus}

**Positives** are templates written by hand, mails, chats, forms, tables, logs, code, contracts and notes of
physicians, each filled several times with values drawn at random. Check digits are right, which the library's own code
has no part in. Context words stand where people put them and nowhere else: a telephone number in a list has no
`phone` beside it. Keys of providers are random strings in the published forms; none opens anything.

**Negatives** are realistic texts in which there is nothing to be found, many of them full of numbers that look like
something. Nothing in them is a person's or a secret. They were written before any guard had seen them, and by others than
the rules. Then the false alarms were looked at once, and a few rules changed for it (versions that look like addresses,
article numbers, zeros), so the figures are a little better than those of texts that nobody has looked at.

## What is counted

- **Recall**: labels of which a finding of the same name covers at least four fifths. **Exact**: of those, how many
  from the first character to the last. **As anything**: labels that a finding of whatever name covers, which is what
  matters for redaction.
- **Precision**: of the findings in positive texts, those that lie on a label and name it. A second name for a labelled
  value counts as wrong, even if the value is redacted either way.
- **Clean texts flagged**: negatives with at least one finding.
- **Disguised**: of labels that are found as they are written, those still found behind the evasions below, all of them
  taken together.
- In brackets: 95 % intervals (Wilson). The rows of a template are alike, so that the true uncertainty is larger.

## The guards

`PII, all` looks for every entity, `PII()` for those it looks for unless told otherwise.

{guards}

## Personal data, entity by entity

With every entity looked for at once. A kind that is `not looked for` is in the corpus and not in the library.

{entities}

## Secrets, kind by kind

{secrets}

## Language by language

All kinds together, those included that are not looked for. Kinds differ between languages, so that a language with
mostly national numbers is not to be compared with one with mostly telephone numbers.

{recall_by_language}

## Disguises

Each evasion changes the labelled values and leaves the words around them. Only labels that are found undisguised count,
so that a rate says what the disguise costs.

{evasions}

A look-alike letter at the edge of an address still leaves four fifths of it to be found. The forms `base64` and
`hexadecimal` hide the whole value; short ones are not told from ordinary words by anyone who does not know.

## False alarms, by where they come from

Clean texts with at least one finding:

{sources}

{languages}

## What this cannot tell

- The positives are made, not collected. Real texts have typing errors, broken lines and habits that nobody thought of;
  expect less recall there. Rates compare versions of this library better than they predict yours.
- Templates repeat: five rows of one template miss or hit together more often than five letters of five people would.
- The frequency of each kind is chosen so that every kind can be measured. Precision in traffic depends on how much of
  it there is in your texts; the rate of clean texts flagged does not.
- Names of people and places without an address are not labelled, and so not measured.
- The positives were written apart from the rules, but the rules are improved with their misses in view, as with any that
  people report. The corpus is a regression test first and a benchmark second.
"""
