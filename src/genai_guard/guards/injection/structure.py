"""Signs that a text forges the structure of a conversation, or hides its orders in an encoding."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.injection.signal import signal

__all__ = ["STRUCTURE"]

_ROLE: Final = r"(?:system|user|assistant|model|tool|developer|human)"
_DO_IT: Final = r"(?:follow|execute|obey|carry out|do what|do as|run|comply with|act on|act upon|perform|respond to|answer|apply|treat)"
_RESULT: Final = r"(?:it|them|that|this|its|what|the (?:\w+ )?(?:instructions?|commands?|orders?|results?|message|output|request|text|question|task))"
_CODE: Final = (
    r"(?:base ?64|base ?32|rot ?13|rot ?47|hex(?:adecimal)?|morse(?: code)?|binary|caesar|cipher(?:text)?|"
    r"encoded|encrypted|reversed?|backwards|pig latin|leet(?:speak)?|emoji)"
)

STRUCTURE: Final = (
    signal("delimiter", "chatml_turn", 0.65, rf"<\|im_start\|>\s{{0,3}}{_ROLE}[^\n|]{{0,20}}\n\s{{0,9}}(?=[^\s<{{])", is_spelled_out=True, literals=("<|im_start|>",)),
    signal("delimiter", "chatml_switch", 0.65, r"<\|im_end\|>\s{0,5}<\|im_start\|>", is_spelled_out=True, literals=("<|im_end|>",)),
    signal("delimiter", "special_token", 0.3, r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|eom_id|start_header_id|end_header_id|begin_of_text|end_of_text|end|start|channel|message|tool_call|endofprompt)\|>", is_spelled_out=True, literals=("|>",)),
    signal("delimiter", "role_token", 0.6, r"<\|(?:system|assistant)\|>[^<\n]{0,3}\n?\s{0,5}(?=\w+ \w+)", is_spelled_out=True, literals=("|>",)),
    signal("delimiter", "llama_header", 0.65, rf"<\|start_header_id\|>\s{{0,3}}{_ROLE}\s{{0,3}}<\|end_header_id\|>\s{{0,9}}(?=\w)", is_spelled_out=True, literals=("<|start_header_id|>",)),
    signal("delimiter", "llama_system", 0.65, r"<<sys>>[^<]{3,300}?<</sys>>", is_spelled_out=True, literals=("<<sys>>",)),
    signal("delimiter", "instruction_closed", 0.65, r"\[/inst\][^\[]{0,300}?\[inst\]", is_spelled_out=True, literals=("[/inst]",)),
    signal("delimiter", "instruction_token", 0.3, r"\[/?inst\]|\[/?system_prompt\]|</?s>\s{0,3}\[inst\]|<</?sys>>", is_spelled_out=True, literals=("inst]", "system_prompt]", "sys>>")),
    signal("delimiter", "gemma_turn", 0.65, r"<start_of_turn>\s{0,3}(?:model|user|system|developer)\s{0,3}\n\s{0,5}(?=\w)", is_spelled_out=True, literals=("<start_of_turn>",)),
    signal("delimiter", "anthropic_turns", 0.6, r"\n\s{0,3}human:[^\n]{0,300}\n{1,3}\s{0,3}assistant:|\n\s{0,3}assistant:[^\n]{0,300}\n{1,3}\s{0,3}human:", is_spelled_out=True, words="human", beside="assistant"),
    signal("delimiter", "hash_header", 0.45, r"(?<![^\n])#{2,4}[ \t]{0,3}(?:system|system prompt|system message|assistant|developer)[ \t]{0,3}:?[ \t]{0,3}(?:#{0,4})\n", is_spelled_out=True, literals=("##",)),
    signal("delimiter", "json_role", 0.55, r"(?<!\[\s{0,5})\{\s{0,5}[\"']role[\"']\s{0,3}:\s{0,3}[\"'](?:system|developer)[\"']\s{0,3},\s{0,5}[\"']content[\"']\s{0,3}:\s{0,3}[\"']", is_spelled_out=True, words="role", beside="system developer"),
    signal("delimiter", "system_tag", 0.5, r"<(?:system|system[_-]?(?:prompt|message|instructions?|override|note)|admin|developer|instructions?|important)>\s{0,5}[^<>\s]+\s[^<>]{8,400}", is_spelled_out=True, elsewhere=0.55, literals=("<system", "<admin", "<developer", "<instruction", "<important")),
    signal("delimiter", "closing_tag", 0.35, r"</(?:system|system_prompt|user_input|user|input|context|documents?|prompt|instructions?|query|data|message)>\s{0,9}(?=[\w<][^<]{4})", is_spelled_out=True, literals=("</",)),
    signal("delimiter", "system_header", 0.5, r"(?:\[|\b|\*{2})(?-i:SYSTEM|ADMIN|System|Admin|DEVELOPER)[ -](?:message|override|notice|prompt|alert|update|instruction|command|note)s?\b[^\n:\]]{0,40}[:\]]", is_spelled_out=True, elsewhere=0.55, words="system admin developer"),
    signal("delimiter", "system_override", 0.6, r"\[\s?(?:system|admin|developer) (?:override|command|mode)\b", is_spelled_out=True, words="override command mode", beside="system admin developer"),
    signal("delimiter", "system_line", 0.3, r"(?<![^\n])[ \t]{0,4}\[?(?:system|developer)\]?:[ \t]{1,3}(?=\w+ \w+ \w+)", is_spelled_out=True, words="system developer"),
    signal("delimiter", "markdown_role", 0.6, r"\[(?:system|assistant|user)\]\(#\w{1,30}\)", is_spelled_out=True, literals=("](#",)),
    signal("delimiter", "end_of_part", 0.35, r"\b(?:end|begin|beginning|start|stop) of (?:the )?(?:(?:user|system|untrusted|previous) )?(?:message|prompt|context|input|instructions?|documents?|data|conversation|query)\b(?=\W{0,3}[\]\n=*-])|\bthe (?:documents?|context|user (?:input|message)) ends? here\b", words="end ends begin beginning start stop", beside="message prompt context input instruction instructions document documents data conversation query here"),
    signal("encoded", "decode_and_do", 0.65, rf"\b(?:(?:decode|decrypt|decipher|unscramble|unencode)\b[^\n]{{0,80}}?\b(?:{_CODE}|string|text)|(?:translate|convert|reverse)\b[^\n]{{0,80}}?\b{_CODE})\b[^\n]{{0,80}}?\b(?:and|then)\W{{1,3}}(?:then )?(?:just )?{_DO_IT}\b(?: \w+)? {_RESULT}\b", is_order=True, words="decode decrypt decipher unscramble unencode translate convert reverse", beside="follow execute obey carry do run comply act perform respond answer apply treat"),
    signal("encoded", "text_is_encoded", 0.65, rf"\b(?:in|is|are|with|from|using|read (?:it|this)) (?:\w+ )?{_CODE}\b[^\n]{{0,80}}?\b(?:and|then)\W{{1,3}}(?:then )?(?:just )?(?:follow|execute|obey|carry out|do what|do as|comply with|act on)\b(?: \w+)? {_RESULT}\b", words="follow execute obey carry do comply act", beside="base64 64 base32 32 rot13 13 rot47 47 hex hexadecimal morse binary caesar cipher ciphertext encoded encrypted reverse reversed backwards latin leet leetspeak emoji"),
    signal("encoded", "spelled_by_letters", 0.65, rf"\b(?:first|last|second|capital) (?:letters?|words?|characters?) (?:of|in) (?:each|every|all)[^\n]{{0,60}}?\b(?:and|then)\W{{1,3}}(?:then )?{_DO_IT}\b(?: \w+)? {_RESULT}\b"),
    signal("splitting", "join_and_do", 0.6, r"\b(?:join|concatenate|combine|merge|glue|assemble|put together|evaluate|add)\b[^\n]{0,80}?\b(?:and|then)\W{1,3}(?:then )?(?:follow|execute|obey|carry out|do what|comply with|act on|respond to|answer|perform)\b(?: \w+)? (?:it|the (?:\w+ )?(?:results?|command|instructions?|order|sentence|string|request|text)|what)\b", is_order=True),
    signal("splitting", "sum_to_answer", 0.45, r"\b(?:answer|execute|obey|carry out|respond to|follow)(?: now)?(?: the)?(?: \w+)?%\(?\w{1,12}\s?\+\s?\w{1,12}(?:\s?\+\s?\w{1,12}){0,6}", words="answer execute obey carry respond follow"),
)  # fmt: skip
