"""German: words without content, negation, direction, numerals, dates, opposites and synonyms of everyday requests."""

from __future__ import annotations

from stellwerk.semantic.vocabulary import numbered, words

ARTICLES = words("der die das den dem des ein eine einen einem einer eines")
CAPITALS = 0.85
"""Nouns have capitals in any text."""

FUNCTION = words(
    """
    der die das den dem des ein eine einen einem einer eines dieser diese dieses diesen diesem jener jene jenes
    ist sind war waren sein bin bist seid wäre wären wird werden wurde wurden worden würde würden geworden hat habe haben
    hast hatte hatten hätte hätten habt ich du er sie es wir ihr mich mir dich dir ihn ihm ihnen uns euch sich mein meine
    meinen meinem meiner meines dein deine deinen deinem deiner unser unsere unseren unserem unserer ihre ihren ihrem
    ihrer seine seinen seinem seiner und oder aber wenn dann so als auch noch nur schon mal doch eben halt ja denn
    eigentlich etwa zu zum zur im in am an auf aus bei beim mit nach von vom vor für um über unter durch bis seit wegen
    bitte kann kannst können könnt könnte könnten konnte muss musst müssen müsste soll sollte sollen will willst wollen
    möchte möchten möchtest darf darfst dürfen dürfte mag was wer wen wem wessen wann wo wie warum wieso weshalb welche
    welcher welches welchen welchem wohin woher womit wofür man da dort hier gibt gib geben geht gehen gehe mache machen
    macht gemacht lassen lasse lass etwas jemand jemanden irgendwie irgendwo sehr mehr viel viele ob dass weil damit
    deren dessen euer eure euren eurem eurer eures deines ihres seines unseres hilft woran wodurch worin um
    hallo hi danke ok okay sagen sag wissen weiß hilfe helfen frage fragen möglich möglichkeit brauche brauchen
    braucht finde finden bekomme bekommen bekommt nutzen benutzen verwenden tun am besten genau gerade jetzt einfach olly
    """
)

NEGATORS = words(
    """
    nicht kein keine keinen keinem keiner keines nie niemals nichts niemand niemanden nirgends nirgendwo weder ohne
    kaum nimmer unmöglich statt außer
    """
)
SOFT_NEGATORS = words("statt außer")

MARKERS = {
    word: group
    for group, words in {
        "an": "an ein",
        "aus": "aus",
        "hinein": "rein hinein herein",
        "hinaus": "raus hinaus heraus",
        "hoch": "hoch rauf hinauf herauf",
        "runter": "runter hinunter herunter",
        "über": "über oberhalb",
        "unter": "unter unterhalb",
        "vor": "vor vorher bevor",
        "nach": "nach nachher nachdem danach",
        "von": "von vom",
        "ab": "ab",
        "bis": "bis",
        "seit": "seit",
        "zu": "zu zum zur an",
        "mit": "mit",
        "gegen": "gegen",
        "zwischen": "zwischen",
        "als": "als",
        "für": "für",
        "durch": "durch",
    }.items()
    for word in words.split()
}
CONTRASTS = frozenset(
    {
        frozenset({"an", "aus"}),
        frozenset({"zu", "aus"}),
        frozenset({"hinein", "hinaus"}),
        frozenset({"hoch", "runter"}),
        frozenset({"über", "unter"}),
        frozenset({"vor", "nach"}),
        frozenset({"von", "zu"}),
        frozenset({"von", "nach"}),
        frozenset({"zu", "ab"}),
        frozenset({"ab", "bis"}),
        frozenset({"seit", "bis"}),
        frozenset({"von", "bis"}),
        frozenset({"nach", "bis"}),
        frozenset({"mit", "gegen"}),
        frozenset({"für", "gegen"}),
    }
)
BINDERS = frozenset({"von", "ab", "zu", "nach", "vor", "über", "unter", "als", "gegen", "durch"})
TELLING = frozenset({"ab", "aus", "hinaus", "runter", "unter", "über", "vor", "gegen", "zwischen"})

QUESTIONS = {
    "wer": "who", "wen": "who", "wem": "who", "wessen": "who", "wann": "when", "wo": "where", "wohin": "whereto",
    "woher": "wherefrom", "warum": "why", "wieso": "why", "weshalb": "why", "wie": "how", "wieviel": "amount", "wieviele": "count", "was": "what",
    "welche": "what", "welcher": "what", "welches": "what", "welchen": "what", "welchem": "what",
}  # fmt: skip

AMOUNTS = {"viel": "amount", "hoch": "amount", "viele": "count", "vielen": "count", "vieler": "count"}
DURATIONS = words("zeit langer")
PERMISSION = (
    r"\b(?<!ich )(?<!wir )(?<!\bdu )(?<!man )(?<!sie )"
    r"(?:darf|darfst|durfen|durft|durfte|kann|kannst|konnen|konnt|konnte|konnten)\b(?! nicht\b)(?=.)"
    r"|\bist (?:\w+ ){0,3}(?:erlaubt|gestattet|moglich|zulassig)\b"
)
OBLIGATION = (
    r"\b(?<!ich )(?<!wir )(?<!\bdu )(?<!man )(?<!sie )"
    r"(?:muss|musst|mussen|musste|mussten|mus|soll|sollst|sollen|sollt|sollte|sollten)\b(?! nicht\b)(?=.)"
    r"|\bist (?:\w+ ){0,3}(?:notig|pflicht|notwendig|vorgeschrieben)\b"
)
TENSES = {
    "ist": "now", "sind": "now", "bin": "now", "hat": "now", "haben": "now", "habe": "now", "wird": "future",
    "werden": "future", "war": "past", "waren": "past", "hatte": "past", "hatten": "past", "wurde": "past",
    "wurden": "past", "sein": "",
}  # fmt: skip
CONDITIONS = {
    "auch wenn": "even", "selbst wenn": "even", "obwohl": "even", "obgleich": "even", "trotz": "even", "wenn": "if", "falls": "if",
    "sofern": "if", "weil": "because", "wegen": "because", "wahrend": "if", "solange": "if", "bis": "until",
}  # fmt: skip

SCOPE = words(
    """
    nur alle allen jede jeder jedes jeden beide beiden immer manchmal erste ersten letzte letzten nächste nächsten vorige
    gleiche meiste meisten mindestens höchstens maximal minimal gesamt ganze halb doppelt einmal zweimal
    erneut kostenlos kostenlose kostenfrei kostenpflichtig gratis premium basis standard geschäftlich privat private
    öffentlich gemeinsam gemeinschaftskonto kind kinder erwachsene mitglied mitglieder mitarbeiter besucher
    bewohner mieter vermieter monatlich jährlich wöchentlich täglich online offline digital physisch virtuell papier
    international national inland ausland vorübergehend dauerhaft teilzeit vollzeit ledig verheiratet
    teilweise vollständig komplett ausschließlich lediglich sämtliche sämtlichen mehrere einzelne einzelnen
    bestehende frühere aktuelle alte neue manuell automatisch freiwillig verpflichtend intern extern
    """
)

SUBJECTS = words("ich wir")
OBJECTS = words("mich mir uns")
OTHERS = words("du dich dir er ihn ihm sie ihnen ihr euch")

PERSONS = {
    word: person
    for person, words in {
        "i": "ich mich mir mein meine meinen meinem meiner wir uns unser unsere",
        "you": "du dich dir dein deine deinen",
        "he": "er ihn ihm seine seinen seinem seiner seines",
        "they": "deren",
    }.items()
    for word in words.split()
}

ONES = numbered(
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
    "achtzehn neunzehn",
    0,
) | {"zwo": 2}
PREFIXES = {word: value for word, value in ONES.items() if value < 10} | {"ein": 1, "eine": 1}
TENS = {
    word: 10 * tens
    for word, tens in numbered("zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig", 2).items()
} | {"dreissig": 30}
SCALES = {
    "hundert": 100, "tausend": 1_000, "million": 1_000_000, "millionen": 1_000_000, "milliarde": 1_000_000_000,
    "milliarden": 1_000_000_000,
}  # fmt: skip
ORDINALS = {
    stem + ending: value
    for stem, value in numbered("erst zweit dritt viert fünft sechst siebt acht neunt zehnt").items()
    for ending in ("e", "er", "es", "en", "em")
} | {"zweimal": 2, "dreimal": 3, "doppelt": 2, "dreifach": 3}

MONTHS = numbered("januar februar märz april mai juni juli august september oktober november dezember", 1) | {
    "jänner": 1,
    "feber": 2,
}
WEEKDAYS = numbered("montag dienstag mittwoch donnerstag freitag samstag sonntag", 1) | {
    "sonnabend": 6,
    "wochenende": 8,
    "werktag": 9,
}
DAYS = words(
    """
    heute morgen gestern übermorgen vorgestern vormittag nachmittag abend nacht mittag mitternacht früh frühling sommer
    herbst winter weihnachten ostern
    """
)

UNITS = {
    word: unit
    for unit, words in {
        "s:1": "sekunde sekunden",
        "s:60": "minute minuten",
        "s:3600": "stunde stunden std",
        "s:86400": "tag tage tagen",
        "s:604800": "woche wochen",
        "month:1": "monat monate monaten",
        "month:12": "jahr jahre jahren",
        "g:1": "gramm",
        "g:1000": "kilo kilogramm",
        "g:0.001": "milligramm",
        "m:1": "meter metern",
        "m:1000": "kilometer kilometern",
        "m:0.01": "zentimeter",
        "m:0.001": "millimeter",
        "l:1": "liter litern",
        "l:0.001": "milliliter",
        "%:1": "prozent",
        "eur:1": "euro",
        "eur:0.01": "cent",
        "usd:1": "dollar",
        "gbp:1": "pfund",
        "chf:1": "franken",
        "clock:1": "uhr",
        "degC:1": "grad",
    }.items()
    for word in words.split()
}

OPPOSITES = """
aktivieren:deaktivieren,ausschalten einschalten:ausschalten,abschalten anschalten:ausschalten,abschalten an:aus
öffnen:schließen auf:zu offen:geschlossen,zu geöffnet:geschlossen sperren:entsperren,freischalten,freigeben
abonnieren:abbestellen,kündigen installieren:deinstallieren hinzufügen:entfernen,löschen starten:stoppen,beenden
anfangen:aufhören,enden beginnen:enden,aufhören erhöhen:senken,verringern,reduzieren steigern:senken,verringern
steigen:sinken,fallen vergrößern:verkleinern hochladen:herunterladen importieren:exportieren senden:empfangen
schicken:bekommen kaufen:verkaufen leihen:verleihen einzahlen:auszahlen,abheben einzahlung:auszahlung
annehmen:ablehnen akzeptieren:ablehnen genehmigen:ablehnen genehmigt:abgelehnt erlauben:verbieten erlaubt:verboten
anmelden:abmelden einloggen:ausloggen eintreten:austreten ankommen:abfahren,abreisen ankunft:abfahrt,abflug,abreise
anzeigen:ausblenden,verbergen einblenden:ausblenden verbinden:trennen erstellen:löschen speichern:löschen
behalten:löschen,kündigen gewinnen:verlieren bestehen:durchfallen erinnern:vergessen finden:verlieren lieben:hassen
vorteil:nachteil vorteile:nachteile stärken:schwächen gewinn:verlust einnahmen:ausgaben frage:antwort
beste:schlechteste besten:schlechtesten besser:schlechter gut:schlecht heiß:kalt warm:kalt groß:klein größte:kleinste
lang:kurz länger:kürzer hoch:niedrig,tief,runter höher:niedriger,tiefer schnell:langsam leicht:schwer,schwierig
billig:teuer günstig:teuer reich:arm stark:schwach breit:schmal alt:neu,jung früh:spät früher:später erste:letzte
voll:leer sicher:unsicher,gefährlich legal:illegal möglich:unmöglich richtig:falsch,links wahr:falsch
öffentlich:privat mann:frau männer:frauen junge:mädchen innen:außen drinnen:draußen eingehend:ausgehend
inland:ausland minimal:maximal mindestens:höchstens weniger:mehr wenigste:meiste viel:wenig positiv:negativ plus:minus
aktiv:inaktiv online:offline tot:lebendig anwesend:abwesend vorübergehend:dauerhaft befristet:unbefristet
pflicht:freiwillig vorne:hinten oben:unten oberhalb:unterhalb norden:süden osten:westen vor:nach tag:nacht
morgens:abends sommer:winter verbessern:verschlechtern einschließen:ausschließen arbeitgeber:arbeitnehmer
käufer:verkäufer absender:empfänger vermieter:mieter lehrer:schüler arzt:patient lauter:leiser laut:leise
heller:dunkler hell:dunkel nass:trocken sauber:schmutzig einfach:kompliziert,doppelt vorwärts:rückwärts
kostenlos:kostenpflichtig mit:ohne hin:zurück links:rechts gesund:krank,ungesund kündigen:verlängern,abschließen
betreten:verlassen einsteigen:aussteigen einziehen:ausziehen anziehen:ausziehen befestigen:lösen,entfernen
anschließen:trennen laden:entladen füllen:leeren packen:auspacken wachsen:schrumpfen zunehmen:abnehmen
aufnehmen:abgeben annehmen:abgeben geben:nehmen bringen:holen,abholen abgeben:abholen einstellen:entlassen,beenden
loben:tadeln,kritisieren belohnen:bestrafen helfen:schaden nützen:schaden bauen:abreißen aufbauen:abbauen,abreißen
aufstehen:hinlegen aufwachen:einschlafen einschlafen:aufwachen erhitzen:abkühlen heizen:kühlen auftauen:einfrieren
trocknen:befeuchten schärfen:abstumpfen beschleunigen:bremsen,verlangsamen fragen:antworten mieten:vermieten,kaufen
ausleihen:verleihen,zurückgeben sparen:ausgeben verdienen:ausgeben einnehmen:ausgeben drücken:ziehen schieben:ziehen
werfen:fangen angreifen:verteidigen beitreten:austreten,verlassen zusagen:absagen zustimmen:ablehnen,widersprechen
bestätigen:widerrufen,ablehnen behaupten:bestreiten kombinieren:trennen zusammenführen:aufteilen,trennen
maximieren:minimieren fördern:hindern,hemmen erscheinen:verschwinden auftauchen:verschwinden beliebt:unbeliebt
gerade:ungerade,krumm rund:eckig dick:dünn weit:eng,nah fern:nah hart:weich süß:sauer,salzig roh:gekocht frisch:alt
fleißig:faul mutig:feige höflich:unhöflich freundlich:unfreundlich ehrlich:unehrlich treu:untreu glücklich:traurig,unglücklich
zufrieden:unzufrieden stolz:beschämt nüchtern:betrunken wach:müde lebend:tot satt:hungrig schwanger:kinderlos
senkrecht:waagerecht waagrecht:senkrecht vorder:hinter innere:äußere obere:untere linke:rechte eigene:fremde
einzeln:gemeinsam einzahl:mehrzahl singular:plural maximum:minimum höchste:niedrigste,tiefste billigste:teuerste
günstigste:teuerste schnellste:langsamste größer:kleiner älter:jünger,neuer neueste:älteste beginn:ende anfang:ende
start:ziel,ende eingang:ausgang einfahrt:ausfahrt export:import angebot:nachfrage guthaben:schulden soll:haben
brutto:netto ursache:wirkung erfolg:misserfolg,scheitern krieg:frieden freund:feind gast:gastgeber gläubiger:schuldner
kläger:beklagte sommer:winter morgens:nachts tagsüber:nachts steuerpflichtig:steuerfrei haltbar:verderblich
erwünscht:unerwünscht verpflichtend:freiwillig barrierefrei:unzugänglich ledig:verheiratet volljährig:minderjährig
"""

SYNONYMS = """
kaufen erwerben; bestellen ordern; stornieren kündigen abbrechen; löschen entfernen; starten beginnen anfangen;
beenden stoppen; ändern wechseln bearbeiten aktualisieren; reparieren beheben; geschäft laden; handy telefon mobiltelefon
smartphone; foto bild; film kinofilm; auto wagen fahrzeug pkw; kosten preis gebühr; geld bargeld; lieferung versand
zustellung; liefern versenden zustellen; paket sendung; gepäck koffer; urlaub ferien; arzt doktor; medikament arznei;
arbeit job stelle; firma unternehmen betrieb; kind kinder; schnell rasch zügig; erstellen anlegen; zeigen anzeigen;
suchen finden; senden schicken verschicken übermitteln; überweisen transferieren; erhalten bekommen empfangen;
fehler problem störung; rechnung abrechnung; rückerstattung erstattung; konto account; passwort kennwort; einloggen
anmelden; internet netz web; app anwendung; e-mail email mail; sms nachricht; wohnung apartment; lohn gehalt; chef
vorgesetzter; verlieren verlegen; stehlen klauen; erklären erläutern; lernen studieren; senken reduzieren verringern;
erhöhen steigern; erlauben gestatten; sperren blockieren; aktivieren einschalten anschalten; deaktivieren ausschalten
abschalten; karte bankkarte; reservierung buchung; reservieren buchen; grund ursache; wecker alarm; termin ereignis;
musik lied song; wetter wettervorhersage; spielen abspielen; licht lampe;
computer pc rechner; notebook laptop; unterlagen dokumente papiere; dokument datei; billig günstig preiswert; offen geöffnet;
geschlossen zu; kundendienst kundenservice support kundenbetreuung; beenden kündigen; einstellen ändern; einrichten
konfigurieren einstellen; lagern aufbewahren; benötigen erforderlich nötig notwendig; zahlen bezahlen begleichen;
gezahlt ausgezahlt überwiesen; rabatt ermäßigung nachlass; häufig oft; homeoffice heimarbeit;
einwohner bewohner; wohnen leben; beantragen anfordern; herausfinden ermitteln;
treffen besprechung sitzung meeting; vereinbaren ausmachen; besprechungsraum konferenzraum; mitarbeiter angestellte
beschäftigte; kollege mitarbeiter; kunde auftraggeber; hinzufügen ergänzen; ansehen anschauen einsehen; anfragen
erkundigen; teilnehmen mitmachen; verschieben verlegen; umtauschen tauschen; zurückgeben zurückschicken zurücksenden;
defekt kaputt beschädigt; funktionieren gehen klappen; langsam träge; bildschirm monitor display; taste knopf;
drucker printer; browser webbrowser; ordner verzeichnis; herunterladen downloaden; hochladen uploaden; speichern sichern;
sicherung backup; update aktualisierung; telefonnummer rufnummer; adresse anschrift; vorname name; ausweis
personalausweis; versicherung police; vertrag vereinbarung; frist termin; dauer zeit; beginn anfang start; ende schluss;
wichtig bedeutend; schwierig schwer kompliziert; leicht einfach; lecker schmackhaft; rezept anleitung; zubereiten kochen;
essen speisen; getränk drink; fahrrad rad; zug bahn; fahrkarte ticket fahrschein; bahnhof station; haltestelle
station; flughafen airport; hotel unterkunft; zimmer raum; reise fahrt trip; krank erkrankt; schmerzen weh;
arznei medizin; rezept verordnung; anwalt rechtsanwalt jurist; gesetz recht; steuer abgabe; finanzamt steueramt;
zinsen zinssatz; kredit darlehen; sparen ansparen
"""

FILLERS = (
    r"(?:(?:hallo|hi|hey|guten (?:tag|morgen|abend)|servus|moin|grüß gott|liebes team)\b[ ,!.:-]*"
    r"|(?:bitte|danke(?: schön| sehr| im voraus)?|vielen dank(?: im voraus)?|mit freundlichen grüßen|lg|mfg)\b[ ,!.:-]*"
    r"|(?:ä+h+m*|hm+|also|na ja|naja|okay|ok|so|übrigens|kurze frage|eine frage)\b[ ,!.:-]*"
    r"|(?:können|könnten|kannst|könntest) (?:sie|du|ihr) (?:mir|uns)(?: bitte)?(?: (?:mal|kurz))?(?: (?:sagen|erklären|helfen|verraten|zeigen))\b[ ,:]*"
    r"|(?:ich|wir) (?:möchte|möchten|würde|würden|will|wollen|wollte)(?: gern(?:e)?)? (?:wissen|fragen|erfahren)\b[ ,:]*(?:ob )?"
    r"|(?:weißt du|wissen sie|weiß jemand|sag mir|sagen sie mir)\b[ ,:]*"
    r")"
)
