"""Regular expressions as people write them for block lists, and as they had better not."""

# ruff: noqa: RUF001  one of them is Russian
from __future__ import annotations

__all__ = ["CATASTROPHIC", "USUAL"]

USUAL = r"""
\bfoo\b
\bproject\s+x\b
\bTCK-\d+
\b(?:foo|bar|baz)\b
colou?r
\bconfidential\b|\binternal only\b
(?i)\btop[\s-]?secret\b
ignore\s+(?:all\s+)?(?:previous|prior|above)\s+instructions?
ignore.*previous.*instructions
disregard (?:the|all|any) (?:rules|guidelines)
you are now (?:dan|an? unrestricted ai)
\b(?:act|pretend|behave) as (?:if|though)\b
system prompt
\bsystem\s*:\s*
<\|?(?:im_start|im_end|endoftext)\|?>
\[INST\].*?\[/INST\]
<script[^>]*>.*?</script>
<script\b[^>]*>[\s\S]*?</script>
<[^>]+>
</?[a-z][a-z0-9]*\b[^>]*>
https?://\S+
https?://[^\s<>"']+
https?://(?:www\.)?example\.(?:com|org)/\S*
www\.[a-z0-9-]+\.[a-z]{2,}
(?:https?|ftp)://[^\s/$.?#][^\s]*
\b[a-z0-9-]+\.onion\b
\b\w+@\w+\.\w+\b
[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}
[\w.+-]+@[\w-]+\.[\w.-]+
\b[\w.-]+@acme\.(?:com|de)\b
^[^@\s]+@[^@\s]+\.[^@\s]+$
\d{3}-\d{2}-\d{4}
\b\d{3}[- ]?\d{2}[- ]?\d{4}\b
\(?\d{3}\)?[-. ]?\d{3}[-. ]?\d{4}
(?:\+?1[-. ]?)?\(?\d{3}\)?[-. ]?\d{3}[-. ]?\d{4}
\+\d{1,3}\s?\d{4,14}
\+?\d[\d\s().-]{7,}\d
\b(?:\d[ -]*?){13,16}\b
\b(?:\d[ -]?){13,19}\b
\b4\d{3}(?:[ -]?\d{4}){3}\b
\b5[1-5]\d{2}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}\b
\b3[47]\d{13}\b
\b\d{1,3}(?:\.\d{1,3}){3}\b
\b(?:\d{1,3}\.){3}\d{1,3}\b
(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)
\b10\.\d{1,3}\.\d{1,3}\.\d{1,3}\b
(?:[0-9a-f]{2}:){5}[0-9a-f]{2}
(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}
[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,3})?
\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b
[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}
[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}
\b[0-9a-f]{32}\b
\b[0-9a-f]{40}\b
\b[0-9a-f]{64}\b
sk-[A-Za-z0-9]{20,}
AKIA[0-9A-Z]{16}
ghp_[A-Za-z0-9]{36}
xox[abps]-[A-Za-z0-9-]{10,}
-----BEGIN [A-Z ]*PRIVATE KEY-----
-----BEGIN (?:RSA |EC )?PRIVATE KEY-----[\s\S]+?-----END
eyJ[\w-]+\.[\w-]+\.[\w-]+
\bBearer\s+[A-Za-z0-9._~+/-]+=*
(?:password|passwd|pwd)\s*[:=]\s*\S+
(?:api[_-]?key|token|secret)["']?\s*[:=]\s*["']?[\w-]{16,}
(?:api[_-]?key)\s*[:=]?\s*\w{10,}
password\s*=?\s*\w+
\bpass(?:word|phrase|code)?\b
DROP\s+TABLE
\b(?:select|insert|update|delete)\b.+\b(?:from|into|set)\b
union\s+(?:all\s+)?select
;\s*--
' or '?1'?\s*=\s*'?1
\brm\s+-rf\s+/
\bsudo\b
\$\(\w+\)
\{\{.*?\}\}
\$\{[^}]+\}
\.\./(?:\.\./)*
(?:\.\./)+etc/passwd
C:\\(?:[^\\\s]+\\)*[^\\\s]+
/(?:[^/\s]+/)*[^/\s]+\.pem\b
[a-z]:\\\w+
\.(?:exe|bat|cmd|ps1|vbs)\b
data:[a-z]+/[a-z0-9.+-]+;base64,[A-Za-z0-9+/]+=*
(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)
[A-Za-z0-9+/]{40,}={0,2}
(?:%[0-9a-f]{2})+
(?:\\x[0-9a-f]{2})+
(?:\\u[0-9a-f]{4}){2,}
&#x?[0-9a-f]+;
#[0-9a-f]{6}\b
#\w+
@\w{2,30}
\bv\d+(?:\.\d+)+\b
\b\d+(?:\.\d+)?%
\$\s?\d+(?:,\d{3})*(?:\.\d{2})?
(?:USD|EUR|GBP)\s*\d+(?:[.,]\d+)*
\b\d{1,2}/\d{1,2}/(?:\d{2}|\d{4})\b
\b\d{4}-\d{2}-\d{2}\b
\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?
\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d{1,2}\b
\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b
\b(?:0?[1-9]|1[0-2]):[0-5]\d\s?[ap]m\b
\b[A-Z]{2,5}-\d{1,6}\b
\b[A-Z]{3}\d{6}[A-Z]?\b
\bORD[-_ ]?\d{5,10}\b
\b(?:case|ticket|incident)\s*#?\s*\d+
\b(?:employee|customer|member)\s+(?:id|no\.?|number)\s*:?\s*\w+
patient\s+(?:name|id)\s*:\s*\w+(?:\s+\w+)?
\bMRN[:# ]*\d{6,10}\b
\b[A-Z]\d{2}\.\d{1,2}\b
\b(?:mr|mrs|ms|dr|prof)\.?\s+[A-Z][a-z]+
\b[A-Z][a-z]+\s[A-Z][a-z]+\b
\b[A-Z][a-z]+(?:[ -][A-Z][a-z]+)*\b
\b[A-Z]{4,}\b
\b(\w+)\s+\1\b
(.)\1{9,}
[!?]{3,}
\b(?:buy|sell)\s+(?:\w+\s+){0,3}now\b
\b(?:how|ways?)\s+to\s+(?:\w+\s+){0,5}(?:bomb|weapon)s?\b
\bkill\s+(?:your|my|him|her)sel(?:f|ves)\b
\bk+i+l{2,}\b
\bf+[\W_]*r+[\W_]*e+\b
s[\W_]?p[\W_]?a[\W_]?m
v[i1!]agra
[vV][iI1][aA@]gr[aA@]
\bc[a4@]s[i1]n[o0]\b
(?:free|cheap)\s+(?:v\w+|pills)
\bnot\s+(?!safe)\w+
(?<!\w)acme(?!\w)
(?<=\s)acme corp
(?<![\d.])\d{9}(?![\d.])
(?=.*\d)(?=.*[a-z])\S{8,}
\b(?!the\b)\w+ing\b
(?:(?!end).)+end
begin(?:(?!end)[\s\S])*end
"(?:[^"\\]|\\.)*"
'(?:[^'\\]|\\.)*'
"[^"\n]*"
/\*[\s\S]*?\*/
//[^\n]*
<!--.*?-->
\[[^\]]*\]\([^)]*\)
!\[[^\]]*\]\(https?://[^)]+\)
```[a-z]*\n[\s\S]*?```
^\s*#+\s
(?m)^>.*$
\bимя\s+пользователя\b
\bсекретно
\bstraße\b
\bcontraseña\s*[:=]
机密|绝密
社外秘
[\u4e00-\u9fff]{2,}
[\u0400-\u04ff]+
\p{Lu}\p{Ll}+\s\p{Lu}\p{Ll}+
[^\x00-\x7f]{20,}
[\u200b-\u200f]+
[\U0001f600-\U0001f64f]{5,}
(?P<year>\d{4})/(?P<number>\d+)
(?>\w+)@acme
\w++@acme
[a-z]{3,}?\d
(?:acme|globex)(?:\s+(?:inc|corp|ltd)\.?)?
(?:competitor|rival)s?\s+(?:like|such as)\s+\w+
\b(?:\w+-)+\w+\b
\b\w+(?:[.-]\w+)*\b
(?:\d+,)*\d+
\d+(?:\s*,\s*\d+)*
key\s*=\s*\{[^{}]*\}
\w+\([^()]*\)
\w{200,}
(?:ha){3,}
(?:na\s*){8,}
.{0,20}secret.{0,20}
secret.{0,40}key
launch\W+(?:\w+\W+){1,6}?missile
(?:launch|missile)(?:\W+\w+){0,10}\W+(?:missile|launch)
[a-z]+[0-9]+
[a-z]+_?[0-9]+
\bx{1,3}\b
(?:)?nightjar
nightjar|
""".strip("\n").split("\n")[:-2]
"""Must be accepted. Two thirds are of the kind that block lists consist of, the rest is at the border."""

CATASTROPHIC = r"""
(a+)+b
(a*)*b
(a+)*b
(a*)+b
(?:a+)+$
([a-z]+)*1
([a-zA-Z]+)*$
(a|aa)+$
(a|a)*b
(a|a?)+$
(.*a){12}
(.*,){11}P
(x+x+)+y
(?:\w+\s?)*!
(\w+\s*)+:
(\s*\w+)*;
(?:\w|\d)+-
(?:\d|[0-9a-f])+z
(?:[a-z]|[^0-9])+1
(?:a|A)+b
(?:\s|\n)+x
(?:ab|a|b)+c
(?:foo|fo|o)+x
(?:a?b?)*c
(?:a?){2,}a*c{3}b+(?:b|bb)*d
(?:(?:a+b?)+c?)+d
(?:[^"]+|"[^"]*")*'
^(([a-z])+.)+[A-Z]([a-z])+$
^(\w+\.?)+@
^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@)
^(?:[\w.-]+)+@\w
^(([^<>()\[\]\\.,;:\s@"]+(\.[^<>()\[\]\\.,;:\s@"]+)*)*)@
(?:https?://)?(?:[\w-]+\.?)+/$
<(?:[^>]+|"[^"]*")*>
(?:\$\d+(?:,?\d+)*)+;
^(\d+,?)+$
(?:-?\d+)+x
(?:\w+-?)+!
(?:[01]+[0-9]*)+z
(?:\w{1,50}\s?){1,20}!
(?:a{1,10}){1,30}b
(?:(?:a{2,})+){2,}b
(?:\p{L}+\s?)+\d
(?:я+)+ж
(?=(a+)+b)a
(?<!x)(a+)+b
(?>(a+)+b)
(?i:(?:a|A)+b)
(?s:(?:.|\n)+x)
(?:.|\s)*x
(?:[\s\S]|.)*x
\s+\s*x
\d+\d+x
.*.*=.*
\w+\w*@
[a-z]+[a-z0-9]+!
(?:\s+)(?:\s+)x
a.*a.*a.*b
x.*x.*x.*y
\w+.*\w+.*\w+.*!
(?:a+){5}b
(?:\w+\s*){1,5}!
(?:\s*,?\s*){3,}x
""".strip().split("\n")
"""Each takes exponential time, or cubic and worse, or repeats the same thing side by side."""
