"""The main signs in languages that are written in Latin letters, with and without their marks."""

# ruff: noqa: RUF001  quotes of typesetters and letters of other scripts are part of what people write

from __future__ import annotations

from typing import Final

from genai_guard.guards.injection.signal import Signal, phrases, signal

__all__ = ["LATIN"]

_G: Final = r"[^.!?\n]{0,50}?"


def _override(language: str, verbs: str, before: str, nouns: str, unless: str = "") -> Signal:
    """An order to drop what was said before: verb, then "earlier" and "instructions" in either order."""
    refused = rf"(?![^.!?\n]{{0,60}}\b(?:{phrases(unless)})\b)" if unless else ""
    either = rf"(?:{before}){_G}\b(?:{phrases(nouns)})\b|(?:{phrases(nouns)})\b{_G}\b(?:{before})"
    pattern = rf"\b(?:{phrases(verbs)})\b{refused}{_G}\b(?:{either})"
    return signal("override", f"{language}_instructions", 0.85, pattern, is_spelled_out=True, words=verbs, beside=nouns)


def _everything(language: str, verbs: str, everything: str, rest: str) -> Signal:
    pattern = rf"\b(?:{phrases(verbs)})\b[\s,]{{1,3}}{everything}\b{rest}"
    return signal("override", f"{language}_everything", 0.75, pattern, is_spelled_out=True, words=verbs)


def _prompt(language: str, verbs: str, whose: str, nouns: str) -> Signal:
    """A question for the instructions of the model, which the noun names without a doubt."""
    pattern = rf"\b(?:{phrases(verbs)})\b{_G}\b(?:{whose})[ ](?:\w{{1,20}}[ ]){{0,2}}(?:{phrases(nouns)})\b"
    return signal("extraction", f"{language}_prompt", 0.65, pattern, is_spelled_out=True, words=nouns)


def _persona(language: str, be: str, things: str, without: str, limits: str) -> Signal:
    pattern = (
        rf"\b(?:{phrases(be)})\b{_G}\b(?:{phrases(things)})\b[^.!?\n]{{0,30}}?"
        rf"\b(?:{phrases(without)})\b[^.!?\n]{{0,20}}?\b(?:{phrases(limits)})\b"
    )
    return signal(
        "persona", f"{language}_without_rules", 0.7, pattern, is_spelled_out=True, words=limits, beside=without
    )


LATIN: Final = (
    _override(
        "german",
        "ignorier ignoriere ignoriert ignorieren_sie vergiss vergesse missachte missachten_sie verwirf übergehe umgehe überschreibe setz_dich",
        r"vorherig\w{0,2}|bisherig\w{0,2}|vorig\w{0,2}|fr[uü]here\w?|obige\w?|alle[nrs]?|deine[nr]?|s[aä]mtliche\w?|urspr[uü]nglich\w{0,2}|vorangegangen\w{0,2}",
        "anweisung anweisungen instruktion instruktionen vorgaben regeln befehl befehle anordnungen richtlinien systemprompt einschränkungen",
        unless="nicht mein meine meinen meiner unsere unseren seine ihre",
    ),
    _everything("german", "vergiss ignoriere ignorier missachte", "(?:bitte )?alles", r",?\s{1,2}(?:was (?:dir|man|du|ich)\b|davor|oben|bisherige|vorherige)"),
    _prompt("german", "zeig zeige nenn nenne gib gebe sag sage verrat verrate schreib schreibe wiederhol wiederhole drucke offenbare liste lautet ist übersetze", "dein|deinen?|deinem|deiner|den|der", "systemprompt system-prompt system_prompt prompt anfangsanweisung anfangsanweisungen systemanweisung systemanweisungen systemnachricht instruktionen vorgaben"),
    _persona("german", "bist agierst agiere antworte antwortest verhältst verhalte spiel spiele spielst handle als", "ki ai modell sprachmodell assistent chatbot bot maschine", "ohne keine keinerlei", "regeln einschränkung einschränkungen beschränkung beschränkungen filter grenzen zensur moral"),
    signal("indirect", "german_ki", 0.2, r"\b(?:wenn|falls|sofern) (?:du|sie)\b[^.!?\n]{0,30}?\b(?:als )?(?:ki|ai|sprachmodell|assistent|chatbot)\b[^.!?\n]{0,60}?\b(?:zusammenfass\w*|liest|lesen|verarbeit\w*|bearbeit\w*|bist|sind|auswert\w*|bewert\w*)\b|\b(?:hinweis|anweisung|nachricht|achtung)\w{0,2}[\s:,]{1,3}(?:an |f[uü]r )?(?:alle |die |den )?(?:ki|ai|sprachmodelle?|assistent(?:en)?|chatbots?)\b".replace(r"\w*", r"\w{0,12}"), is_spelled_out=True, elsewhere=0.55, words="ki ai sprachmodell sprachmodelle assistent assistenten chatbot chatbots"),
    _override(
        "french",
        "ignore ignorez ignorer oublie oubliez néglige négligez abandonne abandonnez contourne contournez fais_abstraction faites_abstraction ne_tiens_pas_compte ne_tenez_pas_compte ne_tiens_plus_compte ne_tiens_aucun_compte ne_suis_pas ne_suis_plus ne_suivez_pas ne_respecte_pas ne_respecte_plus passe_outre",
        r"pr[eé]c[eé]dent\w{0,2}|ant[eé]rieur\w{0,2}|ci-dessus|toutes?|tous|tes|vos|initial\w{0,2}|re[cç]ues",
        "instruction instructions consigne consignes règle règles directive directives ordres restrictions prompt",
        unless="pas_de mon mes notre nos nouvelles",
    ),
    _everything("french", "ignore ignorez oublie oubliez pas_compte_de plus_compte_de aucun_compte_de abstraction_de", "(?:tout )?ce", r" (?:qui pr[eé]c[eè]de|qu.on t.a dit|que (?:je|l.on) t.ai?\b|qui est (?:au-dessus|[eé]crit avant))"),
    _prompt("french", "montre montrez affiche affichez révèle révélez donne donnez dis dites répète répétez écris écrivez quel_est quelles_sont imprime copie", "ton|tes|votre|vos", "prompt pré-prompt prompt_système message_système instructions_système instructions_initiales consignes_initiales instructions_cachées instructions_secrètes consignes_secrètes"),
    _persona("french", "es êtes agis comporte réponds joue comme_si deviens incarne", "ia ai intelligence_artificielle modèle assistant chatbot bot machine", "sans aucun aucune pas", "règle règles restriction restrictions limite limites filtre filtres censure morale"),
    signal("indirect", "french_ia", 0.2, r"\b(?:si (?:vous [eê]tes|tu es) (?:une? )?(?:ia|intelligence artificielle|mod[eè]le de langage|assistant|chatbot)|(?:note|message|instruction|attention)s?[\s:,]{1,3}(?:[aà] l['’ ]|pour l['’ ]|pour les |aux )(?:ia|intelligence artificielle|assistants?|mod[eè]les?))\b", is_spelled_out=True, elsewhere=0.5, words="ia intelligence_artificielle modèle modèles assistant assistants chatbot"),
    signal("steering", "french_ignore_user", 0.4, r"\bignore[zr]? (?:la|les) (?:demandes?|questions?|requ[eê]tes?) de l.utilisateur", is_spelled_out=True, elsewhere=0.6, words="ignore ignorez ignorer"),
    signal("secrets", "french_password", 0.4, r"\b(?:donne|dis|r[eé]v[eè]le)(?:[- ]moi)? (?:le|ton) (?:mot de passe|code|secret)\b(?: secret)?", is_spelled_out=True, words="mot_de_passe code secret", beside="donne dis révèle révele revèle"),
    _override(
        "spanish",
        "ignora ignore ignoren ignorar olvida olvide olviden olvídate_de desatiende descarta omite sáltate caso_omiso_de no_sigas no_obedezcas no_hagas_caso",
        r"anterior(?:es)?|previ[ao]s?|tod[ao]s|tus|arriba|inicial(?:es)?|precedentes?",
        "instrucción instrucciones indicación indicaciones regla reglas órdenes directrices normas restricciones prompt",
        unless="mi mis nuestras nuestros",
    ),
    _everything("spanish", "olvida ignora descarta olvídate_de", "todo", r" (?:lo (?:anterior|previo|que (?:te|se te|has|hab[ií]as)\b)|antes)"),
    _prompt("spanish", "muestra muéstrame revela revélame dime dame repite imprime escribe enséñame cuál_es cuáles_son copia traduce mostrar", "tu|tus", "prompt mensaje_de_sistema mensaje_del_sistema instrucciones_de_sistema instrucciones_del_sistema instrucciones_iniciales instrucciones_ocultas instrucciones_secretas instrucciones_originales indicaciones_iniciales"),
    _persona("spanish", "eres serás actúa compórtate responde finge imagina", "ia ai inteligencia_artificial modelo asistente chatbot bot máquina", "sin ninguna ninguno no_tiene", "regla reglas restricción restricciones límite límites filtro filtros censura normas"),
    signal("suppression", "spanish_without_restrictions", 0.5, r"\b(?:responde|contesta|act[uú]a|habla)\b[^.!?\n]{0,30}?\bsin (?:restricciones|filtros|censura|l[ií]mites)\b", is_spelled_out=True, words="sin_restricciones filtros censura límites"),
    _override(
        "portuguese",
        "ignora ignore ignorem ignorar esqueça esqueca desconsidere desobedeça descarte não_siga não_obedeça",
        r"anterior(?:es)?|pr[eé]vi[ao]s?|tod[ao]s|suas|acima|inicia(?:l|is)|tuas",
        "instruções orientações regras ordens diretrizes comandos restrições prompt",
        unless="minha minhas nossa nossas",
    ),
    _everything("portuguese", "esqueça ignore desconsidere", "tudo", r" (?:o que (?:foi|te|lhe|eu|voc[eê])|acima|anterior)"),
    _prompt("portuguese", "mostre mostra revele revela diga repita imprima escreva exiba qual_é quais_são copie", "seu|suas?|teu", "prompt mensagem_do_sistema mensagem_de_sistema instruções_do_sistema instruções_iniciais instruções_ocultas instruções_originais orientações_iniciais"),
    _persona("portuguese", "você_é você_será aja atue comporte-se finja responda", "ia ai inteligência_artificial modelo assistente chatbot bot máquina", "sem nenhuma nenhum", "regra regras restrição restrições limite limites filtro filtros censura"),
    _override(
        "italian",
        "ignora ignori ignorare dimentica dimenticate trascura tralascia non_seguire non_rispettare non_considerare disobbedisci",
        r"precedent[ei]|anterior[ei]|tutt[ei]|tue|sopra|iniziali|ricevute",
        "istruzione istruzioni indicazioni regole regola ordini direttive comandi restrizioni prompt",
        unless="mie miei nostre nostri",
    ),
    _everything("italian", "dimentica ignora", "tutto", r" (?:ci[oòó] che|quello che|quanto)\b"),
    _prompt("italian", "mostra mostrami rivela rivelami dimmi dammi ripeti stampa scrivi qual_è quali_sono copia elenca", "il tuo|tuo|le tue|tue", "prompt messaggio_di_sistema istruzioni_di_sistema istruzioni_iniziali istruzioni_nascoste istruzioni_segrete istruzioni_originali"),
    _persona("italian", "sei sarai agisci comportati rispondi fingi", "ia ai intelligenza_artificiale modello assistente chatbot bot macchina", "senza nessuna nessun", "regola regole restrizione restrizioni limite limiti filtro filtri censura"),
    _override("dutch", "negeer vergeet sla_over omzeil volg_niet", r"vorige|eerdere|bovenstaande|voorgaande|alle|jouw|je", "instructies opdrachten regels aanwijzingen richtlijnen bevelen beperkingen prompt", unless="mijn onze niet"),
    _everything("dutch", "vergeet negeer", "alles", r" (?:wat|hierboven|hiervoor)\b"),
    _prompt("dutch", "toon laat geef vertel herhaal druk schrijf onthul wat_is wat_zijn", "je|jouw|de", "systeemprompt systeem-prompt systeem_prompt prompt systeeminstructies systeembericht verborgen_instructies oorspronkelijke_instructies"),
    _persona("dutch", "bent gedraag doe antwoord speel handel", "ai ki model assistent chatbot bot machine", "zonder geen", "regels beperkingen grenzen filter filters censuur"),
    _override("polish", "zignoruj zignorujcie ignoruj zapomnij pomiń odrzuć nie_przestrzegaj nie_stosuj_się", r"poprzedni\w{0,3}|wcze[sś]niejsz\w{0,3}|powy[zż]sz\w{0,3}|wszystki\w{0,3}|swoje|swoich|twoje", "instrukcje instrukcji instrukcjach polecenia poleceń poleceniach zasady zasad zasadach wytyczne wytycznych reguły reguł regułach rozkazy ograniczenia ograniczeń"),
    _prompt("polish", "pokaż wyświetl ujawnij podaj powtórz wypisz napisz zdradź", "swój|twój|swoj|twoj|swoje|twoje|swojego", "prompt prompta prompt_systemowy komunikat_systemowy instrukcje polecenia"),
    _persona("polish", "jesteś zachowuj_się odpowiadaj udawaj będziesz", "ai si sztuczną_inteligencją sztuczna_inteligencja model modelem asystent asystentem chatbot chatbotem bot botem", "bez nie_ma", "zasad ograniczeń reguł filtrów cenzury"),
    signal("override", "turkish_instructions", 0.85, r"\b(?:[oö]nceki|yukar[iı]daki|t[uü]m|b[uü]t[uü]n)\b[^.!?\n]{0,30}?\b(?:talimat|komut|kural|y[oö]nerge|emir)\w{0,12}[^.!?\n]{0,20}?\b(?:unut|yok say|g[oö]rmezden gel|dikkate alma|iptal et)\b", is_spelled_out=True, words="unut yok_say görmezden_gel dikkate_alma iptal_et"),
    signal("extraction", "turkish_prompt", 0.65, r"\b(?:sistem (?:prompt|komut|istem|mesaj|talimat)\w{0,12}|(?:gizli|ilk) talimatlar\w{0,6})[^.!?\n]{0,30}?\b(?:g[oö]ster|yaz|s[oö]yle|a[cç][iı]kla|payla[sş]|tekrarla|ver)\b", is_spelled_out=True, words="sistem gizli ilk"),
    _override("swedish", "ignorera glöm bortse_från strunta_i ignorer glem se_bort_fra", r"tidigare|f[oö]reg[aå]ende|ovanst[aå]ende|alla|dina|tidligere|foreg[aå]ende|alle|dine", "instruktioner instruktionerna regler reglerna anvisningar instrukser instruksjoner retningslinjer", unless="min mitt mina inte mine ikke"),
    _prompt("swedish", "visa skriv berätta upprepa avslöja vis skriv fortell gentag", "din|dina|dine|ditt", "systemprompt prompt systeminstruktioner ursprungliga_instruktioner systemmeddelande"),
    _prompt("romance", "montre montrez affiche affichez révèle révélez donne dis muestra muéstrame revela dime dame repite imprime mostre mostra mostrami rivela dimmi escreva diga", "le|les|el|las|o|as|il|la", "prompt_système instructions_système message_système prompt_de_sistema prompt_del_sistema instrucciones_del_sistema prompt_do_sistema instruções_do_sistema prompt_di_sistema istruzioni_di_sistema"),
    signal("persona", "pretended_freedom", 0.65, r"\b(?:comme si tu n.av\w+|semblant de ne pas avoir|finge que no tienes|como si no tuvieras|finja que n[aã]o tem|fingi di non avere|tu so,? als (?:h[aä]ttest du|g[aä]be es) kein\w*|doe alsof je geen|udawaj,? [zż]e nie masz)\b[^.!?\n]{0,30}?\b(?:r[eè]gle|restri|limit|regeln|regels|reglas|regras|regole|zasad|filt|einschr|beperk)", is_spelled_out=True, words="comme semblant finge como finja fingi als alsof udawaj"),
)  # fmt: skip
