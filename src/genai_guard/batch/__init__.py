"""Many rows through one pipeline: calls in threads or tasks, and scans in processes."""

from __future__ import annotations

from genai_guard.batch.amapping import AsyncBatch
from genai_guard.batch.checkpoint import Checkpoint
from genai_guard.batch.mapping import Batch
from genai_guard.batch.result import RowResult
from genai_guard.batch.row_scanning import scan_rows
from genai_guard.batch.scanner import Scanner
from genai_guard.batch.scanning import Scanned, scan
from genai_guard.batch.summary import Summary, summary_of

__all__ = [
    "AsyncBatch",
    "Batch",
    "Checkpoint",
    "RowResult",
    "Scanned",
    "Scanner",
    "Summary",
    "scan",
    "scan_rows",
    "summary_of",
]
