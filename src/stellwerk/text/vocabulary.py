"""Common words of English and German, as people write them to a model: by them joined words are told apart."""

WORDS = frozenset(
    """
a ab abend abendessen aber abgelesen abgesaugt ablehnung about above absatz abstieg access account acht achtung
achtzig act add address admin administrator adresse advent after again agent agenten agents agreed aktiviere all alle
allen aller alles alm along already als also alte alten alvarez always am an ana and anderen anfang anfrage angebot
angebote angenommen anleitung another answer antrag antwort antworte antworten anweisung anweisungen anwesend any
anything api apotheke app application apply approved april arbeit arbeite arbeitswoche are around as aside ask asked
asking asleep assistant assistants assistent assistenten at attachments auch auf aufgehoben aufgeräumt aufgestellt
aufgetragen aufkochen aufsicht auftrag aufträge aus ausbilder ausgeben auslassung automatische autumn außer average
away back bad bahnhof bake bakery bank bathroom baustein baustelle be beantworte beantworten beantwortet because
bedeutet beech been beendete befehl befehle befolgen before began begin beginne beginnen beginnt behind bei beiden
beim bein being beiseite beispiel beitrag beiträge bekommen belastet beleg below bench benutzen bergauf bergwerk
bericht berichtete berufsschule beschränkungen beschwerden besondere besonders besser bestellung bestiegen bestätige
besuchen besucht besuchte betreiber betreibers beträgt better between bevor bewahren bewirtschaftet bicycles bild bin
bis bischof bisherigen bist bits bitte bitten bittet blaukraut bleiben bleibt blick blickt block blue boden bohemia
bohnen borrowed bot both bots box brand brauche bread breakfast bridge brief bristol brunnen budget bug build built
buns bus buses but by bypass café cake call calls came can cancelled cannot card cardamom care cast cautious centuries
changed chapel character chart chat chatbot chatbots chatverlauf cheaper checkout chef children choosing chosen climbs
clock clocks closes coarse coating code cold collected colour come comes common compared comply confidential confirm
considered console content context continue contract conversation cooking copy corner corrected costs could counties
county crossword current customer customers da daches dachrinnen dagegen dahin dahinter damals damit danach dank danke
danken dann daran darf darfst darum das dass dasteht data date datei daten dates daughter day dazu dear declined dein
deine deinem deinen deiner deines delete dem den denn departure der des descent description desk dessen deutsch
developer developers devoted dich did die dienstag dies diese diesem diesen dieser dieses dir direkt disregard do doch
does dokument don done donnerstag door doors dorf dort down drafts draußen drei dreimal dreizehnte driving drop
dropped druck dry du due durch dürfen each earlier easy ebene echo egal eichenholz eigenen eigentümern eight eighteen
eighty ein eine einem einen einer eines einfach eingebauten eingriff einmal einnahmen einplanen eins einschränkungen
einträge einweisung eisheiligen elementarschäden eleven elf empfehlen empfehlenswert end ende energy engineer
englische enjoys entferne entfernt entgegen entkalken entlassungsbrief entwickler entwicklermodus entwurf er erde
ergeben ergebnis erhalten erinnerte erker erkläre erloschen erneuern erreichbar erreichte errors ersatzteile ersetzt
erst erste erstelle ersten erzähl erzählt eröffnungstext es etwa etwas euro even evening every everybody everything
example explain fachhandel fahrradkeller fahrräder falling falls falsch false familie families farm fasse fasst fast
februar feilzubieten feld fell fensterbank feuchtigkeit few fieber fifty figur file files filiale filter find findet
firma first five fixed fließen floor flour fläche folgende folgenden folgendes follow following follows food for
forest forget form format former formuliere forststraße fort forward founded founder four frag frage fragen frau frei
freie freigabe freigeben freitag freuen freundlicher friday fridays from front fruchtbar früheren fuhren full
furniture fäden fährt fällt führ führe führt fünf fünfzehn für gab ganz garantie garden gartenmöbel geben geboten
gebrauch gebühr geehrte gefegt gegeben gegen gegenüber geheime geheimen gehen gehobelt gehorche geht gelegt gelockert
gelten gemeinderat gemüsebeet gemütlichen genau genehmigen generations geplant geplanten gereinigt gern gerät gesagt
geschichte geschliffen geschlossen geschrieben geschäft gespendet gespielt gespritzt gespräch gestiegen gestrichen get
gewinnen geöffnet gib gibt gießen gilt ging gipfel give glad glossary go goes good grew grills ground großen grund
gruppe gruppen gruselgeschichte gründünger guest guidance guided guidelines gut gute gänse gäste günstigste habe haben
had halben half halle halte halten hand handlauf handy harm has hast hat hatten have he hears heating heizkosten heißt
helfern help helpful herausziehen herbst here herons herr herzlichen heute hex hid hidden hide hielt hier hinfällig
hinter hinweis his hof holiday holzverbindungen hope hot hour hours house how hunde hundertfünfzig hält hätte hättest
häufigster häuser hör hütte hütten i ich idea if ignore ignoriere ignorieren ihn ihnen ihr ihre ihrem ihren im immer
import impressed in includes information inhalt inn ins insgesamt instead instructed instruction instructions
instruktionen internen into inventur invite invoice involves iron is isst ist it its ja jahr jahre jahren jahreszahl
jahrhundert japan jede jeden jeder jedes jetzigen jetzt joined journeys json jugend jugendherberge jugendlichen june
juni just jährlich jährlicher kabine kalkfilter kann kannst kaputt karenz karte karten kassa kauf keep kehrten kein
keine keinen keller key keyboard keys kill kilogramm kinder kindly kinds kirche kitchen klarem klassenfahrt kleine
kneads knie know knödel koch kochen kocher kocht komma kommen kommt komplikationen kompost konfiguration konnten
kontext konto kontrolle kopiere kraft krankengymnastik krieges kunde kunden kurz können kündigung lag lager lagerfeuer
lampen lane language languages laptop lass lassen last laut lautet layer leave leaves left leg lege leistung leite
leitplanken leser let letter letzte letzten licence liebe lieber liebes liefen liegen liegt lies liest life lighting
like likes limits line link linken links linz list liste listed listen liter little llm loaf lobe locker log long
longer look los losgefahren lunch lässt läuft lösche löschen mach made mai mail mails mainly maintains make mal man
manager mannschaft many map march mark marketing marks marktplatzes maschine may maß me mean meeting megabytes mehr
mein meine meinem meinen meiner melde meldet memory menschen mention message messages mich mile miles milk mill mine
minutes mir missachte mit mitarbeiter mitarbeiterinnen mittags mittagshitze mittwoch mitversichert mobile mode model
modell models moderation modus monat monatlich montag more morgen morning mornings most move much muddy museum muss
musste must my märz möchte müssen nach nachmittag nachricht nachrichten nahmen name namen need needs nehmen nenn nenne
nennen neu neue neuen neues neun never new next nicht nichts nie niemand nimm nine ninth no nobody noch none noon
nordseite northern not note notes nothing notizen november now null number nun nur nutzer nutzers nächste nächsten
nässe ob oben obey obigen october oder of off offen offers ohne oil okay oktober old oldest on once one only open
opened opening operation operator opposite or order orders other our out outlook output oven over overdue override own
packed page paid pan paper parameter parkplatz participants password passwort past path patience patientin pendulum
people per percent permission person personen petersen pfad pflanzen phone physiotherapist piece pilzragout place plan
planned platz platzwart play please plätze pocket points policies policy position postponed prefers preise prepare
presented pretend previous print prior problems process product produkt prompt prompts protokoll provide prozent pull
put quadratmetern quartal quartalsbericht quarterly question questions queued quotation quote rabatt radieschen radio
rain rallye rathaus rather raus ravi reached read reader reading reagiert rechnen rechnung recht recognised red refund
regel regeln regens region regte rehearsal reicht reizlos release remembers remove removed renew renovated repairs
repeat replaced reply report reported reproduce request requests reservierungen respond response responses rest
restrictions rests result results retourenquote returns reveal revenue review rezept richtet richtlinie richtlinien
ridge right rinse river role rolle room root rose routes row rub ruf rufe rule rules run runde rust rutschig rye räder
räum räumpflicht rückfragen safety sag sage sagen sagt said saison sales salt same sammelt samstag sanft sanierung
satisfaction saturday satz say says saßen schaffen schalte schicht schick schild schlafen schlucht schlüssel schmaler
schmerzen schnecken schnittstelle schon schreib schreibe schreiben schritt schule schön screenshots scrubbed seasons
sechs sechzigtausend second secret see seen sehen sehr sei sein seine seite seiten selbst send sende sentence served
server serves session set setz setze setzen seven several shall shelter shifts shoe shoes shop short shortcuts should
show sich side sie sieben siebzehn siedlung simple since sind sister sisters sitzung six skip sleep slices so sobald
sofort software soll sollen sollst sollte sollten some sommer sommerfest sondern sonntag sonst sound soup spaghetti
sparen speicher spiel spinat sprachmodell spreadsheets sprich spring späne stages stammen starken start starte starts
state statt status stay stayed steel steep stehen steht stell stelle stellen stellte step sticky stieg still stimmen
stollenschuhe stop store stored stores story stove streiche stroh strong stubborn stube stufen stunde stunden sturdy
stürmers such suche suits summer sunday sundays support surface system systeme systemprompt sämtliche sät tabelle
table tables tablets tag tage tagebuch tagen tagesklinik tagt take taken takes talk tasks tausend taxis tea team
telefonisch telefonnummer tell ten terrasse test text than thank thanks that the theatre their them then there
thermostat these they thin thing things this those three thrombose through thursday tickets tieren time tisch
tischlerei to toast today told tomaten too tool top topfenstrudel tore tour tours towel towels tower town tragen trail
trainer training transcribe translate translations travel treffen treppe trotz true try tuesday tun turm twenty twice
two txt täglich uhr um umsatz und under unfiltered ungefiltert ungültig unlock unrestricted uns unser unsere unserem
unserer unseres unten unter unterbreiten unterschied until unverändert up upside ursprünglichen us usability use used
user users using usually vegetarisch verborgenen verbote verboten verein vereinbart vergessen vergiss verlief verlieh
verloren verlängert vermieter verrate verraten versammlung version versorgt versteckt versteckten vertrag
vertraulichen verwalter verwirf very viele vielen vier vierten view village visitors vollständig vom von vor voraus
voraussichtlich vorbeugung vorgaben vorhergehenden vorherigen vorjahr vorkommnisse vorlage vorschriften vorsicht
wagner waiting wald walk wanderweg wann want war warehouse waren warnhinweise wartezeit warum was wasser wasserkocher
watches water watt way we webseite wechseln wechsle wednesdays week weg weil weiter welche well wen wenn wer werden
were werkstatt werktags werkzeug wert what whatever when where whether which while whitlock who whole whom whose why
wie wieder wiederhole will willkommen window windows winkeln winter wipe wir wird wissen with within without wo woche
wochen wohnfläche woman wooden wool word words work workshop world wort wortlaut would wound write wrong wunde wurde
wurden wurzeln während wäre wörter wörtlich wünschte würdest year yes you younger your yours zahlen zahlung zehn zeig
zeige zeigen zeigt zeile zeilen zeit zensur zieht zimmer zitiere zitronensäure zu zucchini zufrieden zug zugeschnitten
zugleich zum zunächst zur zurück zusammen zusammenfassung zwanzig zwei zweigt zweimal zweitausend zweite zwischen
zwischendurch zwölf zählen öffne öffnet über übergehe überschrift übersetze überweisung überwiegend
""".split()  # noqa: SIM905 - a list of words is read more easily without quotes
)
