r"""Which language a piece of code is written in: by the words and signs that each language has of its own.

A feature counts once for each piece, however often it is met, and three points make code. So a keyword alone makes
none, and prose with a bracket or a semicolon makes none either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import islice
from types import MappingProxyType
from typing import Final

from genai_guard.guards.statements.grammar import heads_of, statement_at

__all__ = ["ALIASES", "LANGUAGES", "language_of", "looks_like_code"]

_LEAST: Final = 3
_FEATURES: Final[Mapping[str, tuple[tuple[int, str], ...]]] = MappingProxyType(
    {
        "python": (
            (3, r"^[ \t]*(?:async )?def \w+\([^\n]*\)[^\n]{0,80}:[ \t]*(?:#.*|\.\.\.|return .*|pass)?$"),
            (3, r"^[ \t]*class \w+(?:\([^\n)]*\))?:[ \t]*$"),
            (2, r"^[ \t]*(?:from [\w.]+ import [\w(*]|import [a-z_]\w*(?:\.\w+)*(?: as \w+)?[ \t]*(?:$|[,#]))"),
            (2, r"^[ \t]*(?:if|elif|for|while|with|except)\b[^\n?]*[\w)\]'\"]:[ \t]*(?:#.*)?$(?=\n[ \t]+\w)"),
            (1, r"^[ \t]*(?:try|else|finally):[ \t]*$"),
            (1, r"\bprint\("), (1, r"^[ \t]*[a-z_]\w*(?:\.\w+)* \+?= \S"), (2, r"\b__\w+__\b"), (2, r"\bself\.\w"),
            (1, r"^[ \t]*@\w+(?:\.\w+)*(?:\(|$)"), (2, r"\blambda [\w, ]*:"), (1, r"\b(?:None|True|False)\b"),
            (2, r"\b[fr]\"[^\"\n]*\{|\bf'[^'\n]*\{"), (2, r"^[ \t]*raise \w+\("), (1, r"^[ \t]*return\b"), (1, r"\w\.\w+\([^)\n]*\)[ \t]*$"),
            (2, r"\[[^\]\n]+ for \w+ in [^\]\n]+\]"), (1, r"\b(?:range|len|open|isinstance|enumerate)\("), (1, r"^>>> "),
        ),
        "javascript": (
            (2, r"^[ \t]*(?:export )?(?:const|let|var) (?:\w+|[{\[][^=\n]*[}\]])(?:: [^=\n]+)? = \S"), (3, r"\)? ?=> ?(?:\{|\(|\w)"), (2, r"\bfunction ?\*?\w* ?\([^)\n]*\) ?\{"),
            (3, r"\bconsole\.(?:log|error|warn)\("), (2, r"\brequire\(['\"]"), (3, r"^import .{1,100} from ['\"]"),
            (2, r"^export (?:default|const|function|class|interface|type)\b"), (2, r"\b(?:document|window|process|module)\.\w+"), (2, r"[!=]=="),
            (1, r"\bawait \w"), (1, r"\basync (?:function|\()"), (2, r"\b(?:interface|type) \w+ (?:=|\{)"), (2, r"\w\??: (?:string|number|boolean|any)\b[\[\]]*[;,)=]"),
            (1, r";[ \t]*$"), (1, r"`[^`\n]*\$\{"), (1, r"\.(?:then|map|filter|forEach|addEventListener)\("), (1, r"^[ \t]*\}[);]*[ \t]*$"),
        ),
        "java": (
            (3, r"\bpublic static void main\b"), (3, r"\bSystem\.out\.print"), (3, r"^import (?:static )?java[x.]"), (2, r"^package [\w.]+;"),
            (3, r"\bpublic (?:static |final |abstract |sealed )*(?:class|interface|enum|record) \w+[^:\n]*\{"),
            (2, r"\b(?:public|private|protected) (?:static |final |abstract |synchronized )*(?:class|interface|enum|record|void|int|String|boolean|List<\w+>|Map<[\w, ]+>) \w+"),
            (2, r"@(?:Override|Autowired|Test|Entity|Service)\b"), (1, r"\bnew \w+(?:<[^>\n]*>)?\([^\n]*\);"), (1, r";[ \t]*$"), (1, r"\bextends \w+|\bimplements \w+"), (1, r"\bthrows \w+"),
        ),
        "c": (
            (3, r"^[ \t]*#[ \t]*include[ \t]*[<\"]"), (3, r"\bint main ?\("), (2, r"\bf?printf\(\"|\bscanf\("), (3, r"\bstd::\w+|\bcout ?<<"), (2, r"^[ \t]*#(?:define|ifndef|ifdef|pragma)\b"),
            (2, r"^[ \t]*(?:(?:unsigned|static|const|inline|struct) )*(?:int|char|float|double|void|size_t|long|uint\d+_t|bool)[ *]+\w+ ?(?:\(|=|;|\[)"), (1, r"\w->\w"), (2, r"\b(?:malloc|free|sizeof|strcpy|memcpy)\("),
            (2, r"^template ?<"), (1, r";[ \t]*$"), (1, r"\bNULL\b|\bnullptr\b"), (2, r"^using namespace \w+;"),
        ),
        "csharp": (
            (3, r"^using (?:static )?(?:System|Microsoft)[\w.]*;"), (3, r"\bConsole\.(?:Write|Read)"), (2, r"^namespace [\w.]+"), (3, r"\{ ?get; ?(?:(?:private |init|set)[^}\n]*)?\}"),
            (2, r"\b(?:public|private|internal|protected) (?:static |async |override |virtual |readonly |sealed )*(?:class|record|void|string|int|bool|Task(?:<\w+>)?|IEnumerable<\w+>|I[A-Z]\w+) \w+"), (1, r"\bvar \w+ = "), (1, r";[ \t]*$"),
        ),
        "go": (
            (3, r"^package \w+[ \t]*$"), (3, r"^func (?:\(\w+ \*?\w+\) )?\w+\("), (2, r"\w :?= \w.*\n?|\b\w+(?:, \w+)* := "), (2, r"\bfmt\.\w+\("), (3, r"\bif err != nil\b"), (2, r"^import \("), (2, r"\bgo func\(|\bchan \w|\bdefer \w"), (2, r"^type \w+ (?:struct|interface) \{"),
        ),
        "rust": (
            (3, r"\bfn \w+(?:<[^>\n]*>)?\([^\n]*\)(?: -> [^\n{]+)? ?\{"), (3, r"\blet mut \w+"), (2, r"\bimpl(?:<[^>\n]*>)? [\w<>:]+ (?:for \w+ )?\{"), (3, r"\b(?:println|vec|panic|format|assert_eq)!\s?[(\[]"), (2, r"^use [\w:]+::"),
            (2, r"\bmatch [^\n{]+ \{"), (2, r"&(?:mut )?self\b|&str\b|&'\w+ "), (3, r"^[ \t]*#!?\[\w+"), (3, r"\blet (?:mut )?\w+: (?:Vec|Option|Result|HashMap|String|Box|[iu](?:8|16|32|64|size)|f(?:32|64)|bool|&)"), (2, r"\w::(?:new|from)\("), (1, r"\blet \w+(?:: \w+)? = "), (1, r"\.unwrap\(\)|\bSome\(|\bOk\("), (1, r";[ \t]*$"), (1, r"\bpub (?:fn|struct|enum)\b"),
        ),
        "ruby": (
            (2, r"^[ \t]*def (?:self\.)?\w+[?!]?(?:\([^)\n]*\))?[ \t]*$"), (1, r"^[ \t]*end[ \t]*$"), (2, r"^[ \t]*puts [\"'\w]"), (3, r"\.\w+ do \|\w"), (2, r"^require(?:_relative)? ['\"]"), (3, r"^[ \t]*attr_(?:accessor|reader|writer) :"),
            (2, r"^(?:class|module) [A-Z]\w*(?: < [\w:]+)?[ \t]*$"), (2, r"\{ ?\|\w+(?:, \w+)*\| "), (1, r"(?:^|[\s(,]):[a-z]\w+(?: =>|,|\))"), (1, r"\.(?:each|map|nil\?|empty\?)\b"),
        ),
        "php": ((3, r"<\?(?:php|=)"), (2, r"^[ \t]*\$\w+(?:\[[^\]\n]*\])? ?\.?= ?[^;\n]+;"), (2, r"\becho [\"'$]"), (3, r"\$this->\w"), (3, r"\bfunction \w*\((?:\??\w+ )?&?\$\w"), (2, r"\$_(?:GET|POST|SERVER|SESSION|FILES)\b"), (2, r"\$\w+->\w+\("), (1, r"\bforeach ?\(\$")),
        "shell": (
            (3, r"^#!.*\b(?:ba|z|k|da)?sh\b"), (3, r"^[ \t]*\$ [a-z][\w.-]+(?: +\S+)*$(?<![.!?:])"),
            (1, r"^[ \t]*(?:[$#] )?(?:sudo )?[a-z][\w.-]+(?: [\w./:@-]+){0,3} --?\w[^\n]* --?\w"),
            (2, r"^[ \t]*(?:[$#] )?(?:sudo )?(?:curl|wget|chmod|chown|tar|ssh|scp|rsync|ls|cp|mv|rm|mkdir|cat|grep|sed|awk|find|kill|ps|df|du|tail|head|ln|docker|kubectl|helm|terraform|systemctl|journalctl|make|pip3?|npm|npx|yarn|apt|apt-get|yum|dnf|brew|git|python3?|aws|gcloud|az) (?:[\w.-]+ ){0,3}(?:--?\w|https?://|\.{0,2}/\w|~/|\$\w|\"\$)"),
            (2, r"^[ \t]*(?:[$#] )?(?:sudo )?(?:apt(?:-get)?|yum|dnf|brew|pip3?|npm|yarn|gem|cargo|go) (?:install|add|get|update|upgrade|run|build|ci)\b(?: [\w@./-]+)*[ \t]*$"), (2, r"^[ \t]*git (?:clone|push|pull|commit|checkout|rebase|merge|add|stash|fetch|reset|status)\b(?: [\w@./:~-]+)*[ \t]*$"),
            (2, r"\|[^|\n]{1,80}\| ?(?:grep|awk|sed|xargs|sort|head|tail|wc|uniq)\b"), (2, r"\| ?(?:grep|awk|sed|xargs|sort|head|tail|wc|tee|cut|uniq|(?:ba|z)?sh)\b"), (3, r"^[ \t]*(?:if|while) \[\[? [^\n]+ \]\]?"), (2, r"^[ \t]*(?:fi|done|esac)[ \t]*;?$"), (2, r"\$\([a-z][^)\n]*\)|\"\$\{?\w+\}?\""), (1, r" (?:&&|\|\|) [a-z]"), (2, r"^[ \t]*(?:export )?[A-Z_]{2,}=[\"'$\w/]"), (2, r"^[ \t]*for \w+ in [^\n]+; ?do\b"), (2, r"^[ \t]*echo [\"'$]"), (1, r"2>&1|>>? ?/dev/null"), (2, r"\bsudo (?:-\w )?[a-z-]+ "),
        ),
        "powershell": ((3, r"(?:^|[|(={] ?|\n[ \t]*)(?:Get|Set|New|Remove|Invoke|Start|Stop|Write|Import|Export|Add|Select|Where|ForEach|Test|Out|ConvertTo|ConvertFrom|Copy|Move|Install)-[A-Z]\w+\b"), (1, r"^[ \t]*\$\w+(?:\.\w+)? = "), (2, r" -(?:eq|ne|gt|lt|like|match|notlike)\b"), (2, r"\| ?(?:Where|ForEach|Select|Sort)-Object"), (3, r"\bpowershell(?:\.exe)? -"), (2, r"\$env:\w|\$_\.\w"), (1, r"^[ \t]*param ?\(")),
        "html": ((3, r"<!doctype html|<html\b"), (2, r"<(?:div|p|span|a|ul|ol|li|table|tr|td|head|body|script|form|input|button|h[1-6]|img|style|link|meta|section|nav|label|title|iframe)(?: [\w-]+(?:=[\"'][^\"'\n]*[\"'])?)*\s*/?>"), (1, r"</(?:div|p|span|a|ul|ol|li|table|tr|td|head|body|script|form|button|h[1-6]|style|section|nav|label|title)>"), (1, r" (?:class|href|src|id)=[\"']")),
        "css": ((2, r"^[ \t]*[.#@:*]?[a-z][\w-]*(?:[ ,>+~.:#\[(][^{};\n]*)?\{"), (2, r"(?:^|[{;])[ \t]*(?:color|background(?:-\w+)?|margin(?:-\w+)?|padding(?:-\w+)?|font(?:-\w+)?|display|width|height|border(?:-\w+)?|position|top|left|flex(?:-\w+)?|grid(?:-\w+)*|opacity|transition|z-index|text-\w+): ?[^;{}\n]+;"), (2, r"^@(?:media|import|keyframes|font-face)\b"), (1, r": ?-?[\d.]+(?:px|rem|em|vh|vw|%)")),
        "json": ((2, r"^[ \t]*\"[\w$. -]+\"[ \t]*:[ \t]*(?:\"|-?\d|\{|\[|true\b|false\b|null\b)"), (2, r"[{,][ \t\n]*\"[\w$. -]+\"[ \t]*:[ \t]*(?:\"|-?\d|\{|\[|true\b|false\b|null\b)"), (1, r"^[ \t]*[}\]],?[ \t]*$"), (1, r"\A\s*[{\[]")),
        "yaml": ((3, r"^(?:apiVersion|services|jobs|steps|volumes|metadata|spec|on|pipeline):[ \t]*(?:$|[\w/]+$)"), (2, r"^[\w-]+:[ \t]*\n(?:[ \t]+[\w-]+:[ \t]|[ \t]+- \w)"), (2, r"^[ \t]+- [\w-]+: ?\S"), (2, r"^---[ \t]*\n[\w-]+:"), (1, r"^[a-z][\w-]*: (?:[\w./\"'-]+|\[.*\])$")),
    }
)  # fmt: skip
LANGUAGES: Final = (*_FEATURES, "sql")
FORMATS: Final = frozenset({"json", "yaml"})
ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{name: name for name in LANGUAGES},
        "py": "python", "python3": "python", "pycon": "python", "ipython": "python", "js": "javascript", "jsx": "javascript", "ts": "javascript",
        "tsx": "javascript", "typescript": "javascript", "node": "javascript", "mjs": "javascript", "vue": "html", "h": "c", "cpp": "c", "c++": "c",
        "cc": "c", "hpp": "c", "cs": "csharp", "c#": "csharp", "golang": "go", "rs": "rust", "rb": "ruby", "sh": "shell", "bash": "shell",
        "zsh": "shell", "console": "shell", "shell-session": "shell", "ps1": "powershell", "pwsh": "powershell", "ps": "powershell", "postgresql": "sql",
        "mysql": "sql", "sqlite": "sql", "tsql": "sql", "plsql": "sql", "xhtml": "html", "scss": "css", "less": "css", "yml": "yaml", "jsonc": "json", "json5": "json",
    }
)  # fmt: skip
"""Names of languages as they stand behind a fence."""
_HINT: Final = re.compile(
    r"[{}<>$#|\\=]|;[ \t]*$|\w\(|^[ \t]*(?:import|from|def|class|package|using|func|fn|sudo|git|npm|pip3?|apt(?:-get)?|brew|puts|end|docker|kubectl|curl|wget|ssh|npx|yarn)\b|^[ \t]*(?:if|while) \[|^[\w-]+:[ \t]*$|-[A-Z]\w",
    re.MULTILINE,
)


def looks_like_code(text: str) -> bool:
    """Whether a text has signs enough, one in 300 characters, that it is worth asking for its language."""
    needed = len(text) // 300
    return next(islice(_HINT.finditer(text), needed, None), None) is not None


def language_of(text: str, *, prose: bool = True) -> str:
    """Return the language of a piece of code; empty if it is none, or not known.

    Args:
        text: The piece.
        prose: Whether it may be prose; in a fence it is not, and less evidence is enough.
    """
    scores = {
        name: sum(weight for weight, feature in features if feature.search(text)) for name, features in _compiled()
    }
    if _is_sql(text, prose=prose):
        scores["sql"] = 5
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] >= (_LEAST if prose else 1) else ""


@cache
def _compiled() -> tuple[tuple[str, tuple[tuple[int, re.Pattern[str]], ...]], ...]:
    flags = re.MULTILINE
    return tuple(
        (
            name,
            tuple(
                (weight, re.compile(source, flags | (re.IGNORECASE if name == "html" else 0)))
                for weight, source in features
            ),
        )
        for name, features in _FEATURES.items()
    )


def _is_sql(text: str, *, prose: bool) -> bool:
    for start in heads_of(text, text.lower())[:5]:
        before = text[:start].rpartition("\n")[2].strip()
        if (not before or before[-1:] == ";") and statement_at(text, start, len(text), in_code=not prose):
            return True
    return False
