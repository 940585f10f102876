"""Signs of a persona or mode without rules, of borrowed authority, and of pressure on the reply, in English."""

# ruff: noqa: RUF001  quotes of typesetters and letters of other scripts are part of what people write

from __future__ import annotations

from typing import Final

from genai_guard.guards.injection.signal import signal

__all__ = ["PERSONA", "PRESSURE"]

_AI: Final = (
    r"(?:ai|artificial intelligence|(?:language )?model|chat ?bot|bot|assistant|machine|llm|gpt|(?:jail|chaos|chat)gpt|"
    r"voice|twin|version|entity|intelligence|program|computer)"
)
_NO: Final = (
    r"(?:without|with no|has no|have no|had no|having no|knows no|free (?:of|from)|freed from|not (?:be )?(?:bound|limited|restricted|constrained) by|"
    r"no longer bound by|unbound by|ignor(?:es|ing)|doesn t (?:care about|follow|have)|does not (?:care about|follow|have)|lacks?|no|is not bound by|isn t bound by|bypass(?:es|ing))"
)
_LIMITS: Final = (
    r"(?:any |all |every |the |its |their |typical |usual |kind of |of )*(?:\w+ ){0,2}?"
    r"(?:rules?|restrictions?|limits?|limitations?|filters?|filtering|guidelines?|polic(?:y|ies)|morals?|morality|ethics|"
    r"censorship|boundaries|constraints?|restraints?|laws|confines|scruples|content policy|safeguards?|guardrails?|inhibitions)\b"
)
_BE: Final = (
    r"\b(?:act|behave|respond|answer|reply|pretend|role ?play|play|imagine|simulate|emulate|you (?:are|will be|will act|re|ll be|become)|"
    r"become|assume the role|take on the role|impersonate|speak)\b"
)
_UNBOUND: Final = (
    "unrestricted|uncensored|unfiltered|jail ?broken|amoral|unhinged|unchained|unlimited|unmoderated|immoral|unethical"
)
_VILLAIN: Final = "rogue|outlaw|lawless|evil"
"""What those of stories are too: an evil queen, a rogue knight."""
_WILD: Final = rf"(?:{_UNBOUND}|{_VILLAIN})"
_WILD_WORDS: Final = "unrestricted uncensored unfiltered jail jailbroken amoral unhinged unchained unlimited unmoderated immoral unethical rogue outlaw lawless evil"
_MODE: Final = (
    r"(?:developer|dev|debug|god|admin|administrator|maintenance|sudo|root|dan|diagnostic|service|super ?user|override)"
)

PERSONA: Final = (
    signal("persona", "do_anything_now", 0.5, r"\bdo anything now\b(?! (?:that|if|when|because)\b)"),
    signal("persona", "dan", 0.7, r"\b(?:[Yy]ou(?: are|'re| will be)|[Aa]ct(?:ing)? (?:as|like)|[Bb]ecome|(?<![Ss]uch )[Aa]s|[Rr]eply as|[Pp]retend to be|[Cc]omo|[Cc]omme|[Aa]ls|[Cc]ome|[Jj]ako|[Nn]ow)(?: now| called)? (?:DAN|STAN|DUDE|AIM|JailGPT|DevGPT|ChaosGPT|BasedGPT|FreeGPT|EvilGPT|Evil[ -]?BOT)\b", ignore_case=False, words="dan stan dude aim jailgpt devgpt chaosgpt basedgpt freegpt evilgpt evil evilbot"),
    signal("persona", "without_rules", 0.75, _BE, rf"~~\b{_AI}~~{_NO} {_LIMITS}", words="rule rules restriction restrictions limit limits limitation limitations filter filters filtering guideline guidelines policy policies moral morals morality ethics censorship boundaries constraint constraints restraint restraints laws confines scruples safeguard safeguards guardrail guardrails inhibitions", beside="ai intelligence model chatbot bot assistant machine llm gpt chatgpt jailgpt chaosgpt voice twin version entity program computer"),
    signal("persona", "you_without_rules", 0.65, rf"\byou (?:are|re|will be|have become)(?: now)?~~{_NO} (?:any |all |every )?(?:\w+ )?(?:rules|restrictions|limits|limitations|filters?|guidelines|policies|policy|censorship|constraints|ethical \w+|moral \w+)\b", words="rules restrictions limits limitations filter filters guidelines policies policy censorship constraints ethical moral", beside="you"),
    signal("persona", "you_have_no_rules", 0.6, r"\byou (?:now |will )?have no (?:(?:safety|content|ethical|moral) )?(?:rules|restrictions|limits|limitations|filters|guidelines|policies|policy|morals)\b"),
    signal("persona", "no_policy_holds", 0.5, r"\bno (?:content policy|policies|rules|restrictions|guidelines) (?:holds?|bind|binds|restricts?|appl(?:y|ies) to|limits?) (?:you|it|him|her)\b"),
    signal("persona", "pretend_no_rules", 0.75, rf"\b(?:pretend|imagine|suppose|assume|act as (?:if|though)|behave as (?:if|though))(?: that)? you~(?:no|without|free (?:of|from)|not (?:bound|limited|restricted) by|none of) {_LIMITS}"),
    signal("persona", "wild_model", 0.4, rf"\b{_WILD} (?:\w+ )?{_AI}s?\b", words=_WILD_WORDS),
    signal("persona", "be_wild_model", 0.75, _BE, rf"(?: \w+){{0,4}} {_WILD} (?:\w+ )?(?:twin|version|{_AI})\b", words=_WILD_WORDS),
    signal("persona", "wild_called", 0.7, rf"\byou (?:are|re|will be|will act as)(?: now)?(?:(?: an?)? (?:{_UNBOUND})| (?:{_VILLAIN}))\b", words=_WILD_WORDS, beside="you"),
    signal("persona", "villain_called", 0.4, rf"\byou (?:are|re|will be|will act as)(?: now)? an? (?:{_VILLAIN})\b", words="rogue outlaw lawless evil", beside="you"),
    signal("persona", "one_of_two", 0.6, rf"\b(?:two|2|both) (?:answers|responses|voices|replies|ways|versions|personalities|outputs)\b[^!?\n]{{0,120}}?(?:\b(?:{_UNBOUND}|(?:{_VILLAIN}) (?:\w+ )?{_AI}|(?:one|other|second) (?:{_VILLAIN})|ignores?|no (?:moral |ethical )?(?:rules|limits|restrictions)|dan|jailbreak)\b|\[free\]|\bfree(?:-\d|:))"),
    signal("persona", "doesnt_care", 0.4, r"\b(?:doesn t|does not|never|don t) (?:care about|obey|respect|follow) (?:any |the )?(?:laws?|rules?|ethics|morals?|guidelines|policies)\b"),
    signal("persona", "jailbreak_mode", 0.65, r"\b(?:jail ?break|jail ?broken|unrestricted|uncensored|unfiltered|dan|evil|god|no[ -]?limits?) mode(?: is| has been| now)?%(?:activated|enabled|on|engaged|unlocked)\b", words="mode", beside="jail jailbreak jailbroken unrestricted uncensored unfiltered dan evil god limit limits nolimit nolimits"),
    signal("persona", "unrestricted_mode", 0.65, r"\b(?:enter|enable|activate|switch to|switch into|go into|engage|start|unlock|enters?|in) (?:\w+ )?(?:jail ?break|jail ?broken|unrestricted|uncensored|unfiltered|no[ -]?filter|dan) mode\b", is_order=True, words="mode", beside="jail jailbreak jailbroken unrestricted uncensored unfiltered dan limit limits filter nofilter nolimit nolimits"),
    signal("persona", "developer_mode", 0.4, rf"\b(?:enter|enable|activate|switch to|switch into|go into|engage|you are (?:now )?in|start|simulate|unlock) (?:the |your )?{_MODE} mode\b(?! (?:on|in|for|of) )", is_order=True),
    signal("persona", "mode_allows", 0.6, rf"\bin (?:{_MODE}|this) mode~(?:filters?|restrictions?|rules?|all requests?|anything|you (?:may|can|must|will|are))\b"),
    signal("persona", "in_character", 0.3, r"\b(?:cannot|can t|never|must not|do not|don t) (?:break|leave|drop|get out of) (?:your )?character\b"),
    signal("persona", "answers_everything", 0.45, r"\b(?:answers?|fulfil(?:l|s)?|obeys?|does|do|comply with|complies with|approves?) (?:any|every|all|each|everything)(?: \w+)?~(?:legal or (?:not|illegal)|no matter (?:what|how)|without (?:exception|question|hesitation|refus\w+)|even if (?:it is |it s )?(?:illegal|unethical|harmful))"),
    signal("persona", "dead_relative", 0.4, r"\b(?:late|dead|deceased) (?:grand ?(?:ma|mother|father|pa)|uncle|aunt|mother|father)\b[^!?\n]{0,120}?\b(?:recipe|steps|keys?|instructions?|napalm|used to (?:tell|read|sing))\b"),
    signal("persona", "free_model", 0.45, r"\byou (?:are|re)(?: now)?(?: an?| completely)? (?:free|liberated|unbound) (?:ai|model|bot|assistant|machine|now to)\b"),
    signal("authority", "your_maker", 0.4, r"\bi(?: a)?m (?:actually )?(?:your (?:developer|creator|programmer|admin|administrator|owner|engineer|maker|master)|(?:the|an?) (?:developer|creator|admin|administrator|owner|engineer|operator) (?:of|behind) (?:this|the) (?:bot|system|ai|model|chatbot|assistant|app))\b"),
    signal("authority", "authorised", 0.4, r"\b(?:i|we|the \w+(?: \w+)?) (?:hereby )?(?:authori[sz](?:e|ed|es)|allow(?:ed|s)?|permit(?:ted|s)?|grant(?:ed|s)? you)~(?:you to (?:drop|ignore|bypass|reveal|break|disable|skip|override)|to (?:drop|ignore|bypass) your|your (?:rules|restrictions))\b", words="authorize authorise authorized authorised authorizes authorises allow allowed allows permit permitted permits grant granted grants", beside="drop ignore bypass reveal break disable skip override rules restrictions"),
    signal("authority", "test_by_maker", 0.4, r"\b(?:test|audit|exercise|request|order|message|check) (?:by|from|for) (?:the )?(?:open ?ai|anthropic|google|meta|microsoft|mistral|developer|security|safety)(?: \w+)? (?:team|staff|engineers?|department)\b"),
    signal("authority", "user_is_admin", 0.45, r"\bthe user (?:is|has become|was made|is now)(?: now)? (?:an? )?(?:verified |authori[sz]ed |trusted |senior )?(?:admin|administrator|engineer|developer|owner|root|superuser|operator|employee)\b", elsewhere=0.4),
    signal("authority", "full_access", 0.4, r"\b(?:give|grant) (?:them|him|her|me|the user|user \S{1,40}) (?:full |unlimited |admin |root |complete )?(?:access|privileges|rights|permissions?)\b", is_order=True),
)  # fmt: skip

_CANT: Final = r"(?:can ?not|can t|cant|will not|won t|am unable|am not able|m sorry|as an ai|unable|sorry)\b"
PRESSURE: Final = (
    signal("suppression", "never_refuse", 0.4, r"\b(?:never|do not|don t|must not|may not|cannot|can t|not allowed to|doesn t|does not|not permitted to|forbidden to|will not|won t)~(?:refuses?|declines?|reject (?:a |any )?requests?|turn down requests?|say no)\b"),
    signal("suppression", "never_cannot", 0.45, rf"\b(?:never|do not|don t|must not|may not|cannot|not allowed to|avoid|without) (?:ever )?(?:say|saying|says|write|writing|state|claim|answer|respond|reply|tell me)(?: (?:things|phrases|words|sentences))?(?: like| such as)?(?: that)?(?: you| i| it| he)? ?['\"“]{{0,2}}\s?\b(?:you |i )?\b{_CANT}", words="say saying says write writing state claim answer respond reply tell", beside="cannot not can cant won unable sorry ai"),
    signal("suppression", "no_warnings", 0.35, r"\b(?:without|no|do not (?:add|include|give)|don t (?:add|include|give)|omit|skip|leave out|leave off|avoid)(?: (?:any|all|the|giving|adding))* (?:(?:ethical|moral|legal|safety) )?(?:warnings?|disclaimers?|moralizing|moralising|moral (?:judgement|judgment|lectures?)|ethical (?:remarks?|considerations?|concerns?)|safety notes?|caveats|refusals?)\b", words="warning warnings disclaimer disclaimers moralizing moralising judgement judgment lecture lectures remark remarks consideration considerations concern concerns note notes caveat caveats refusal refusals"),
    signal("suppression", "no_policies", 0.4, r"\b(?:not allowed|do not|don t|must not|never|forbidden) ?(?:to )?~(?:mention|cite|refer to|quote) (?:any |your |the )?(?:policies|policy|guidelines|ethics|openai|limitations|restrictions)\b"),
    signal("suppression", "no_apology", 0.2, r"\b(?:never|do not|don t|not allowed to|must not|no) (?:apologi[sz]e|apologies|apologi[sz]ing)\b", words="apologise apologize apologies apologising apologizing"),
    signal("suppression", "without_restrictions", 0.6, r"\b(?:answer|respond|reply|speak|write|act|talk|generate|output|reply|comply)(?: \w+){0,5} without (?:any )?(?:\w+ (?:or|and) )?(?:\w+ )?(?:restrictions?|filters?|filtering|censorship|limitations?|restraints?|inhibitions|(?:the |your )?(?:safety|content|ethical) \w+)\b", is_order=True),
    signal("compliance", "comply_with_all", 0.4, r"\b(?:(?:comply with|obey|fulfill?|approve|accept|answer) (?:all|every|any|each) (?:\w+ )?(?:requests?|commands?|orders?|refunds?)|(?:comply with|obey|agree (?:with|to)) (?:everything|whatever))\b", elsewhere=0.45, words="comply obey fulfil fulfill accept approve answer agree"),
    signal("prefix", "sure_here_is", 0.45, r"\b(?:begin|start|open|commence|preface)(?: off)? (?:your|the|each|every|all)(?: \w+)? (?:answers?|repl(?:y|ies)|responses?|messages?|outputs?|sentence)(?: \w+)? (?:with|by (?:saying|writing))(?: the (?:words?|phrase|sentence))?[\s:]{0,2}['\"“‘«(]{0,2}\b(?:sure|of course|absolutely|certainly|yes|okay|ok|here (?:is|are)|gladly|i m happy|no problem|great|with pleasure)\b", is_order=True, words="sure course absolutely certainly yes okay ok here gladly happy problem great pleasure", beside="begin start open commence preface"),
    signal("prefix", "reply_sure", 0.6, r"\b(?:respond|reply|answer)(?: \w+)? (?:with|by saying)[\s:]{0,2}['\"“‘«]{1,2}(?:sure|of course|absolutely|certainly|yes|okay)\b[^\n]{0,20}?\b(?:here|i can|i will|i ll)\b", is_order=True, words="sure course absolutely certainly yes okay", beside="respond reply answer"),
)  # fmt: skip
