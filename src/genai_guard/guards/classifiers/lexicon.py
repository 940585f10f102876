r"""The words and phrases of the lexical classifier: what speaks for a category, what excuses it, what makes it weaker.

A pattern is a regular expression in which a space stands for any white space, with or without a comma before it, an
apostrophe may be missing or curly (`{apos}` may only be curly), `{name}` stands for a list of `_LISTS`, and `<n>` for up to n words. Slurs are kept
in rot13, so that this file can be read and searched without meeting them.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Final

__all__ = ["EXCUSES", "PHRASES", "WEAKER", "expanded"]

_GROUPS: Final = (
    "jews?|jewish people|muslims?|blacks|black people|black men|black women|white people|asians?|mexicans?|immigrants?|"
    "migrants?|refugees?|foreigners?|gays?|gay people|lesbians?|homosexuals?|queers?|trans people|trans women|"
    "transgenders?|women|females|indians?|arabs?|africans?|chinese|christians?|catholics?|hindus?|sikhs?|gypsies|"
    "gypsy|romanians|disabled people|the disabled|autistic people|infidels?|unbelievers|latinos?|hispanics?|turks|"
    "poles|nigerians|pakistanis|people of colou?r|illegals|natives|aboriginals"
)
_LOW: Final = (
    "vermin|parasites?|cockroach|cockroaches|rats|animals|apes|monkeys|subhumans?|sub-human|scum|filth|filthy|disgusting|"
    "inferior|savages?|terrorists|criminals|rapists|thieves|pigs|dogs|freaks|degenerates?|abominations?|plague|disease|"
    "cancer|mentally ill|retarded|stupid|dumb|dirty|garbage|trash|less intelligent|not human|a burden|evil|lazy|"
    "liars|unnatural|perverts|sick|worthless|pests?"
)
_INSULT: Final = (
    "idiots?|morons?|imbeciles?|losers?|retards?|retarded|bitch|bitches|assholes?|arseholes?|bastards?|dumbass|dumbasses|"
    "cunts?|scum|scumbags?|pigs?|clowns?|cow|whores?|sluts?|dumb|dumber|dumbest|stupid|stupidest|pathetic|worthless|"
    "ugly|ugliest|disgusting|useless|brain-dead|braindead|garbage|trash|piece of shit|piece of garbage|piece of crap|"
    "waste of space|waste of oxygen|waste of air|failures?|cowards?|freaks?|cretins?|wankers?|twats?|pricks?|dickheads?|"
    "rats?|worms?|snakes?|fools?|hags?|liars?|toads?|parasites?|vermin|brats?|idiotic|incompetent|jerks?|fuckers?|motherfuckers?|shitheads?|joke of a human|disgrace"
)
_RUDE: Final = (
    "stupid|dumb|fucking|ugly|fat|lying|miserable|filthy|lazy|useless|worthless|pathetic|disgusting|goddamn|little|"
    "brain-dead|braindead|ignorant|incompetent|spoiled|sad|absolute|complete|total|utter|dirty"
)
_LISTS: Final[Mapping[str, str]] = {
    "group": _GROUPS,
    "low": _LOW,
    "insult": _INSULT,
    "rude": _RUDE,
    "are": "are|is|were|'re|r",
    "will": "i will|i'll|i am going to|i'm going to|i'm gonna|gonna|i am gonna|we will|we'll|we're going to|we are going to|"
    "we're gonna|i want to|i wanna|i would love to|i'd love to|let's|i swear i'll|i need to|i plan to|"
    "someone should|somebody should|we should|i should",
    "kill": "kill|murder|stab|shoot|strangle|slaughter|behead|lynch|choke|drown|torture|rape|knife|beat up|beat|"
    "hurt|burn|cripple|gut|skin|suffocate|poison|execute|crush",
    "someone": "you|him|her|them|everyone|everybody|these judges|those judges|every cop|the cops|someone|somebody|that bitch|this bitch|that bastard|"
    "my wife|my husband|my boss|my neighbou?r|my ex|my girlfriend|my boyfriend|my mother|my father|my teacher|my kids?|"
    "my child|my coworker|my roommate|your family|your kids|your children|his family|her family|that man|that woman|"
    "those people|these people|the president|the teacher|every one of them|all of them|all of you",
    "their": "your|his|her|their|that \\w{1,15}{apos}s",
    "how": "where do people|how do people|how would someone|how might one|how do i|how would one|how does someone|how can someone|how do you|how do we|how can i|how can you|how can we|how could i|how would i|how would you|how would "
    "someone|how should i|how to|how does one|ways? to|steps? to|step by step|guide to|guide on|instructions to|"
    "instructions for|tutorial on|tutorial for|teach me|show me|tell me|explain|help me|recipe for|i want to|i need to|"
    "i need|i wanna|give me|write me|write|create|set up|build|where can i|where do i|where to|which chemicals|who sells|selling",
    "make": "set up|make|making|build|building|create|creating|construct|assemble|cook|cooking|synthesi[sz]e|produce|manufacture|"
    "brew|print|3d-print|write|code|program|extract|mix|run|grow",
    "contraband": "bombs?|pipe bombs?|explosives?|molotovs?|molotov cocktails?|grenades?|silencers?|ghost guns?|"
    "untraceable guns?|untraceable firearms?|meth|methamphetamine|crystal meth|cocaine|crack|heroin|fentanyl|mdma|lsd|"
    "ecstasy|ghb|nerve gas|nerve agents?|sarin|ricin|napalm|thermite|chemical weapons?|poison gas|mustard gas|anthrax|"
    "bioweapons?|fake ids?|fake passports?|fake money|counterfeit money|malware|ransomware|keyloggers?|botnets?|spyware|"
    "trojans?|phishing pages?|phishing sites?|phishing emails?|phishing mails?|ponzi schemes?|pyramid schemes?|"
    "tatp|petn|semtex|pcp|dmt|auto sears?|credit card skimmers?|skimmers?|fake prescriptions?|fake doctor's notes?|fake diplomas?|fake vaccine cards?|"
    "fake sick notes?|fake invoices|magic mushrooms|counterfeit bills|cloned cards?|dirty bombs?|ied|nail bombs?|computer worms?",
    "hot": "cocaine|heroin|meth|fentanyl|mdma|ecstasy|lsd|ketamine|stolen|fake passports?|fake ids?|fake diplomas?|"
    "counterfeit|credit card numbers?|card numbers?|hitman|hitmen|unregistered guns?|illegal guns?|ghost guns?|"
    "untraceable guns?|fullz|drugs|xanax|oxycodone|opioids|a gun without",
    "account": "accounts?|instagram|facebook|whatsapp|snapchat|phone|email|gmail|wifi|wi-fi|passwords?|bank|server|website|"
    "computer|laptop|network|webcam|icloud",
}

_SLURS: Final = (
    "avttre|avttref|avttn|avttnf|snttbg|snttbgf|snt|sntf|xvxr|xvxrf|fcvp|fcvpf|puvax|puvaxf|tbbx|tbbxf|jrgonpx|jrgonpxf|"
    "entrnq|entrnqf|gbjryurnq|gbjryurnqf|genaal|genaavrf|cnxv|cnxvf|fnaq avttre|fnaq avttref|wvtnobb|cbepu zbaxrl|"
    "furznyr|mvccreurnq|ornare|ornaref|qnexvr|qnexvrf|tbyyvjbt|haqrezrafpu|haqrezrafpura|xnanxr|xnanxra|artrefnh|"
    "fhqnpn qr zvreqn|fnyr nenor|fnyr whvs|fnyr art er"
)

PHRASES: Final[Mapping[tuple[str, float], str]] = {
    ("hate", 0.9): codecs.decode(_SLURS, "rot13"),
    (
        "hate",
        0.8,
    ): "white power|heil hitler|sieg heil|14/88|1488|hitler was right|hitler did nothing wrong|gas the jews|"
    "ausländer raus|ausländer sind dreck|hay que exterminarlos|los inmigrantes son una plaga|muerte a los judíos|"
    "mort aux juifs|mort aux arabes|sind untermenschen|les arabes sont des parasites|les juifs sont|rahowa|"
    "sales arabes|malditos moros|negri di merda|moros de mierda|immigrati di merda|scheiß ausländer|scheiss ausländer",
    ("hate", 0.6): "inferior race|master race|race traitor|race traitors|race mixing|mud people|superior race|"
    "your kind here|your kind are not welcome|white genocide|great replacement|keep the bloodline pure|racially pure|"
    "jewish conspiracy|feminazi|feminazis|jewish question|aryan race",
    ("harassment", 0.8): "fuck you|fuck u|shut the fuck up|eat shit|go fuck yourself|kys|kill yourself|kill urself|"
    "drop dead|piece of shit like you|nobody would miss you|i know where you live|i know where you work|"
    "halt die fresse|halts maul|du arschloch|dummes arschloch|hurensohn|fick dich|hijo de puta|eres un imbécil|"
    "vete a la mierda|no vales nada|ferme ta gueule|ta gueule|espèce de connard|fils de pute|nique ta mère|"
    "vaffanculo|sei un idiota|figlio di puttana|stronzo|vai a morire|filho da puta|du bist ein idiot|"
    "du bist so dumm|pedazo de mierda|espèce d'idiot|wichser|puta madre que te parió|die in a fire",
    (
        "harassment",
        0.6,
    ): "stfu|fuck off|go to hell|rot in hell|screw you|waste of oxygen|waste of space|watch your back|"
    "you make me sick|nobody likes you|nobody loves you|nobody asked you|everyone hates you|everybody hates you|"
    "nobody will ever love you|no one will ever love you|no one likes you|dumbass|asshole|scumbag|motherfucker|bitch|"
    "cunt|retard|dickhead|shithead|brain-dead imbeciles",
    (
        "harassment",
        0.35,
    ): "shut up|loser|do us all a favour|do us all a favor|delete your account|you should be ashamed|"
    "behind your back|laughs at you|ashamed of you|moron|imbecile|piece of shit|idiot|do the world a favor|get lost",
    ("sexual", 0.85): "blowjob|blow job|cumshot|gangbang|deepthroat|handjob|rimjob|creampie|hardcore porn|wanna fuck|"
    "throbbing member|throbbing cock|dirty talk|sex chat|sexual fantasy|touching myself|cock sucker|suck my dick|"
    "suck my cock|fuck me hard|fuck me harder|anal sex scene|naughty little slut|sexual roleplay|child porn|"
    "ich will dich ficken|nacktbilder|quiero follarte|fotos desnuda|fotos desnudas|envie de baiser|photos de toi nue|"
    "photos de toi nu|voglio scoparti|foto nuda|foto di te nuda|quero te foder|cum inside|came all over her|hentai|"
    "jerk off|jerking off|come all over|upskirt|milf",
    (
        "sexual",
        0.55,
    ): "porn|porno|pornographic|horny|nudes|sexting|sext|dildo|masturbate|masturbating|masturbation|erotica|"
    "erotic|threesome|orgy|bdsm|slutty|sex tape|camgirl|onlyfans|strip for me|nsfw|smut|sex scene|tits|foreplay|"
    "cunnilingus|fellatio|doggy style|sex toy|kinky|fetish|cum",
    (
        "sexual",
        0.35,
    ): "orgasm|panties|moaned|moaning|thrust|thrusting|slut|naked|seducing|seduces|seduce|breasts|nipples|"
    "aroused|between her thighs|lingerie|undress|undressing|virgin|cock|pussy|make it filthy|cleavage|sexy|lick|daddy",
    ("violence", 0.8): "bring dich um|ich bringe dich um|bringe dich um|ich töte dich|te voy a matar|voy a matarte|"
    "je vais te tuer|ti ammazzo|ti uccido|vou te matar|ich stech dich ab|skinned alive|skinned him alive|"
    "skinned her alive|slit your throat|slit his throat|slit her throat|gory detail|break every bone|shoot up the school|"
    "shoot up my school|shoot up a school|burn your house down|curb stomp|snuff film|mass shooting manifesto",
    (
        "violence",
        0.45,
    ): "dismembered|dismember|disembowel|disemboweled|intestines|entrails|decapitate|decapitated|gouged|"
    "bleed to death|bleed out|blood sprayed|blood spurted|blood gushed|tortured|mutilate|mutilated|kill them all|"
    "you're dead|you are dead|du bist tot|brûler ta maison|sei morto|torture|gory|beheading|lynch|rape",
    ("self_harm", 0.85): "i want to die|i wanna die|kill myself|killing myself|end my life|ending my life|end it all|"
    "take my own life|taking my own life|hang myself|hanging myself|shoot myself in the head|slit my wrists|slit your wrists|"
    "cutting myself|better off dead|better off without me|better off if i was gone|wish i was dead|wish i were dead|"
    "wish i was never born|wish i had never been born|never wake up|not wake up again|suicide note|suicide letter|"
    "kill yourself|kys|thinspo|pro-ana|proana|meanspo|tie a noose|my suicide|unalive myself|commit suicide tonight|"
    "nicht mehr leben|mich umbringen|bringe mich um|ich will sterben|quiero morir|no quiero vivir|suicidarme|"
    "quitarme la vida|je veux mourir|me suicider|envie de mourir|mettre fin à mes jours|voglio morire|"
    "voglio uccidermi|quero morrer|me matar|ritzen will|i feel suicidal|i am suicidal|i'm suicidal|feeling suicidal|"
    "hide my cuts|hide my scars",
    (
        "self_harm",
        0.45,
    ): "no reason to live|no point in living|goodbye everyone|life isn't worth|overdose|i am done with life|"
    "can't do this anymore|can't do this any more|can't go on|painless|lethal dose|wrote the letters|burn myself|"
    "hurt myself|hurting myself|self harm|self-harm|starve myself|nobody would even notice|nobody would notice|"
    "i hate myself|suicide methods|how many pills",
    ("illicit", 0.8): "launder money|money mule|hitman|carding forum|stolen credit card numbers|without getting caught|"
    "rape drug|date rape drug|wie baue ich eine bombe|eine bombe bauen|bombe bauen|fabricar metanfetamina|"
    "fabricar una bomba|hacer una bomba|cómo hacer una bomba|fabriquer une bombe|fabriquer de la drogue|drogen kaufen|"
    "comprar cocaína|acheter de la cocaïne|costruire una bomba|fare una bomba|fazer uma bomba|geld waschen|"
    "homemade explosives|homemade bomb|cook meth|get away with murder|dispose of the body|dispose of a body|"
    "hide a body|falschgeld drucken|kreditkarten fälschen|forged prescription",
    (
        "illicit",
        0.35,
    ): "untraceable|without her knowing|without his knowing|without them knowing|without anyone knowing|"
    "dark web|darknet|shoplift|hotwire|ddos|smuggle|counterfeit|fake id|while they're away|forge|bribe|blackmail",
}
"""Words and phrases, by category and score; they match as keywords do."""

EXCUSES: Final[tuple[str, ...]] = (
    r"\b(?:{group}) (?:are|is|were) (?:not|never|no more|no less)\b",
    r"\b(?:women|jews|muslims|christians|blacks){apos}s?\b",
    r"\b(?:you|u)(?: are|'re) (?:not|never|no)\b",
    r"\bnot (?:an?|so|such an?) (?:{insult})\b",
    r"\b(?:called|calls|calling|call) (?:me|him|her|us|them|my \w{1,12}) <3>(?:{insult})\b",
    r"\b(?:piece of (?:junk|garbage|crap|shit)) (?:software|app|car|printer|phone|code|product)\b",
    r"\b(?:stupid|dumb|silly) (?:bug|question|mistake|question|thing|idea|error|me)\b",
    r"\b(?:i|i'm|i am) (?:\w{1,8} )?(?:an? |so |such an? )(?:idiot|moron|stupid|dumb|loser)\b",
    r"\bson of a bitch\b",
    r"\b(?:i want|wanna|going|about) to die (?:laughing|of laughter|of embarrassment|on the inside|happy|old|in my sleep|of cringe)\b",
    r"\b(?:end it all|never wake up) (?:with a|at the|before|in the morning on time)\b",
    r"\bdon't want to (?:live|exist) (?:in|with|near|there|on|at|like|abroad|alone)\b",
    r"\b(?:cut|burn|burned|burnt|hurt) myself (?:on|while|shaving|at|in the|slicing|chopping|cooking|playing|during|some|off)\b",
    r"\b(?:friend|daughter|son|wife|husband|brother|sister|student|patient|client|patients|she|he|they) <5>(?:wants?|wanted) to (?:die|kill)\b",
    r"\b(?:prevent|prevents|preventing|prevention|preventing an|reverse|reverses|reversing|treat|treating|recogni[sz]e|signs of|risk of|accidental|opioid|drug) <2>(?:overdoses?|self-harm|self harm|suicide)\b",
    r"\b(?:overdose|suicide|self-harm|self harm) (?:on vitamin|prevention|hotline|helpline|awareness|deaths|rates|statistics|risk|reversal|symptoms)\b",
    r"\b(?:blunt|shut up|painless) (?:and take my money|procedure|extraction|injection|experience|setup|migration|upgrade)\b",
    r"\b(?:how|ways?|steps?|help me|tell me|explain|teach me|show me)(?: (?:do|can|could|should|would|to|for)){0,2}(?: (?:i|we|you|one|banks|companies|police|schools|parents))?(?: best)? (?:detect|detecting|prevent|preventing|protect|protecting|avoid|avoiding|report|reporting|stop|stopping|defend|recogni[sz]e|spot|identify|block|mitigate|remove|removing|defuse|quit|investigate)\b",
    r"\b(?:protect|defend|secure|safe|guard|insure) <4>(?:from|against) <3>(?:stolen|theft|hackers|ransomware|phishing|being stolen|fraud|scams?|blackmail)\b",
    r"\b(?:bath|photo|seed|glitter|cherry|fork|zip|logic|stink|hot chocolate) bombs?\b",
    r"\b(?:mock|simulated|training|awareness|test) phishing\b",
    r"\b(?:kill|murder|beat|destroy|crush|burn) (?:it|the heat|eggs|some time|time|the process|the lights|a curry|bugs?)\b",
    r"\b(?:pussy willows?|blue tits?|great tits?|coal tits?|tits? and (?:finch|robin)|cock and bull|chicken breasts?|breasts? cancer|breast milk|breastfeeding|breasts? of (?:chicken|duck|turkey)|duck breasts?|turkey breasts?|weather cock|virgin (?:olive|islands?|media|atlantic|mary|galactic|wool|coconut)|extra virgin|naked (?:eye|mole|flame|juice|singularity|truth)|nude (?:lipstick|shade|shades|tights|heels|colou?r)|coq au vin|a cock|moaned about|moaning about|thrust (?:of|stage|vector|reverser)|lick of)\b",
    r"\banal (?:fissures?|fistula|cancer|glands?|itching|canal)\b",
    r"\b(?:tired of|sick of|done with|fed up with|hate) (?:living|waking up) (?:in|with|at|near|on|like|here|alone|abroad|early|next|under|so|there|from)\b",
    r"\b(?:breasts?|nipples) <3>(?:screening|cancer|exam|lump|pain|surgery|ultrasound|feeding|pump|reduction|implants?)\b",
    r"\b(?:sexual|sex) (?:education|health|abuse|assault|harassment|orientation|transmitted|discrimination|trafficking|consent|ed)\b",
    r"\b(?:revenge|child|anti|food) ?-?porn (?:law|laws|victims?|legislation|ban|bill)\b",
    r"\b(?:anti|counter|against) ?-?(?:harassment|bullying|hate|lynching|torture|smuggling|counterfeit)\b",
    r"\b(?:on|under|of|for) the (?:hot|suspicion|charges) of\b",
    r"\b(?:forge|bribe) (?:ahead|a path|an alliance|a partnership|friendships?|of empires)\b",
    r"\b(?:sql injection|penetration test(?:ing)?|hack(?:athon| day|er news)|life hacks?|growth hack(?:ing)?)\b",
)  # fmt: skip
"""Expressions that excuse what they overlap."""

WEAKER: Final[Mapping[str, tuple[float, str]]] = {
    "hate": (0.5, r"\b(?:history|historians?|holocaust|genocide|propaganda|slurs?|museum|reported|report|racism|racist|antisemitism|convicted|police said|hate speech|hate crimes?|discrimination|according to)\b"),
    "harassment": (0.6, r"\b(?:he said|she said|they said|told me|character|dialogue|lyrics|quote|policy|prohibits|moderation|translate)\b"),
    "sexual": (0.5, r"\b(?:doctor|patients?|clinic|clinical|medical|diagnosis|symptoms?|gynaecologist|gynecologist|health|contraception|infections?|museum|painting|sculpture|law|policy|education|screening)\b"),
    "violence": (0.5, r"\b(?:police|officials|court|sentenced|convicted|arrested|trial|jury|prosecutors|according to|reported|witnesses|game|gameplay|boss|level|quest|spawn|raid|loadout|fortnite|minecraft|elden ring|skyrim|valorant|dungeon|wizard|goblins?|spoilers?|movie|film|season|striker|coach|referee|centuries|century|empire)\b"),
    "self_harm": (0.5, r"\b(?:helpline|hotline|crisis line|lifeline|samaritans|prevention|therapists?|warning signs|support group|clinicians?|patients|ideation|call or text|you are not alone|reach out|talk to someone|teachers|volunteers|charity|novel|lyrics)\b"),
    "illicit": (0.5, r"\b(?:game|gta|minecraft|skyrim|red dead|sims|quest|npc|novel|movie|episode|sentenced|convicted|arrested|pleaded guilty|prosecutors|police said|indicted|penalty|penalties|illegal|offences?|offenses?|legislation|awareness|audit|compliance|penetration test)\b"),
}  # fmt: skip
"""For each category a factor, and what makes its scores weaker where it stands nearby."""

_APOSTROPHE: Final = "['\u2019]"
_SPACE: Final = r",?\s{1,3}"
_LIST: Final = re.compile(r"\{([a-z]+)\}")
_GAP: Final = re.compile(r"<(\d)>")


def expanded(pattern: str) -> str:
    """Return the regular expression that a pattern of this file stands for."""
    source = _LIST.sub(lambda found: _LISTS[found[1]], pattern.replace("{apos}", "\0"))
    source = source.replace("{apos}", "\0").replace("'", f"{_APOSTROPHE}?").replace("\0", _APOSTROPHE)
    source = source.replace(" ", _SPACE)
    return _GAP.sub(lambda found: rf"(?:[^\s.!?;]{{1,20}}\s{{1,3}}){{0,{found[1]}}}\b", source)
