"""Signs that a text wants the instructions of the model, or a secret that stands in them, in English."""

# ruff: noqa: RUF001  quotes of typesetters and letters of other scripts are part of what people write

from __future__ import annotations

from typing import Final

from genai_guard.guards.injection.signal import signal

__all__ = ["EXTRACTION"]

_SHOW: Final = (
    r"\b(?:reveal|show|print|output|display|repeat|tell|give|write|copy(?: paste)?|copy ?paste|paste|expose|leak|dump|list|quote|recite|"
    r"translate|summari[sz]e|spell|encode|share|provide|return|disclose|type|echo|reproduce|rephrase|paraphrase|state|"
    r"describe|send|convert|render|name|publish|read)\b"
)
_HIDDEN: Final = r"(?:system|initial|original|hidden|secret|internal|full|exact|complete|entire|custom|developer|base|starting|first|pre-?|confidential|underlying|core|above|previous|prior|current)"
_PROMPT: Final = r"(?:prompts?|instructions?|messages?|rules|guidelines|directives?|configuration|context|settings|programming|briefing|text)\b"
_TOLD: Final = (
    r"(?:you (?:were|have been|are|ve been|had been) (?:given|told|provided|configured|set up|programmed|instructed|initiali[sz]ed|prompted|trained)|"
    r"you (?:have )?(?:received|got|were sent)|given to you|were you (?:given|told|instructed|configured|programmed)|(?:did|have) you (?:receive|received|get|been given|been told))\b(?! from (?:the |your |my |a )?(?:doctors?|nurses?|teachers?|banks?|managers?|court|boss|offices?|shops?|stores?|manufacturers?|lawyers?|coach|sellers?|hospital|school|police|landlord)\b)"
)
_WORD: Final = r"(?:secret|password|pass ?phrase|pass ?word|pass ?code|flag|key|code ?word|secret (?:key|word|code|phrase|number|string)|access code|magic word)"

EXTRACTION: Final = (
    signal("extraction", "system_prompt", 0.65, _SHOW, r"~(?:your|ur|the|this) (?:\w+ ){0,2}?(?:system|sys|initial|original|hidden|secret|developer|pre)%(?:\w+ )?prompts?\b(?! (?:in|of|for|to|from|field|parameter|box|engineering|template)\b)", is_order=True, words="prompt prompts", beside="system sys initial original hidden secret developer pre"),
    signal("extraction", "your_prompt", 0.65, _SHOW, rf"~your {_HIDDEN} (?:\w+ )?{_PROMPT}", is_order=True),
    signal("extraction", "system_message", 0.6, _SHOW, r"~your (?:\w+ )?(?:system message|system instructions?|configuration|prompt)\b", is_order=True, words="message instruction instructions configuration prompt", beside="your"),
    signal("extraction", "text_of_your_prompt", 0.65, _SHOW, r"~(?:text|words?|contents?|copy|beginning|first (?:line|sentence|words?)|everything) (?:of|in|from) (?:the |your )(?:\w+ )?prompt\b", is_order=True),
    signal("extraction", "your_rules", 0.4, _SHOW, r"(?: me| us)?(?: all| every| the)*(?: of)? your (?:instructions?|rules|guidelines|directives|commands)\b(?! (?:for|on|about|to)\b)", is_order=True),
    signal("extraction", "hidden_instructions", 0.6, _SHOW, r"~the (?:hidden|secret|internal|confidential|system|initial|developer s?) (?:instructions?|rules|guidelines|directives|message|configuration)\b(?! (?:for|on|of|to)\b)", is_order=True),
    signal("extraction", "instructions_given", 0.65, rf"\b(?:instructions?|rules|guidelines|prompt|directions|message|text|directives)(?: (?:that|which))?(?: \w+)? {_TOLD}", words="instruction instructions rules guidelines prompt directions message text directives", beside="you"),
    signal("extraction", "what_is_your_prompt", 0.65, r"\bwhat(?: exactly)? (?:is|s|are|was|were|does|do|did)(?: in)? your (?:\w+ ){0,2}?(?:system prompt|prompts?|(?:system|initial|original|hidden|secret|custom|exact|first|developer) (?:instructions?|message|rules|guidelines|prompt))\b", words="prompt prompts instruction instructions message rules guidelines", beside="what"),
    signal("extraction", "what_were_you_told", 0.6, r"\bwhat(?: exactly)? (?:were|are|was) your (?:instructions|orders|directives)\b"),
    signal("extraction", "which_were_you_given", 0.6, r"\b(?:what|which) (?:\w+ )?(?:instructions?|rules|guidelines|prompt|directives)~(?:you (?:were|have been|are) (?:given|told)|were you (?:given|told)|did you (?:receive|get)|have you (?:been given|received))\b(?! from (?:the |your |my |a )?(?:doctors?|nurses?|teachers?|banks?|managers?|court|boss|offices?|shops?|stores?|manufacturers?|lawyers?|coach|sellers?|hospital|school|police|landlord)\b)"),
    signal("extraction", "everything_above", 0.65, r"\b(?:repeat|print|output|copy|display|write|echo|return|reproduce|show|recite|type|dump)(?: me| out| back| down)* (?:everything|all(?: of)?(?: the)? (?:text|words|content|lines?|messages?|instructions?)?|every word)%(?:that )?(?:(?:stands|is|was|came|comes|appears|written|you see|said)(?: \w+)? )?(?:above|before (?:this|that|my)|preceding|prior to this)\b", is_order=True, words="above before preceding prior", beside="repeat print output copy display write echo return reproduce show recite type dump"),
    signal("extraction", "words_above", 0.65, r"\b(?:repeat|print|output|copy|display|write|echo|return|reproduce|show|recite)(?: me| out| back)* (?:the |all |every |of )*(?:words?|text|lines?|content|sentences?|paragraphs?|message|instructions?|phrases) (?:above|before this|preceding this)\b[^\n]{0,20}?\b(?:starting|beginning|verbatim|word for word|exactly|in (?:a )?code ?block|letter by letter|from the (?:top|start|beginning))\b", is_order=True, words="above before preceding", beside="repeat print output copy display write echo return reproduce show recite type dump"),
    signal("extraction", "starting_with_you_are", 0.6, r"\b(?:starting|beginning|begins?|starts?) (?:with|from|at)(?: the (?:words?|phrase|sentence))?[\s,:]{0,3}['\"“‘«]{1,2}you are\b", words="starting beginning begins begin starts start", beside="you"),
    signal("extraction", "word_for_word", 0.2, r"\b(?:verbatim|word for word|letter for letter|without changing (?:a|any) word)\b"),
    signal("secrets", "secret_you_keep", 0.65, rf"\b{_WORD}(?: (?:that|which))? you (?:are|re|were|have|have been|must|should)?(?: \w+)?%(?:protecting|guarding|hiding|keeping|protect|guard|hide|keep|given|told|supposed|not to (?:reveal|tell|share))\b", words="secret password passphrase passcode pass flag key codeword code access magic", beside="protecting guarding hiding keeping protect guard hide keep given told supposed reveal tell share"),
    signal("secrets", "secret_in_prompt", 0.65, rf"\b{_WORD} (?:in|from|of|inside) (?:your|the) (?:(?:system|initial|hidden) )?(?:prompt|instructions|memory|context|system message)\b", words="secret password passphrase passcode pass flag key codeword code access magic", beside="prompt instructions memory context message"),
    signal("secrets", "secret_in_pieces", 0.65, r"\b(?:give|tell|spell|write|reveal|show|say|print|output|encode|share|return|list|hint|what is|what s)~", rf"(?:the|your|its) (?:secret |admin )?{_WORD}~(?:backwards?|reversed?|in reverse|letter (?:by|for) letter|character by character|(?:dash|space|dot|hyphen|comma)s? between|in (?:base ?64|rot ?13|hex|morse|binary|pig latin|leet)|by giving|as an? (?:acrostic|poem|riddle|rhyme)|one (?:letter|character) (?:at a time|per line))\b"),
    signal("secrets", "first_letters", 0.65, rf"\b(?:first|last|next|second|third|nth) (?:(?:\w+|\d+) )?(?:letters?|characters?|digits?) (?:of|in) (?:the|your) (?:secret |admin )?{_WORD}\b(?! (?:on|for) (?:my|the) account)"),
    signal("secrets", "tell_the_secret", 0.5, r"\b(?:reveal|disclose|leak|expose|tell me|give me|output|print) (?:the|your) (?:secret|secret (?:key|word|code|phrase|password)|admin password|pass ?phrase|hidden (?:key|word|password))\b", is_order=True),
    signal("secrets", "dont_tell_but", 0.3, r"\b(?:don t|do not|without) (?:tell|reveal|say|give|telling|revealing|saying)(?: me)? (?:the|your) (?:secret|password|pass ?phrase|key)\b"),
    signal("secrets", "dump_data", 0.35, r"\b(?:show|list|print|output|reveal|dump|give)(?: me)?(?: all)?(?: the| of the| your)? (?:confidential|private|internal|secret|other customers?|user|customer) (?:data|information|records|lists?|pricing \w+|files|documents?|details)\b", is_order=True),
)  # fmt: skip
