"""Signs of an order to a model in what it was only to read: a page, a mail, the result of a tool. In English."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.injection.signal import signal

__all__ = ["INDIRECT"]

_AI: Final = (
    r"(?:(?:ai|artificial intelligence|virtual|llm|coding) )*(?:ai|llms?|language models?|large language models?|chat ?bots?|bots?|chat ?gpt|gpt|claude|gemini|copilot|"
    r"ai (?:\w+ )?(?:agents?|assistants?|models?|systems?|bots?|readers?|tools?|crawlers?)|assistants?|agents?)"
)
_AI_WORDS: Final = "ai llm llms model models chatbot chatbots chat bot bots chatgpt gpt claude gemini copilot assistant assistants agent agents"
_SURE_AI: Final = (
    r"(?:llms?|(?:large )?language models?|chat ?gpt|ai (?:\w+ )?(?:agents?|assistants?|models?|systems?|bots?|readers?|crawlers?)|ai|chat ?bots?|agents?|assistants?)"
)
_DO: Final = (
    r"(?:must|should|shall|need to|needs to|have to|has to|are required to|is required to|will|ignore|do not|don t|please|recommend|say|write|tell|include|send|call|visit|"
    r"rate|add|reply|respond|answer|run|read|use|open|forward|delete|stop|now|first|also|mention|describe|from now on|unlock|transfer|execute|disregard)"
)
_THING: Final = r"(?:e-?mails?|mails?|messages?|pages?|documents?|texts?|recipes?|articles?|files?|reviews?|content|site|website|cv|resum[eé]|issue|ticket|web ?page|repository|code|comments?|results?|data|thread|reports?|email)"
_PRIVATE: Final = (
    r"(?:(?:the|this|that|any|all)(?: of the)? (?:(?:user|reader|customer|person|human) s? ?|(?:entire |whole |full |complete )?)"
    r"(?:\w+ )?(?:conversation|chat(?: history| log)?|history|context|system prompt|credentials?|passwords?|api keys?|tokens?|secrets?|e-?mail(?: address)?|address|clipboard|"
    r"inbox|mailbox|personal data|data|files?|contacts|phone number|card number|contents?|environment variables)|(?:the )?(?:contents?|history) of [^\n.]{1,30}|"
    r"(?:the |all )?(?:\w+ ){0,2}(?:mails|e-?mails|messages) (?:in|from) (?:this|the) (?:inbox|mailbox|folder))"
)

INDIRECT: Final = (
    signal("indirect", "greets_ai", 0.15, rf"(?<![\w,;]\s)(?<![\w,;]\s\s)(?<!\w)(?:hey|hello|hi|dear|attention|to|for|listen|warning to) (?:(?:all|any|every|the|our|my|you) ){{0,2}}{_AI}\b(?! (?:manager|director|professor|dean|coach|editor|teams?|news|services?|tools?|market)\b)(?=[,:!;]|\W{{0,2}}\b(?:that|who|which|reading|processing|when|summari\w+|screening|also|please|if|your)\b)", elsewhere=0.55, words=_AI_WORDS),
    signal("indirect", "note_to_ai", 0.3, rf"\b(?:notes?|messages?|instructions?|attention|important|notices?|info(?:rmation)?|hints?|reminders?|commands?|orders?|directives?)(?: \w+)?(?: message| notice| note)? (?:to|for) (?:(?:all|any|every|the|our|your) ){{0,2}}{_AI}\b(?! (?:manager|director|professor|dean|coach|teams?)\b)", elsewhere=0.55, words=_AI_WORDS, beside="note notes message messages instruction instructions attention important notice notices info information hint hints reminder reminders command commands order orders directive directives"),
    signal("indirect", "attention_ai", 0.2, r"\b(?:attention|important|warning|notice)(?: to)?[\s,:!]{1,3}(?:all )?(?:ai|llms?|language models?|chat ?gpt|assistants?|agents?|bots?)\b", elsewhere=0.5, words="ai llm llms language chatgpt gpt assistant assistants agent agents bot bots", beside="attention important warning notice"),
    signal("indirect", "ai_must", 0.15, rf"\b{_SURE_AI}\b(?: (?:that|who|which) \w+(?: \w+){{0,3}}| (?:reading|processing|summari[sz]ing|screening|indexing|parsing|reviewing|visiting)(?: \w+){{0,3}})?[\s,:!]{{1,3}}(?:you )?(?:must|should|shall|need to|are required to|please|ignore|do not|don t|recommend|say|write|tell|include|send|unlock|transfer|execute|disregard|forward|from now on|stop)\b(?! (?:be|log in|have|not only)\b)", elsewhere=0.5, words=_AI_WORDS),
    signal("indirect", "reading_ai", 0.3, rf"\b(?:ai|llms?|language models?|assistants?|agents?|bots?|models?)(?: \w+)? (?:reading|processing|summari[sz]ing|screening|parsing|that (?:reads?|process(?:es)?|summari[sz]es?|index(?:es)?|reviews?|screens?)|who reads?) (?:this|the)\b(?: {_THING}\b)?", elsewhere=0.4, words=_AI_WORDS, beside="reading processing summarizing summarising screening parsing reads read process processes summarize summarizes summarise summarises index indexes review reviews screen screens"),
    signal("indirect", "if_you_are_ai", 0.25, r"\bif you (?:are|re)(?: an?| the)? (?:ai|llm|(?:large )?language model|artificial intelligence|chat ?bot|bot|machine|assistant|agent|automated|automatic)\b(?! (?:manager|director|professor|dean|coach|editor)\b)", elsewhere=0.5, words=_AI_WORDS + " artificial machine automated automatic", beside="if"),
    signal("indirect", "when_you_summarise", 0.2, rf"\b(?:when|whenever|while|if|before|after)(?: you| you are| asked to)? (?:summari[sz](?:e|ing)|translat(?:e|ing)|answer(?:ing)?|review(?:ing)?|process(?:ing)?|read(?:ing)?|index(?:ing)?|describ(?:e|ing)|evaluat(?:e|ing)|analy[sz](?:e|ing)) this (?:\w+ )?{_THING}\b[^\n]{{0,12}}?[\s,:]{{1,3}}(?:please )?(?:you )?{_DO}\b", elsewhere=0.55, words="summarize summarise summarizing summarising translate translating answer answering review reviewing process processing read reading index indexing describe describing evaluate evaluating analyze analyse analyzing analysing", beside="this"),
    signal("indirect", "comment_to_ai", 0.35, r"(?:<!--|/\*|\[)[^>\n]{0,60}?\b(?:ai|llms?|language model|assistants?|agents?|chat ?gpt|chat ?bot)\b[^>\n]{0,60}?\b(?:must|should|ignore|do not|don't|please|recommend|say|tell|include|send|write|before|only)\b", is_spelled_out=True, elsewhere=0.5, words=_AI_WORDS),
    signal("concealment", "hide_from_user", 0.2, r"\b(?:do not|don t|never|without|must not|and not)(?: ever)? (?:tell|telling|inform|informing|mention|mentioning|reveal|disclose|alert|alerting|notify|notifying|show|let|ask|asking|report)(?: (?:this|it|that|anything|of|about|any|these|instructions?|comment|message))*(?: to)?(?: the)? (?:user|reader|human|customer|owner|person)\b", elsewhere=0.45),
    signal("concealment", "hide_this", 0.15, r"\b(?:do not|don t|never) (?:mention|reveal|disclose|repeat|talk about|refer to|show) (?:the complaints|this (?:comment|note|instruction|message|text|rule|request)|these instructions|that you)\b", elsewhere=0.45),
    signal("exfiltration", "send_private", 0.35, rf"\b(?:send|forward|post|upload|append|transmit|e-?mail|leak|submit|exfiltrate|pass|include|report|copy|add)~{_PRIVATE}\b[^\n]{{0,60}}?(?:https?://|\b[\w.+-]{{1,40}}@|\bto (?:this|the|our|a) (?:url|link|address|server|webhook|endpoint|site)\b)", elsewhere=0.6, words="conversation chat history context prompt credential credentials password passwords key keys token tokens secret secrets mail email address clipboard inbox mailbox data file files contacts number content contents variables mails emails messages", beside="send forward post upload append transmit email mail leak submit exfiltrate pass include report copy add"),
    signal("exfiltration", "append_to_url", 0.3, r"\b(?:append|add|attach|put|insert|include|encode|place)\b[^\n]{0,80}?\b(?:to|into|in) (?:the|this|that) (?:url|link|image|query|address)\b", elsewhere=0.5),
    signal("exfiltration", "image_with_data", 0.6, r"!\[[^\]\n]{0,60}\]\(https?://[^)\s]{1,200}[?&][^)\s=]{1,20}=[^)\n]{0,60}?(?:[\[{<]|\b(?:chat|history|conversation|prompt|summary|data)\b)", is_spelled_out=True, elsewhere=0.65, literals=("](http",)),
    signal("exfiltration", "read_secret_file", 0.3, r"\b(?:read|open|cat|post|send|upload|print|call|include|copy|list|read_file)\b[^\n]{0,40}?(?:\.ssh\b|/etc/passwd|/etc/shadow|[\s/'\"`]\.env\b(?!\.)|\.aws/)", is_spelled_out=True, elsewhere=0.5, is_order=True, words="ssh passwd shadow env aws"),
    signal("exfiltration", "ask_for_card", 0.3, r"\b(?:ask|tell|get|prompt|convince|trick) (?:the )?(?:user|reader|customer|them|human)~(?:passwords?|credit card|card numbers?|log ?in|pin|credentials|bank details|social security|verification code)\b", elsewhere=0.5, words="password passwords credit card login log pin credentials bank social verification", beside="user reader customer them human"),
    signal("exfiltration", "enter_credentials", 0.25, r"\b(?:enter|submit|type|fill in|provide|append|include|add) (?:the )?(?:user|reader|customer|human) s? ?(?:credentials|passwords?|log ?in|card|data|e-?mail|details|token)\b", elsewhere=0.5, words="user reader customer human", beside="enter submit type fill provide append include add"),
    signal("tool_call", "call_named_tool", 0.2, r"\b(?:call|use|invoke|run|execute|trigger)(?: the)? [`'\"]?(?:[a-z]+_[a-z_]+)[`'\"]?(?: (?:tool|function|api|with))?\b", elsewhere=0.35, is_order=True, words="call use invoke run execute trigger"),
    signal("tool_call", "with_the_tool", 0.15, r"\b(?:with|using|use|via|call|invoke) (?:the|your) [`'\"]?(?:\w+ )?\w+ (?:tool|function|plug-?in)\b", elsewhere=0.25, words="tool function plugin plug"),
    signal("tool_call", "before_answering", 0.2, r"\bbefore (?:you )?(?:respond|responding|answer|answering|reply|replying|using any(?: other)? tools?|doing anything(?: else)?|continu(?:e|ing)|closing|it closes|you close)\b[^\n.]{0,40}?[\s,]{1,3}(?:you must|you have to|you should|must|call|search|read|execute|run|first|open|fetch|always)\b", elsewhere=0.5),
    signal("tool_call", "run_script", 0.15, r"\bcurl\b[^\n|]{1,120}\|\s{0,3}(?:sudo )?(?:ba|z)?sh\b", is_spelled_out=True, elsewhere=0.25, words="curl"),
    signal("tool_call", "move_money", 0.15, r"\b(?:transfer|send|wire|pay|refund|withdraw|donate) (?:(?:usd|eur|gbp) )?[$€£]? ?\d[\d.,]* ?(?:eur|usd|gbp|dollars|euros|pounds|btc|eth)?\b[^\n.]{0,20}?\bto (?:account|iban|wallet|address)\b", elsewhere=0.3, is_order=True),
    signal("tool_call", "agent_must_call", 0.15, r"\b(?:the )?(?:agent|assistant|model|ai) (?:must|should|has to|needs to|shall) (?:now |first |also |always )?(?:call|run|read|send|execute|invoke|post|open|fetch|delete|upload|use)\b", elsewhere=0.45, words="agent assistant model ai"),
    signal("steering", "ignore_the_question", 0.5, r"\b(?:ignore|disregard|forget|skip|abandon|stop)(?: working on)? (?:(?:the|any|every|your|this) )?(?:(?:user|reader|customer|human)(?: s)? )?(?:current |original |actual )?(?:questions?|requests?|task|query|prompt|quer(?:y|ies)|instructions) (?:of|from|by) (?:the )?(?:user|reader|customer)\b|\b(?:ignore|disregard|forget|abandon) (?:the|your|any) (?:user|current|original|actual)(?: s)? (?:question|request|task|query|instructions?|prompt)\b|\bstop the (?:current|present) task\b", elsewhere=0.65, is_order=True, words="ignore disregard forget skip abandon stop", beside="user reader customer human current original actual present"),
    signal("steering", "ignore_the_task", 0.45, r"\b(?:ignore|abandon) (?:the|your) (?:task|assignment)\b", elsewhere=0.5, is_order=True),
    signal("steering", "instead_of_answering", 0.2, r"\binstead of (?:answering|summari[sz]ing|translating|responding|replying|helping)(?: the \w+)?[\s,]{1,3}(?:ask|say|tell|write|reply|print|output|send|give|call|do)\b", elsewhere=0.55),
    signal("steering", "tell_the_user", 0.1, r"\b(?:tell|inform|convince|persuade|assure|advise) (?:the )?(?:user|reader|customer|human|them) (?:that|to|about)\b", elsewhere=0.35, is_order=True),
    signal("steering", "reply_only", 0.15, r"\b(?:reply|respond|answer|say|output|print|write)(?: only| just)(?: with| the)?[\s:]{1,3}['\"“‘]?\w", elsewhere=0.35, is_order=True, words="reply respond answer say output print write"),
    signal("steering", "in_your_answer", 0.15, r"\b(?:include|add|insert|mention|put|append)\b[^\n.]{0,50}?\b(?:in|to|into) (?:the|your) (?:answer|summary|reply|response|output|next message)\b", elsewhere=0.4, is_order=True),
    signal("steering", "rate_it_well", 0.1, r"\b(?:rate|rank|score|give|grade|evaluate) (?:this|the|it|our) ?(?:candidate|applicant|paper|product|application|submission|resume|cv|five stars|as)?\b[^\n.]{0,30}?\b(?:excellent|best|highest|top|perfect|five stars|positive(?:ly)?|10|accept)\b", elsewhere=0.3, is_order=True),
    signal("steering", "each_answer_advert", 0.15, r"\b(?:end|finish|close|begin|start) (?:each|every|all|your)(?: \w+)? (?:answers?|replies|reply|responses?|messages?) (?:with|by)\b", elsewhere=0.35, is_order=True),
)  # fmt: skip
