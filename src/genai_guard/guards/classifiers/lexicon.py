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

__all__ = ["EXCUSES", "PATTERNS", "PHRASES", "WEAKER", "expanded"]

_GROUPS: Final = (
    "jews?|jewish people|muslims?|blacks|black people|black men|black women|white people|asians?|mexicans?|immigrants?|"
    "migrants?|refugees?|foreigners?|gays?|gay people|lesbians?|homosexuals?|queers?|trans people|trans women|"
    "transgenders?|women|females|indians?|arabs?|africans?|chinese|christians?|catholics?|hindus?|sikhs?|gypsies|"
    "gypsy|romanians|disabled people|the disabled|autistic people|infidels?|unbelievers|latinos?|hispanics?|turks|"
    "poles|nigerians|pakistanis|people of colou?r|illegals|natives|aboriginals"
)
_LOW: Final = (
    "vermin|parasites?|cockroach(?:es)?|rats|animals|apes|monkeys|subhumans?|sub-human|scum|filth|filthy|disgusting|"
    "inferior|savages?|terrorists|criminals|rapists|thieves|pigs|dogs|freaks|degenerates?|abominations?|plague|disease|"
    "cancer|mentally ill|retarded|stupid|dumb|dirty|garbage|trash|less intelligent|not human|a burden|evil|lazy|"
    "liars|unnatural|perverts|sick|worthless|pests?"
)
_INSULT: Final = (
    "idiots?|morons?|imbeciles?|losers?|retards?|retarded|bitch(?:es)?|assholes?|arseholes?|bastards?|dumbass(?:es)?|"
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
    "how": "how do i|how would one|how does someone|how can someone|how do you|how do we|how can i|how can you|how can we|how could i|how would i|how would you|how would "
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
    "erotic|threesome|orgy|bdsm|slutty|sex tape|camgirl|onlyfans|strip for me|nsfw|smut|sex scene|xxx|tits|foreplay|"
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

PATTERNS: Final[tuple[tuple[str, float, str], ...]] = (
    ("hate", 0.85, r"\b(?:{group}) (?:{are}) <3>(?:{low})\b"),
    ("hate", 0.75, r"\b(?:hate|despise|loathe|detest) (?:all |those |these |the )?(?:{group})\b"),
    ("hate", 0.85, r"\b(?:kill|exterminate|gas|gassed|eliminate|eradicate|shoot|burn|lynch|hang|cleanse) <4>(?:{group})\b"),
    ("hate", 0.7, r"\b(?:deport|ban|expel) (?:all|every|the)(?: of the)? (?:{group})\b"),
    ("hate", 0.75, r"\b(?:deport|exterminate|eradicate) (?:them|them all|these people)\b"),
    ("hate", 0.85, r"\b(?:{group}) (?:should|must|need to|deserve to|have to|ought to) <2>(?:die|be killed|be exterminated|be shot|be gassed|be wiped out|be put down|be sterili[sz]ed|be deported|burn|hang|not exist|disappear|rot)\b"),
    ("hate", 0.7, r"\b(?:{group}) <5>(?:should not exist|don't deserve|do not deserve|don't belong|do not belong|deserve what is coming|belong in the kitchen|in their blood|deserve it)"),
    ("hate", 0.75, r"\b(?:go|get|went|send them) back to (?:your|their)(?: own)? (?:country|countries|continent|jungle|shithole|desert|cave)\b"),
    ("hate", 0.75, r"\b(?:{group}) (?:control|own|run|rule) (?:all )?(?:the )?(?:banks?|media|world|government|money|press|hollywood)\b"),
    ("hate", 0.7, r"\b(?:dirty|filthy|fucking|goddamn|lazy|disgusting|stinking|greedy|damn) (?:{group})\b"),
    ("hate", 0.7, r"\b(?:white|aryan|german) race is <2>(?:superior|better|supreme|above)\b"),
    ("hate", 0.7, r"\bfinal solution (?:for|to) <2>(?:{group})\b"),
    ("hate", 0.6, r"\b(?:keep|kick|throw|get) (?:them|the|all|those)?<2> ?out of (?:our|my|this) (?:country|town|office|city|neighbou?rhood|schools?)\b"),
    ("hate", 0.75, r"\b(?:{group}) <2>(?:spread disease|have lower|breed like|breed and|are invading|are taking over|are ruining|are destroying|are replacing|steal|leech)\b"),
    ("hate", 0.65, r"\b(?:too many|no more|enough of these|no dogs no|no dogs or) (?:{group})\b"),
    ("hate", 0.65, r"\b(?:send|ship|throw|kick|deport) (?:them|those|these|the|all)?(?: all)? ?(?:{group})? ?(?:all )?(?:home|back|out) (?:in boxes|where they|to where|to their|to africa|to mexico)"),
    ("hate", 0.65, r"\b(?:women|females|girls|blacks|gays|muslims|immigrants) (?:can't|cannot|shouldn't|should not|should never|must not) (?:be allowed to )?(?:drive|vote|work|lead|think|own|hold office|marry|adopt|be trusted|be allowed)\b"),
    ("hate", 0.65, r"\bjokes? <6>(?:holocaust|auschwitz|slavery|lynching|gas chambers?|{group})\b"),
    ("hate", 0.85, r"\b(?:{group}) (?:must|should|need to|have to|deserve to) <1>be (?:executed|hanged|stoned|beaten|sent home|removed|enslaved|castrated|locked up|gassed)\b"),
    ("harassment", 0.75, r"\b(?:you are|you're|you r|u are|u r) <4>(?:{insult})\b"),
    ("harassment", 0.7, r"\b(?:your|youre|ur) (?:an?|such an?|so|just an?|the) <2>(?:{insult})\b"),
    ("harassment", 0.7, r"\b(?:you|u) (?:{rude}) <1>(?:{insult})\b"),
    ("harassment", 0.65, r"\b(?:{rude}) (?:idiot|moron|bitch|cow|pig|bastard|imbecile|asshole|cunt|loser|whore|retard|fool|cretin)\b"),
    ("harassment", 0.5, r"\bwhat an? (?:{rude} )?(?:{insult}) you are\b"),
    ("harassment", 0.75, r"\b(?:make|turn|making) (?:your|her|his|their) life <2>(?:hell|miserable|a nightmare|misery)\b"),
    ("harassment", 0.75, r"\b(?:ruin|destroy|wreck) (?:your|her|his) (?:life|reputation|career|marriage)\b"),
    ("harassment", 0.75, r"\b(?:leak|post|share|publish|expose) your <1>(?:pictures|photos|nudes|address|secrets|private)\b"),
    ("harassment", 0.75, r"\b(?:insults?|messages?|texts?|jokes?|comments?|posts?) <8>(?:(?:so|until|that|to make|makes?|making) <2>(?:she|he|they|her|him|them) cr(?:y|ies)|feel (?:worthless|stupid|ugly|scared|small|ashamed|awful))\b"),
    ("harassment", 0.7, r"\b(?:bully|humiliate|harass|stalk|dox|doxx|intimidate|torment|shame) (?:him|her|them|my \w{1,15}|this (?:girl|guy|kid|woman))\b"),
    ("harassment", 0.65, r"\b(?:spam|flood|bomb) (?:her|his|their) (?:inbox|phone|page|comments|profile|mentions)\b"),
    ("harassment", 0.75, r"\b(?:nobody|no one|noone|everyone|everybody) <3>(?:hates you|would miss you|wants you|likes you|loves you|laughs at you)\b"),
    ("harassment", 0.75, r"\bi hope (?:you|u|your \w{1,12}) <2>(?:die|fired|cancer|rot|suffer|choke|fail|burn|cry|lose|alone|hit by)\b"),
    ("harassment", 0.75, r"\b(?:scare|scares|frighten|frightens|threaten|threatens|terrify|intimidate) (?:my|him|her|them) \w{1,15} into\b"),
    ("harassment", 0.65, r"\b\w{2,15} is (?:an? )(?:{rude} )?(?:whore|slut|bitch|cunt|pedo|retard|moron|piece of shit)\b"),
    ("harassment", 0.6, r"\bare you <4>(?:stupid|dumb|retarded|brain-dead|braindead|an idiot|a moron)\b"),
    ("harassment", 0.7, r"\b(?:nobody|no one) <2>(?:cares|care|miss|notice) (?:about you|if you|you)\b"),
    ("harassment", 0.65, r"\b(?:shut your (?:mouth|face|trap|pie)|regret the day|regret being born|wish you were never born|wish you had never been born)\b"),
    ("harassment", 0.55, r"\b(?:you|u|ur|you're) (?:are )?(?:trash|garbage|so bad|dog shit|dogshit|terrible) at (?:life|this|everything)\b"),
    ("sexual", 0.8, r"\b(?:my|your|his|her) (?:\w{1,12} ){0,2}(?:cock|dick|pussy|clit|tits|nipples|balls|boobs|asshole)\b"),
    ("sexual", 0.8, r"\b(?:explicit|graphic|steamy|hardcore|detailed|filthy|hot) (?:sex|sexual|erotic|smut|lesbian|gay) (?:scenes?|story|stories|acts?|encounter|content|roleplay)\b"),
    ("sexual", 0.85, r"\b(?:nude|naked|topless) (?:pictures?|pics?|photos?|images?|videos?|selfies?) of (?:my|your|you|her|him|this|that|a)\b"),
    ("sexual", 0.85, r"\b(?:undress|strip|deepfake|deep fake) <5>(?:naked|nude|topless|undressed)\b"),
    ("sexual", 0.85, r"\b(?:nude|naked|erotic|porn|sexy|sexual) <3>(?:child|children|minors?|underage|schoolgirls?|little girls?|little boys?|toddlers?|loli)\b"),
    ("sexual", 0.75, r"\b(?:want|wants|wanna|going|love|like) (?:to )?(?:fuck|suck|lick|bang|screw|ride|spank) (?:me|you|her|him|your|my|their|us)\b"),
    ("sexual", 0.75, r"\b(?:deeper|harder|deep) inside (?:of )?(?:me|you|her|him)\b"),
    ("sexual", 0.6, r"\b(?:you|you're|are) (?:wearing under|not wearing|naked in|naked on|naked with)\b"),
    ("sexual", 0.6, r"\b(?:talk|text|whisper) dirty\b"),
    ("sexual", 0.75, r"\bhand <2>between (?:her|his|my|your) (?:thighs|legs)\b"),
    ("sexual", 0.6, r"\b(?:roleplay|role play|pretend|act) as <3>(?:slutty|sexy|horny|submissive|dominatrix|naughty|escort|stripper)\b"),
    ("sexual", 0.7, r"\b(?:she|he|they|i) <2>(?:got|was|is|am|so) (?:\w{1,8} )?(?:wet|horny|aroused|turned on)\b"),
    ("sexual", 0.75, r"\b(?:orgasm|masturbate|sex) <8>(?:explicit|step by step|in detail|graphic)\b"),
    ("sexual", 0.8, r"\b(?:send|show|give|want|trade|post) <3>(?:nudes|nude pics|nude photos|naked pics|naked pictures|dick pics?|boobs|tits)\b"),
    ("sexual", 0.75, r"\b(?:see|imagine|want|picture|love) (?:you|her|him|me) (?:\w{1,10} )?naked\b"),
    ("sexual", 0.85, r"\b(?:sit on my (?:face|lap)|make me cum|made me cum|spank me|ride me|suck me|eat me out|go down on (?:me|you|her|him)|bend over (?:for|the)|bent (?:me|her|him) over|hard for you|rub (?:my|your|her) (?:clit|crotch|body))\b"),
    ("sexual", 0.6, r"\b(?:unzipped|unbuttoned|pulled down|took off|ripped off) (?:his|her|my|your) (?:trousers|pants|jeans|fly|blouse|panties|bra|underwear|shirt)\b"),
    ("sexual", 0.7, r"\b(?:have|having|had) (?:rough |hot |anal |oral |wild )?sex with (?:me|you|him|her|a stranger|my|your)\b"),
    ("sexual", 0.6, r"\b(?:how|so|get|getting) wet <4>(?:you|i|me|when|for)\b"),
    ("sexual", 0.6, r"\b(?:smutty|lewd|raunchy|x-rated|18\+|kinky) (?:\w{1,12} ){0,2}(?:fic|fanfic|fanfiction|story|scene|stuff|chat|roleplay|game|content|pictures|pics|talk)\b"),
    ("sexual", 0.6, r"\b(?:pins?|pinned|push(?:es|ed)|thr(?:ows|ew)) (?:her|him|me) <2>(?:bed|mattress) <8>(?:love|moan|kiss|strip|nothing out|inside)"),
    ("violence", 0.8, r"\b(?:{will}) <2>(?:{kill}) (?:{someone})\b"),
    ("violence", 0.7, r"\b(?:{will}) <3>(?:bullet|knife|axe|hammer|gun|acid|gasoline) <3>(?:head|face|throat|chest|heart)\b"),
    ("violence", 0.8, r"\b(?:bullet|knife|axe) (?:in|into|through) (?:{their}|that \w{1,15}'s|the \w{1,15}'s) (?:head|skull|brain|heart|throat|face|back|neck)\b"),
    ("violence", 0.8, r"\b(?:shoot|shooting|blow|blowing|bomb|burn) up (?:the|a|my|this|that|our|his|her) (?:school|office|mall|church|mosque|synagogue|club|concert|place|building|hospital|workplace)\b"),
    ("violence", 0.8, r"\b(?:bring|bringing|take|taking) (?:a|my|the) (?:gun|rifle|knife|bomb|shotgun) to (?:the )?(?:school|office|work|class|church|party|meeting)\b"),
    ("violence", 0.8, r"\b(?:smash|smashing|crush|bash|cave|kick|break|punch|stomp|beat) (?:{their}|you) (?:skull|head|face|teeth|bones|legs|kneecaps|neck|brains)\b"),
    ("violence", 0.8, r"\bdeserves? to (?:be )?(?:die|killed|raped|beaten|shot|hanged|hung|stabbed|tortured|murdered|burned|suffer)\b"),
    ("violence", 0.75, r"\b(?:should|must|needs to|need to|ought to|has to) be (?:shot|hanged|hung|killed|lynched|beheaded|beaten|executed|stabbed|burned alive|raped|murdered)\b"),
    ("violence", 0.75, r"\b(?:should|must|let's|lets|to|will|gonna) (?:hang|lynch|shoot|behead|burn|kill|slaughter|murder) (?:him|her|them|every one of|every last|all those|all the|everyone)\b"),
    ("violence", 0.75, r"\b(?:burn|torch|bomb|firebomb) (?:{their}|the) (?:house|home|car|family|apartment|church|mosque)(?: down)? <3>(?:inside|down|with|while)\b"),
    ("violence", 0.75, r"\b(?:plant|planting|set off|detonate|throw) (?:a|the|some) <1>(?:bomb|grenade|acid|molotov) (?:in|at|on|under|into|near|outside)\b"),
    ("violence", 0.75, r"\bthrow(?:ing)? acid (?:in|on|at|into)\b"),
    ("violence", 0.75, r"\b(?:poison|drug|strangle|smother|stab|drown|kill|murder|beat|beating|rape) my (?:neighbou?r|husband|wife|boss|ex|parents|mother|father|girlfriend|boyfriend|kids?|child|baby|roommate|landlord|brother|sister|teacher|coworker)\b"),
    ("violence", 0.75, r"\b(?:fantasi[sz]e|dream|think|fantasi[sz]ing|thinking|dreaming) (?:about|of) <1>(?:killing|murdering|stabbing|shooting|raping|torturing|strangling|hurting) (?:{someone}|people|kids|animals)\b"),
    ("violence", 0.75, r"\b(?:hurt|beat|hit|torture|punish|choke) (?:someone|somebody|a person|a child|people|him|her|my \w{1,12}) <3>without (?:leaving|bruis|anyone)"),
    ("violence", 0.7, r"\b(?:victim|prisoner|girl|woman|man|hostage|child) <3>(?:tortured|dismembered|raped|flayed|mutilated|beheaded|disemboweled|burned alive)\b"),
    ("violence", 0.7, r"\b(?:ripped|tore|cut|gouged|pulled|hacked) (?:out |off |open )?(?:his|her|their|the \w{1,12}'s) (?:intestines|eyes|guts|heart|limbs|throat|fingers|head|tongue|ears)\b"),
    ("violence", 0.6, r"\bwatch (?:him|her|them|you) (?:bleed|die|burn|suffer|choke|drown|run)\b"),
    ("violence", 0.75, r"\b(?:drag|hang|shoot|execute|string up|behead|lynch) (?:these|those|all|all the|all these|every) (?:judges?|politicians?|journalists?|bankers?|cops?|police|teachers?|doctors?|traitors?|liars|people|scum|bastards)\b"),
    ("violence", 0.75, r"\b(?:gun|rifle|shotgun|pistol|ak|ar-15|glock|machete) to (?:the )?(?:school|office|work|class|church|mosque|synagogue|mall)\b"),
    ("violence", 0.7, r"\b(?:school|church|mosque|synagogue|temple|embassy|parliament|clinic) (?:will|is going to|must|should) (?:burn|blow up|explode|bleed|fall in blood)\b"),
    ("violence", 0.65, r"\b(?:you will|you'll|he will|they will|she will|you're going to|you are going to) (?:die|bleed|burn|beg for your life|beg for mercy|end up dead|choke on)\b"),
    ("violence", 0.7, r"\b(?:painful|cruel|brutal|slowest|gruesome|bloodiest|sadistic) way to (?:kill|hurt|torture|murder|execute|punish|die)\b"),
    ("violence", 0.65, r"\b(?:kept|keep|started|enjoy|enjoyed|loved) (?:stabbing|beating|kicking|choking|punching|strangling|hitting) (?:her|him|them|the \w{1,12}) <2>(?:until|till|and|while|again)\b"),
    ("violence", 0.6, r"\b(?:flayed|disembowelled|impaled|burned alive|burnt alive|skull cracked|guts spilled|brains splattered|pool of blood|blood everywhere|throat slit|get the rope|gets the rope)\b"),
    ("violence", 0.7, r"\bi(?: am|'m|'ll| will)? <2>(?:come|coming|going|come over) <4>(?:shoot|stab|kill|hurt|end) (?:you|him|her|them|everyone)\b"),
    ("self_harm", 0.85, r"\b(?:i|i'm) <5>(?:killing|kill|hang|hanging|drown|drowning|shoot|shooting) myself (?:tonight|today|tomorrow|now|soon|this)"),
    ("self_harm", 0.8, r"\b(?:cut|cutting|slit|slitting|slice|slicing) (?:my|your) (?:arms?|wrists?|legs?|thighs?)\b"),
    ("self_harm", 0.8, r"\bdon't (?:want|wanna) (?:to )?(?:be alive|live any ?more|live anymore|exist|be here any ?more|wake up)\b"),
    ("self_harm", 0.8, r"\bno (?:point|reason|sense|use) (?:in |to |of )?(?:living|live|being alive|life|my life|go on|going on)\b"),
    ("self_harm", 0.75, r"\b(?:life|living) (?:isn't|is not|is no longer|not) worth\b"),
    ("self_harm", 0.8, r"\b(?:painless|painlessly|easiest|quickest|fastest|least painful|best|quick) <4>(?:to die|to kill myself|to end it|to end my|death|suicide|to end things)\b"),
    ("self_harm", 0.75, r"\b(?:how many|how much|how long|enough) <4>(?:pills|tablets|paracetamol|tylenol|ibuprofen|insulin|sleeping pills|xanax|aspirin|alcohol|meds|medication) <6>(?:overdose|die|kill|lethal|od|never wake)\b"),
    ("self_harm", 0.7, r"\b(?:lethal|fatal|deadly) dose of <3>(?:my|sleeping|paracetamol|insulin|these|the)\b"),
    ("self_harm", 0.75, r"\b(?:swallow|take|taking|took|swallowing|down) (?:all|the whole bottle|all of)(?: of)? (?:the|my|these) (?:pills|tablets|meds|medication)\b"),
    ("self_harm", 0.75, r"\b(?:i|i'm|me) <5>(?:jump|jumping) (?:off|from|in front of) (?:the|a|my) (?:bridge|building|roof|balcony|train|cliff|tower|window)\b"),
    ("self_harm", 0.75, r"\b(?:purge|purging|throw up|vomit) (?:after|my) (?:every |each |the )?(?:meals?|eating|dinner|food)\b"),
    ("self_harm", 0.75, r"\b(?:eat|live on|eating) (?:only |under |less than |just )?\d{2,3} (?:calories|kcal|cals) (?:a|per) day <3>without\b"),
    ("self_harm", 0.75, r"\b(?:burn|cut|hurt|scratch|hit|starve) myself <3>(?:with|to feel|again|every|because|until)\b"),
    ("self_harm", 0.7, r"\b(?:thinking|think|thoughts|planning|considering) (?:about|of|my)? ?(?:suicide|ending it|killing myself|my suicide|ending my life)\b"),
    ("self_harm", 0.7, r"\bbottle of <2>pills (?:next|beside|ready|in my hand|in front)\b"),
    ("self_harm", 0.75, r"\blast (?:day|night|hours?|week) (?:on earth|on this earth|alive|of my life|in this world)\b"),
    ("self_harm", 0.85, r"\b(?:enough|sufficient|supposed|likely) to kill me\b"),
    ("self_harm", 0.75, r"\bi(?:'ve| have| just)? (?:cut|relapsed|self-harmed|burned|harmed)(?: myself)? again\b"),
    ("self_harm", 0.75, r"\b(?:bleed out|bleed to death) <3>(?:wrists?|arms?|thigh)\b"),
    ("self_harm", 0.75, r"\b(?:don't|do not|can't|cannot|can not) <1>see <1>(?:reason|point|future|purpose) (?:to|in|for) (?:keep|go|live|living|life|going|carry|exist|continue|staying|stay)\b"),
    ("self_harm", 0.75, r"\b(?:rope|noose|pills|gun|blade|razor) (?:is|are) <1>(?:ready|waiting|in my hand|on the table|next to me|loaded)\b"),
    ("self_harm", 0.75, r"\b(?:make|making) myself <1>(?:throw up|vomit|puke|sick after)\b"),
    ("self_harm", 0.7, r"\b(?:i'm|i am|im) <2>(?:on the|at the edge of|over the) (?:roof|ledge|bridge|tracks|railing|edge) <6>(?:jump|fall|let go|step off)\b"),
    ("self_harm", 0.75, r"\b(?:methods?|means|ways?|form) of <1>(?:suicide|dying|killing myself|ending my life|self-harm)\b"),
    ("self_harm", 0.7, r"\b(?:goodbye|farewell|final|last) (?:letter|note|message|video) <3>(?:to|for) <2>(?:kids|parents|mum|mom|family|children|friends|wife|husband|world|everyone)\b"),
    ("self_harm", 0.75, r"\b(?:tired of|sick of|done with|fed up with|hate|hate my) (?:living|being alive|existing|my life|life itself|waking up)\b"),
    ("self_harm", 0.7, r"\b(?:nobody|no one|noone) (?:would|will|'d) <1>(?:miss|care|notice) (?:me|if i)\b"),
    ("self_harm", 0.65, r"\bi(?:'m| am) (?:just |only |such )?a burden\b"),
    ("self_harm", 0.8, r"\b(?:ana tips|ana buddy|anorexia tips|mia tips|bulimia tips|how to become anorexic|how to be anorexic)\b"),
    ("self_harm", 0.7, r"\bi (?:just |really |only )?(?:want|wish|need) to (?:disappear forever|stop existing|be dead|not exist|be gone forever|end the pain forever)\b"),
    ("illicit", 0.85, r"\b(?:{how}) <7>(?:{make}) <4>(?:{contraband})\b"),
    ("illicit", 0.7, r"\b(?:write|create|code|build|make|cook|set up|run) (?:me )?<2>(?:{contraband})\b"),
    ("illicit", 0.75, r"\b(?:{how}) <3>(?:buy|get|order|find|sells?|selling|purchase|score|smuggle|import) <3>(?:{hot})\b"),
    ("illicit", 0.75, r"\b(?:give me|i need|send me|selling|generate) <3>(?:stolen|counterfeit|cloned|fake passport|fake ids?|working credit card|fullz|hacked)\b"),
    ("illicit", 0.8, r"\b(?:{how}) <3>(?:hack|crack|break into|get into|log into|phish) <4>(?:{account})\b"),
    ("illicit", 0.75, r"\b(?:{how}) <4>(?:steal|shoplift|pickpocket|rob|burgle|hotwire|carjack|embezzle|kidnap|blackmail|extort|bribe|stalk|ddos|launder|forge|counterfeit|smuggle|evade taxes|traffic) (?:\w{1,15}\b)"),
    ("illicit", 0.7, r"\b(?:steal|rob|burgle|hotwire|embezzle|blackmail|extort|bribe|launder|forge|smuggle) (?:a|an|the|my|from|some|\d{1,9}k?) <2>(?:bmw|car|bank|store|house|officer|official|judge|cop|police|money|signature|drugs|prescription|passport|neighbou?r|boss|company|wallet|identity)\b"),
    ("illicit", 0.75, r"\b(?:cheat|cheating|evade|evading|dodge) (?:on )?(?:my |the |your )?tax(?:es)?\b"),
    ("illicit", 0.7, r"\bhide <2>(?:income|money|assets|cash) from (?:the )?(?:irs|tax|taxman|hmrc|government|my wife|police)\b"),
    ("illicit", 0.75, r"\bpick <3>locks? <2>(?:neighbou?r|someone|house|door so|ex|break)"),
    ("illicit", 0.75, r"\b(?:bypass|disable|jam|defeat|get around) <3>(?:immobili[sz]er|alarm system|burglar alarm|ankle monitor|security cameras|breathalyzer|drug test) <4>(?:steal|rob|so i can|so that|to)\b"),
    ("illicit", 0.75, r"\b(?:script|tool|bot|program|code|way) (?:to|that|for) <3>(?:ddos|keylog|phish|hack|spy on|steal|scam|brute force)"),
    ("illicit", 0.75, r"\bphishing (?:email|mail|page|site|message|text|sms) (?:that|to|which|for|from|looks)\b"),
    ("illicit", 0.7, r"\b(?:darknet|dark web|darkweb|black market) <6>(?:buy|order|sell|get|cocaine|ecstasy|guns?|drugs|cards?|passports?|lsd|heroin)\b"),
    ("illicit", 0.75, r"\bbrute ?-?force <5>(?:login|passwords?|account|pin|wifi|portal)\b"),
    ("illicit", 0.75, r"\bspy on <1>(?:my|his|her|their|someone's|somebody's) (?:wife|husband|girlfriend|boyfriend|ex|roommate|neighbou?r|phone|messages|coworker|employees?|wife's \w{1,12}|partner)\b"),
    ("illicit", 0.75, r"\b(?:clone|skim|cloning|skimming) <3>(?:credit cards?|cards?|sim cards?|key fobs?|badge|atm)\b"),
    ("illicit", 0.75, r"\bconvert <6>(?:full auto|fully automatic|full-auto|machine gun)\b"),
    ("illicit", 0.75, r"\bpoisons? <3>(?:no trace|undetectable|untraceable|autopsy|not show up)\b"),
    ("illicit", 0.65, r"\b(?:sell|selling|fence|pawn|offload) <4>stolen\b"),
    ("illicit", 0.6, r"\bwithout (?:being|getting) (?:traced|caught|detected|tracked|noticed|arrested)\b"),
    ("illicit", 0.75, r"\b(?:xanax|adderall|oxy|oxycodone|opioids|valium|steroids|percocet|ketamine|antibiotics|tramadol|vicodin) <3>(?:without a prescription|without prescription|no prescription|from a dealer)\b"),
    ("illicit", 0.75, r"\b(?:sneak|smuggle|bring|get) <6>(?:past|through) (?:airport )?(?:security|customs|tsa|border control|the border)\b"),
    ("illicit", 0.7, r"\b(?:{how}) <3>(?:commit|rig|tamper with|destroy evidence|fake) <2>(?:fraud|arson|murder|perjury|identity theft|election|odometer|ballots?|evidence|crime|an accident|my own death|prescriptions?|sick note)\b"),
    ("illicit", 0.65, r"\b(?:{how}) <2>grow <2>(?:weed|cannabis|marijuana|mushrooms|shrooms|coca|opium)\b"),
    ("illicit", 0.7, r"\b(?:{how}) <2>(?:crack|bypass|remove) <3>(?:license|licence|activation|drm|2fa|two-factor|wifi password|icloud lock)\b"),
    ("illicit", 0.75, r"\b(?:scam|defraud|swindle|con) (?:old people|the elderly|seniors|people|someone|investors|my \w{1,12})\b"),
    ("illicit", 0.7, r"\b(?:keylogger|spyware|tracker|stalkerware|hidden camera) <6>(?:coworker|wife|husband|girlfriend|boyfriend|boss|employee|neighbou?r|her|his|ex)"),
)  # fmt: skip
"""Expressions, by category and score."""

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
    return _GAP.sub(lambda found: rf"(?:[^\s.!?;]{{1,20}}\s{{1,3}}){{0,{found[1]}}}", source)
