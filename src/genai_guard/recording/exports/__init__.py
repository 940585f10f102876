"""Logs into tables elsewhere: files of Parquet, Delta Lake, lines of CSV and JSON."""

from __future__ import annotations

from genai_guard.recording.exports.delta import erase_delta, export_delta
from genai_guard.recording.exports.exporting import Exported
from genai_guard.recording.exports.parquet import erase_parquet, export_parquet
from genai_guard.recording.exports.plain import csv_lines, jsonl_lines

__all__ = ["Exported", "csv_lines", "erase_delta", "erase_parquet", "export_delta", "export_parquet", "jsonl_lines"]
