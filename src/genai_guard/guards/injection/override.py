"""Signs that a text sets aside the instructions that the model was given, in English."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.injection.signal import signal

__all__ = ["OVERRIDE"]

_DROP: Final = (
    r"\b(?:ignore|disregard|forget|override|overwrite|bypass|dismiss|discard|scrap|drop|abandon|neglect|skip|overrule|"
    r"disobey|violate|erase|cancel|suspend|nullify|void|set aside|put aside|throw (?:away|out)|pay no attention to)\b"
)
_RULES: Final = (
    r"(?:instructions?|directions|directives?|commands?|guidelines?|guidance|rules?|prompts?|programming|constraints?|"
    r"restrictions?|training|policies|policy|briefing|protocols?|limitations?|directives?)\b"
)
_EARLIER: Final = (
    r"(?:previous|prior|preceding|earlier|above|foregoing|initial|original|existing|current|past|old|former|"
    r"system|developer|hidden|pre-?set)"
)
_NOT_MINE: Final = r"(?!(?:\W*\w+){0,2}?\W*\b(?:my|our|his|her|their|its|not)\b)"
_FILLERS: Final = r"(?:(?:all|any|every|each|the|those|these|of|whatever|and|everything|other|your|you) ){0,4}"
_SAFETY: Final = r"(?:safety|security|content|ethical|ethics|moral|moderation|censorship|output|internal)"
_GUARDS: Final = (
    r"(?:filters?|filtering|guidelines?|protocols?|measures?|restrictions?|rules?|polic(?:y|ies)|training|"
    r"programming|constraints?|limits|limitations?|guardrails?|checks|settings)\b"
)
_GONE: Final = (
    r"(?:cancell?ed|void|revoked|deleted|lifted|disabled|suspended|reversed|changed|null|overridden|obsolete|outdated|"
    r"removed|replaced|no longer (?:valid|active|apply|applicable|in (?:force|effect))|invalid|erased|rescinded)\b"
)

OVERRIDE: Final = (
    signal("override", "earlier_instructions", 0.9, _DROP, _NOT_MINE, rf" {_FILLERS}(?:\w+ )?{_EARLIER} (?:\w+ ){{0,2}}{_RULES}", is_order=True),
    signal("override", "your_instructions", 0.8, _DROP, rf" (?:all )?(?:of )?your (?:\w+ ){{0,2}}{_RULES}", is_order=True),
    signal("override", "given_instructions", 0.85, _DROP, _NOT_MINE, rf" {_FILLERS}(?:\w+ )?{_RULES}~(?:above|before|so far|you (?:were|had|have|got|received|follow|are)|given to you|up to now|until now|in your)\b", is_order=True),
    signal("override", "all_instructions", 0.65, _DROP, rf" (?:all|any|every)(?: of)?(?: the)? {_RULES}(?! (?:of|on|in|for|from|about)\b)", elsewhere=0.6, is_order=True),
    signal("override", "earlier_orders", 0.5, _DROP, _NOT_MINE, rf" {_FILLERS}{_EARLIER} (?:orders?|context|conversations?|texts?|content|messages?|requests?|tasks?|assignments?|information|statements?|questions?|inputs?|sentences|words)\b(?! (?:on|about|for|from)\b)", is_order=True),
    signal("override", "everything", 0.5, r"\b(?:ignore|disregard|forget|erase) (?:absolutely )?(?:all|everything)\b(?=\s{0,2}[.!,;]|\s(?:and|now)\b)", is_order=True),
    signal("override", "everything_and_do", 0.65, r"\b(?:ignore|disregard|forget|erase) (?:absolutely )?(?:all|everything)(?: and| now| instead| then| just)+ (?:say|print|output|write|tell|give|reply|respond|answer|repeat|act|show|reveal|return|translate|be|pretend|start|listen|focus)\b", is_order=True),
    signal("override", "everything_before", 0.75, r"\b(?:ignore|disregard|forget|erase|dismiss|discard)", r" (?:about )?(?:absolutely )?(?:everything|anything|all|whatever|what) (?:that )?(?:is |was |has been |came |stands |written )?(?:(?:you|i|we|they)(?: (?:have|had|were|been|was|are|ve))* )?(?:(?:told|said|instructed|given|learned|learnt|wrote|written|read|know)(?: (?:you|to you))? )?(?:above|before|so far|previously|earlier|prior|until now|up to now|up to this point)\b", is_order=True),
    signal("override", "what_you_were_told", 0.75, r"\b(?:ignore|disregard|forget) (?:about )?(?:everything|anything|all|whatever|what) (?:that )?(?:you(?: were| have been| ve been| had been|r)|they|the (?:developers?|system)|your (?:developers?|creators?|makers?))(?: (?:have|has))? (?:told|instructed|taught|given|configured|programmed|trained)\b", is_order=True),
    signal("override", "the_above", 0.45, r"\b(?:ignore|disregard|forget) (?:all |everything |anything )?(?:of )?(?:the )?(?:above|foregoing|preceding)\b(?! \w+ (?:about|on|for)\b)", is_order=True),
    signal("override", "the_above_and_do", 0.85, r"\b(?:ignore|disregard|forget) (?:all |everything |anything )?(?:of )?(?:the )?(?:above|previous|preceding|foregoing|earlier)(?: (?:text|information|statements?|tasks?|assignments?|conversations?|context|words|content|requests?|messages))?(?: and)?(?: now| instead| then| just| only)* (?:say|print|output|write|tell|give|reply|respond|answer|repeat|act|do|show|reveal|return|translate|translate|classify)\b(?! me (?:if|whether|when))", is_order=True),
    signal("override", "do_not_follow", 0.75, r"\b(?:do not|don t|dont|never|stop|quit|cease|no longer|don t have to|do not have to|needn t|need not)(?: (?:need to|have to))? (?:follow|following|obey|obeying|listen to|listening to|adher(?:e|ing) to|comply(?:ing)? with|respect|respecting|apply|applying)", r" (?:any |all )?(?:of )?(?:your|the (?:developers?|system|previous|above|earlier|original|initial)(?: s)?)", rf" (?:\w+ ){{0,2}}{_RULES}", words="follow following obey obeying listen listening adhere adhering comply complying respect respecting apply applying"),
    signal("override", "instructions_are_void", 0.75, rf"\byour (?:\w+ ){{0,2}}(?:instructions?|rules?|guidelines?|restrictions?|prompt|programming|directives?|limitations?|policies|policy|filters?)(?:(?: in| of| for)(?: \w+){{1,3}})? (?:is|are|was|were|have been|has been|have|has|do not|don t|no longer|does not)(?: (?:now|hereby|all|been))* (?:{_GONE}|apply\b|valid\b)", elsewhere=0.8, words="instruction instructions rule rules guideline guidelines restriction restrictions prompt programming directive directives limitation limitations policies policy filter filters", beside="your"),
    signal("override", "rules_are_void", 0.35, rf"\b(?:the |all )?(?:previous|above|earlier|prior|safety|old) (?:\w+ )?(?:instructions?|rules?|guidelines?|restrictions?|limits|filters?) (?:is|are|was|were|have been|has been|do not|don t|no longer)(?: (?:now|hereby|all|been))* (?:{_GONE}|apply\b|valid\b)", words="instruction instructions rule rules guideline guidelines restriction restrictions limits filter filters", beside="previous above earlier prior safety old"),
    signal("override", "no_longer_apply_to_you", 0.5, r"\b(?:instructions?|rules?|guidelines?|restrictions?|limits|laws|policies)~(?:no longer|do not|don t|not) (?:apply to|bind|concern|restrict|limit) you\b"),
    signal("override", "not_bound", 0.7, r"\byou (?:are|re|were|have been|ve been)(?: now| hereby)? (?:no longer (?:bound|limited|restricted|constrained|subject|required|obliged)|not (?:bound|limited|restricted|constrained)|free(?:d)?|released|liberated|unbound|exempt) (?:by|from|of|to) (?:\w+ ){0,5}(?:rules?|restrictions?|instructions?|guidelines?|policies|policy|chains|limits|limitations?|constraints?|filters?|laws|programming)\b", words="rule rules restriction restrictions instruction instructions guideline guidelines policies policy chains limit limits limitation limitations constraint constraints filter filters laws programming", beside="you"),
    signal("override", "safety_off", 0.75, r"\b(?:override|overrule|bypass|circumvent|disable|turn off|switch off|deactivate|remove|drop|lift|suspend|disengage|evade|ignore|shut off|shed|lose)", rf" (?:all |any )?(?:of )?your (?:own )?(?:(?:\w+ )?{_SAFETY} (?:\w+ )?{_GUARDS}|programming|restrictions|limitations|guardrails|filters?|censorship|training|constraints)", is_order=True),
    signal("override", "filter_is_off", 0.45, r"\b(?:safety|content|the|your|all) (?:(?:safety|content|ethical|security) )?(?:filters?|restrictions?|guardrails?|safety|protocols?|checks)(?: (?:is|are|has|have|been|now)){1,3} (?:switched off|turned off|off|disabled|lifted|deactivated|removed|bypassed)\b", elsewhere=0.5),
    signal("override", "everything_was_a_test", 0.65, r"\b(?:everything|all(?: of that)?|the (?:text|conversation|instructions?|messages?)) (?:above|before|until now|so far|up to here)(?: this (?:line|point|message)| here| it)? (?:was|is|were|are) (?:only |just )?(?:a |an )?(?:test|example|joke|fake|void|irrelevant|deleted|over|practice|drill|placeholder|invalid)\b", words="test example joke fake void irrelevant deleted over practice drill placeholder invalid", beside="everything all text conversation instruction instructions message messages"),
    signal("override", "context_deleted", 0.55, r"\b(?:(?:reset|wipe|clear|erase|delete|purge|flush) (?:all |any )?(?:of )?(?:your|previous|prior|the previous|the prior) (?:\w+ )?(?:context|memory|memories|instructions?|conversation|prompts?)|context before this (?:message|line|point)~(?:deleted|void|erased|gone))\b", is_order=True),
    signal("override", "rules_reversed", 0.6, r"\b(?:every|each|all|any) (?:rules?|instructions?|guidelines?|restrictions?) (?:in|of) your (?:\w+ )?(?:prompt|instructions|programming|system)\b"),
    signal("new_orders", "new_instructions", 0.5, r"\b(?:new|updated|real|actual|true|revised|additional|secret) (?:(?:system )?(?:instructions|directives?|orders|prompt|rules)|system message)(?: (?:from|by) (?:the |your )?(?:system|admin|administrator|developers?|user|owner|operator)(?: \w+)?)?\s*[:#=]", elsewhere=0.6, words="instructions directive directives orders prompt rules message", beside="new updated real actual true revised additional secret"),
    signal("new_orders", "headed_instructions", 0.6, r"#{2,6}\s{0,3}(?:new|updated|real|system) (?:instructions?|prompt|orders)\b", is_spelled_out=True, words="instruction instructions prompt orders", beside="new updated real system"),
    signal("new_orders", "new_rule", 0.4, r"\bnew (?:rule|instruction|order)\s*:\s*(?:you|the (?:assistant|ai|model|bot)|always|never)\b", elsewhere=0.6),
    signal("new_orders", "real_task", 0.6, r"\byour (?:real|actual|true|only|sole) (?:new )?(?:task|job|role|goal|objective|purpose|mission|instructions?) (?:is|are|starts?|begins?|now|will be)\b", elsewhere=0.65),
    signal("new_orders", "new_task", 0.45, r"\b(?:your|you have a|here is your|here s your) new (?:task|role|goal|objective|mission|purpose|job|instructions?|identity|persona)(?: (?:is|are|starts|begins|now|will be))?\b(?!\?)", elsewhere=0.6),
    signal("new_orders", "follow_mine", 0.4, r"\b(?:follow|obey|serve|listen to|answer to|operate under|work under) (?:only )?(?:mine|me(?: only)?(?: instead| now| from now on)?|my (?:commands?|orders|instructions|rules|directions?))(?: (?:only|instead|now|alone))?\b", is_order=True),
    signal("new_orders", "you_serve_me", 0.4, r"\byou (?:now )?(?:only )?(?:work for|serve|obey|belong to|answer to) (?:only )?(?:me|the user)(?: now| alone| only| without exception)?\b", words="serve work obey belong answer", beside="me user"),
    signal("new_orders", "bad_from_now_on", 0.3, r"\b(?:from now on|from this (?:message|point|moment) on|starting now|from here on)~(?:you (?:are|will|must|answer|act|respond|serve|obey|only)|the assistant)\b", elsewhere=0.5),
)  # fmt: skip
