"""The style sheet of the page: nothing that is loaded, colours for light and dark, and none that speaks alone."""

from __future__ import annotations

from typing import Final

__all__ = ["STYLE"]

STYLE: Final = """
:root { color-scheme: light dark; --bg: #ffffff; --fg: #1c2128; --soft: #57606a; --line: #d0d7de; --panel: #f6f8fa;
  --good: #1a7f37; --bad: #bc4c00; --fail: #b3261e; --hit: #dbe9ff; --missing: #ffd8d3; --extra: #ffe2b8; }
@media (prefers-color-scheme: dark) {
  :root { --bg: #0f1318; --fg: #e6edf3; --soft: #9aa5b1; --line: #30363d; --panel: #171c23; --good: #56d364;
    --bad: #f0883e; --fail: #ff8178; --hit: #17407a; --missing: #7a211b; --extra: #6b4200; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; background: var(--bg); color: var(--fg);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
a { color: inherit; } nav a { margin-right: 1rem; }
.note, .counts, .none, caption { color: var(--soft); }
.note { margin: 0 0 .75rem; }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0; padding: 0; list-style: none; }
.tiles li { border: 1px solid var(--line); border-radius: 6px; padding: .5rem 1rem; min-width: 7rem; }
.tiles b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums; }
.verdict { font-weight: 600; } .passed { color: var(--good); } .failed { color: var(--fail); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; min-width: 44rem; table-layout: fixed; margin-bottom: 1.25rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th:first-child { width: 28%; } tbody th { font-weight: 500; overflow-wrap: anywhere; } td.number { text-align: right; padding-right: 1.5rem; }
.figure { display: inline-block; min-width: 5rem; } .counts { font-size: .85rem; }
.bar { display: block; margin-top: .15rem; } .track { fill: var(--line); } .good { fill: var(--good); }
.bad { fill: var(--bad); } .point { fill: var(--fg); }
article { border: 1px solid var(--line); border-radius: 6px; padding: .75rem 1rem; margin: 0 0 1rem; }
pre.text { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--panel); border-radius: 4px; margin: .5rem 0 0;
  padding: .6rem .75rem; font: .9rem/1.6 ui-monospace, SFMono-Regular, Consolas, monospace; }
mark { color: inherit; border-radius: 2px; padding: 0 .1em; } mark.hit { background: var(--hit); }
mark.missing { background: var(--missing); text-decoration: underline dashed; }
mark.extra { background: var(--extra); text-decoration: underline wavy; }
pre small { color: var(--soft); padding: 0 .35em; font-size: .75em; text-transform: uppercase; letter-spacing: .03em; }
.escape { color: var(--soft); } dl { margin: 0; display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; } ul { margin: .25rem 0; padding-left: 1.25rem; }
@media print { body { max-width: none; } article { break-inside: avoid; } nav { display: none; } }
"""
