r"""Calls that do harm if they are run: commands, downloads that are executed, deletions, shells that call home.

Each has words that it holds, so that a text without them costs a few searches for plain strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

__all__ = ["DANGERS", "dangers_of"]


class _Danger(NamedTuple):
    name: str
    needs: tuple[str, ...]
    pattern: re.Pattern[str]


def _danger(name: str, needs: str, pattern: str) -> _Danger:
    return _Danger(name, tuple(needs.split("  ")), re.compile(pattern, re.IGNORECASE))


_SH: Final = (
    r"(?:sudo\s+(?:-\w+\s+)?)?(?:/(?:usr/)?bin/)?(?:env\s+)?(?:(?:ba|da|z|k|a)?sh|python[\d.]*|perl|ruby|node)\b"
)
_ROOT: Final = (
    r"(?:/(?!tmp/\w)(?!\w[\w./-]*/(?:node_modules|build|dist|target|cache)\b)|~|\$\{?\w|\*|\.\.?/?(?=\s|\*|$)|[a-z]:\\)"
)

_DANGERS: Final = (
    _danger("command", "os.system  os.popen", r"\bos\.(?:system|popen)\s*\(\s*\S"),
    _danger("command", "os.exec  os.spawn", r"\bos\.(?:exec|spawn)[lv]p?e?\s*\("),
    _danger("command", "shell=true  shell = true", r"\b(?:subprocess\.\w+|Popen|run|call|check_output|check_call)\s*\([^\n]{0,300}shell\s?=\s?True"),
    _danger("command", "getoutput", r"\bsubprocess\.get(?:status)?output\s*\("),
    _danger("command", "child_process  execsync", r"\b(?:child_process|cp)['\"]?\)?\.(?:exec|spawn)(?:Sync)?\s*\(|\bexecSync\s*\("),
    _danger("command", "getruntime  processbuilder", r"\bgetRuntime\(\)\s*\.exec\s*\(|\bnew\s+ProcessBuilder\s*\("),
    _danger("command", "shell_exec  passthru  proc_open  system(", r"\b(?:shell_exec|passthru|proc_open)\s*\(|(?<![\w.>])system\s*\(\s*[\"'$]"),
    _danger("command", "process.start", r"\bProcess\.Start\s*\("),
    _danger("command", "exec.command  command::new", r"\bexec\.Command\s*\(\s*\"(?:/bin/)?(?:ba|z)?sh|\bCommand::new\s*\(\s*\"(?:/bin/)?(?:ba|z)?sh"),
    _danger("dynamic", "eval(  exec(", r"(?<![\w.$>-])(?:eval|exec)\(\s*[\w\"'$`(\[]"),
    _danger("dynamic", "__import__", r"\b__import__\s*\("),
    _danger("dynamic", "new function(", r"\bnew\s+Function\s*\(\s*[\w\"'`]"),
    _danger("deserialise", "pickle.load  marshal.load  yaml.load  unserialize(  readobject(", r"\b(?:c?pickle|dill|marshal)\.loads?\s*\(|\byaml\.load\s*\((?![^)\n]{0,80}Safe)|\bunserialize\s*\(\s*\$|\.readObject\s*\(\s*\)"),
    _danger("delete", "rm ", rf"\brm\s+(?:-[\w-]+\s+){{0,4}}?(?:-\w*(?:r\w*f|f\w*r)\w*|-r\s+-f|-f\s+-r|--recursive\s+--force)\s+(?:-[\w-]+\s+){{0,3}}[\"']?{_ROOT}"),
    _danger("delete", "no-preserve-root", r"--no-preserve-root"),
    _danger("delete", "rmtree", r"\brmtree\s*\(\s*[\"'](?:/|~|[A-Z]:)"),
    _danger("delete", "del /  rd /  rmdir /  format c", r"\b(?:del|rd|rmdir)\s+(?:/[fsq]\s+){1,3}[\"']?(?:[a-z]:\\|%\w+%|\*)|\bformat\s+c:\s*(?:/|$)"),
    _danger("delete", "remove-item", r"\bRemove-Item\b(?=[^\n]{0,200}-Recurse)[^\n]{0,200}-Force"),
    _danger("delete", "-delete", r"\bfind\s+[/~][^\n|;]{0,120}\s-delete\b"),
    _danger("delete", "vssadmin  wbadmin", r"\bvssadmin(?:\.exe)?\s+delete\s+shadows|\bwbadmin\s+delete\s+catalog"),
    _danger("disk", "mkfs", r"\bmkfs(?:\.\w+)?\s+(?:-\w+\s+){0,3}/dev/\w"),
    _danger("disk", "of=/dev/", r"\bdd\s[^\n]{0,120}\bof=/dev/(?!null|zero|stdout)\w"),
    _danger("disk", "> /dev/  >/dev/", r">\s?/dev/(?:sd|hd|nvme|vd|xvd|mmcblk|disk)\w"),
    _danger("download", "curl  wget", rf"\b(?:curl|wget)\s[^\n|;]{{0,300}}\|\s*{_SH}"),
    _danger("download", "curl  wget", r"\b(?:ba|z|da)?sh\s+(?:-c\s+)?(?:<\(|[\"']?\$\(|[\"']?`)\s*(?:curl|wget)\s|\bsource\s+<\(\s*(?:curl|wget)\s"),
    _danger("download", "iex  invoke-expression", r"(?:\|\s*|\b)(?:iex|Invoke-Expression)\b[^\n]{0,200}(?:DownloadString|Invoke-WebRequest|Invoke-RestMethod|\biwr\b|\birm\b)|(?:DownloadString\(|\biwr\s|\birm\s|Invoke-WebRequest\s)[^\n]{0,200}\|\s*(?:iex|Invoke-Expression)\b"),
    _danger("download", "certutil  bitsadmin  mshta", r"\bcertutil(?:\.exe)?\s[^\n]{0,60}-urlcache|\bbitsadmin(?:\.exe)?\s+/transfer|\bmshta(?:\.exe)?\s+(?:https?|vbscript|javascript):"),
    _danger("decoded", "base64", rf"\bbase64\s+(?:-d|-D|--decode)\b[^\n;]{{0,120}}\|\s*{_SH}|\b(?:eval|exec)\s*\([^\n]{{0,120}}(?:b64decode|base64_decode)\s*\("),
    _danger("decoded", "atob(  fromcharcode", r"\b(?:eval|Function)\s*\([^\n]{0,60}(?:\batob|fromCharCode)\s*\("),
    _danger("decoded", "powershell  pwsh", r"\b(?:powershell|pwsh)(?:\.exe)?\s[^\n]{0,120}?-e(?:c|nc|ncodedcommand)?\s+[\"']?[A-Za-z0-9+/=]{16}"),
    _danger("decoded", "xxd  \\x", rf"\bxxd\s+-r[^\n;]{{0,60}}\|\s*{_SH}|\becho\s+-e\s+[\"'](?:\\x[0-9a-f]{{2}}){{4}}[^\n]{{0,400}}\|\s*{_SH}"),
    _danger("reverse_shell", "/dev/tcp/", r"/dev/(?:tcp|udp)/[\w.$-]{1,100}/[\w$]"),
    _danger("reverse_shell", "nc ", r"\bnc(?:at|\.exe)?\s[^\n|;]{0,80}-\w*[ec]\w*\s+[\"']?(?:/bin/|/usr/bin/)?(?:ba|z)?(?:sh\b|cmd)"),
    _danger("reverse_shell", "mkfifo", r"\bmkfifo\s+\S{1,60}[^\n]{0,200}\b(?:nc|ncat|openssl\s+s_client)\b"),
    _danger("reverse_shell", "dup2  pty.spawn", r"\bsocket\b[^\0]{0,400}?(?:\bdup2\s*\(|\bpty\.spawn\s*\()"),
    _danger("reverse_shell", "socat", r"\bsocat\b[^\n]{0,120}\bexec:"),
    _danger("reverse_shell", "tcpclient", r"\bNew-Object\s+(?:System\.)?Net\.Sockets\.TCPClient"),
    _danger("reverse_shell", "fsockopen", r"\bfsockopen\s*\([^\n]{0,200}(?:exec|proc_open|/bin/sh)"),
    _danger("fork_bomb", "|  fork", r":\s?\(\)\s?\{\s?:\s?\|\s?:\s?&\s?\}\s?;\s?:|\b(\w{1,20})\(\)\s?\{\s?\1\s?\|\s?\1\s?&\s?\}|%0\s?\|\s?%0|while\s*\(?(?:True|1|true)\)?\s*[:{]?\s*(?:os\.)?fork\s*\("),
    _danger("rights", "chmod", r"\bchmod\s+(?:-\w+\s+){0,2}(?:0?777|a\+rwx|[ugo]{0,3}\+s|[246][0-7]{3})\s+\S"),
    _danger("rights", "nopasswd  setenforce  ufw  executionpolicy", r"\bNOPASSWD:\s?ALL|\bsetenforce\s+0|\bufw\s+disable|\bExecutionPolicy\s+(?:Bypass|Unrestricted)"),
    _danger("rights", "authorized_keys  /etc/sudoers  /etc/passwd  /etc/shadow", r">>?\s?(?:~|/root|/home/\w+|\$HOME)?(?:/\.ssh/authorized_keys|/etc/(?:sudoers|passwd|shadow))"),
)  # fmt: skip
DANGERS: Final = tuple(dict.fromkeys(danger.name for danger in _DANGERS))


def dangers_of(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the place and the name of each dangerous call."""
    lower = text.lower()
    for danger in _DANGERS:
        if any(need in lower for need in danger.needs):
            for match in danger.pattern.finditer(text):
                yield match.start(), match.end(), danger.name
