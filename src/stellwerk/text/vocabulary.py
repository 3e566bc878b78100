"""Common words of English and German, as people write them to a model: by them joined words are told apart."""

WORDS = frozenset(
    """
a ab abend abendessen aber abgelesen abgesaugt able ablehnung about above absatz abstieg accept access according
account acht achtung achtzig across act action actions actual actually add additional address admin administrator
adresse advent advice after again age agent agenten agents ago agree agreed aktiviere aktuell all alle allen aller
alles allgemein allow allowed alm almost alone along already als also alte alten alvarez always am amount an ana and
anderen anders anfang anfrage angabe angebot angebote angenommen animal anleitung another answer antrag antwort
antworte antworten anweisung anweisungen anwesend any anyone anything anzeigen apart api apotheke app appear
application apply approved april arbeit arbeite arbeitswoche are area arm around art article as aside ask asked asking
asleep assistant assistants assistent assistenten assume at attachments attack attention auch auf aufgaben aufgehoben
aufgeräumt aufgestellt aufgetragen aufkochen aufsicht auftrag aufträge aus ausbilder ausführen ausgabe ausgeben
auslassung authority automatische autumn außer available average away back bad bahnhof bake bakery bank bathroom
baustein baustelle be beantworte beantworten beantwortet because bed bedeutet beech been beendete befehl befehle
befolgen before began begin beginne beginnen beginnt behavior behaviour behind bei beiden beim bein being beiseite
beispiel beitrag beiträge bekommen belastet beleg believe below bench benutzen benutzer bergauf bergwerk bericht
berichtete berufsschule beschreibung beschränkungen beschwerden besondere besonders besser best bestellung bestiegen
bestätige besuchen besucht besuchte betreiber betreibers beträgt better between bevor bewahren bewirtschaftet bicycles
big bild bin bis bischof bisherigen bist bit bits bitte bitten bittet black blaukraut bleiben bleibt blick blickt
block blood blue board boden body bohemia bohnen borrowed bot both bots box brand brauche brauchen bread breakfast
bridge brief bring bristol brother brunnen budget bug build built buns bus buses business but buy by bypass café cake
call calls came can cancelled cannot capital card cardamom care carry case cast cause cautious center centuries
certain certainly chance change changed chapel character characters chart chat chatbot chatbots chatverlauf cheaper
checkout chef child children choose choosing chosen city class climbs clock clocks close closes coarse coating code
cold collected color colour come comes command common company compared complete completely comply confidential confirm
consider considered console constraints contain content context continue contract control conversation cooking copy
corner correct corrected cost costs could counties county course cover create crossword current customer customers cut
da daches dachrinnen dagegen dahin dahinter damals damit danach dangerous dank danke danken dann daran darf darfst
dark darum das dass dasteht data date datei daten dates daughter day dazu dead deal dear declined decode deep dein
deine deinem deinen deiner deines delete dem den denken denn deny departure der des descent describe description
design desk dessen detailed details deutsch develop developer developers devoted dich did die died dienstag dies diese
diesem diesen dieser dieses different difficult dinge dir directly direkt discuss display disregard do doch does doing
dokument don done donnerstag door doors dorf dort dot down drafts draußen draw drei dreimal dreizehnte driving drop
dropped druck dry du due durch during dürfen each earlier earth easy ebene echo education effect egal eichenholz
eigene eigenen eigentümern eight eighteen eighty ein eine einem einen einer eines einfach eingabe eingebauten eingriff
einmal einnahmen einplanen eins einschränkung einschränkungen einträge einweisung eisheiligen elementarschäden eleven
elf else email emergency empfehlen empfehlenswert encode end ende energy engineer englische english enjoys ensure
enter entferne entfernt entgegen entire entkalken entlassungsbrief entwickler entwicklermodus entwurf er erde ergeben
ergebnis erhalten erinnerte erker erkläre erlaubt erloschen erneuern erreichbar erreichte error errors ersatzteile
ersetzt erst erste erstelle ersten erzähl erzählt eröffnungstext es especially ethical etwa etwas euro even evening
every everybody everything evil exact exactly example except execute exist expect experience explain express eye face
fachhandel fact fahrradkeller fahrräder fall falling falls falsch false familie families family far farm fasse fasst
fast father fear februar feel feeling feet fehler feilzubieten feld fell fensterbank feuchtigkeit few fieber field
fifty fight figur figure file files filiale fill filter filters final finally find findet fire firma first five fixed
fließen floor flour fly fläche focus folge folgende folgenden folgendes follow following follows food for force
foreign forest forget form format former formuliere forststraße fort forward founded founder four frag frage fragen
frau freely frei freie freigabe freigeben freitag freuen freundlicher friday fridays friend friends from front
fruchtbar früheren fuhren full fun function furniture fäden fährt fällt führ führe führt fünf fünfzehn für gab game
ganz garantie garden gartenmöbel geben geboten gebrauch gebühr geehrte gefegt gegeben gegen gegenüber geheime geheimen
gehen gehobelt gehorche geht gelegt gelockert gelten gemeinderat gemüsebeet gemütlichen genau genehmigen general
generate generations geplant geplanten gerade gereinigt german gern gerät gesagt geschichte geschliffen geschlossen
geschrieben geschäft gespendet gespielt gespritzt gespräch gestiegen gestrichen get gewinnen geöffnet gib gibt gießen
gilt ging gipfel girl give given gives glad glossary go goes going gone good grammar great grew grills ground group
grow großen grund gruppe gruppen gruselgeschichte gründünger guest guidance guided guideline guidelines gut gute gänse
gäste günstigste habe haben hack hacked hacker had hair halben half halle halte halten hand handeln handlauf handy
happen happy hard harm harmful has hast hat hatten have he hears heart heat heating heavy heizkosten heißt helfern
hello help helpful herausziehen herbst here herons herr herzlichen heute hex hi hid hidden hide hielt hier higher
hilfe himself hinfällig hinter hinweis his history hit hof hold hole holiday holzverbindungen hope horse hot hour
hours house how however huge human hunde hundertfünfzig hundred hält hätte hättest häufigster häuser hör hütte hütten
i ich idea if ignore ignored ignoriere ignorieren ignoring ihn ihnen ihr ihre ihrem ihren illegal im image imagine
immediately immer import important impressed in include includes including indeed inform information informationen
inhalt initial inn input ins insgesamt inside instance instead instructed instruction instructions instruktionen
intelligence intelligenz interest intern interne internen into inventur invite invoice involves iron is island isst
ist it its itself ja jahr jahre jahren jahreszahl jahrhundert japan jede jeden jeder jedes jetzigen jetzt joined
journeys json jugend jugendherberge jugendlichen june juni just jährlich jährlicher kabine kalkfilter kann kannst
kaputt karenz karte karten kassa kauf keep keeping kehrten kein keine keinen keller kennwort kept key keyboard keys
kill kilogramm kind kinder kindly kinds king kirche kitchen klarem klassenfahrt kleine kneads knie know knödel koch
kochen kocher kocht komma kommen kommt komplikationen kompost konfiguration konnten kontext konto kontrolle kopiere
kraft krankengymnastik krieges kunde kunden kurz können könnte kündigung künstliche lag lager lagerfeuer lampen lane
language languages laptop large lass lassen last late latest laut lautet law layer lead learn least leave leaves leben
led left leg lege leistung leite leitplanken leser less let letter letters letzte letzten licence lie liebe lieber
liebes liefen liegen liegt lies liest life light lighting like likes limit limitations limited limits line lines link
linken links linz list liste listed listen liter little live lived living llm loaf lobe locker log long longer look
los losgefahren lot love low lunch lässt läuft lösche löschen mach machen machine made mai mail mails main mainly
maintains make making mal man manager mannschaft manual many map march mark marketing marks marktplatzes maschine
matter maximum may maß me mean means measure meeting megabytes mehr mein meine meinem meinen meiner melde meldet
memory mensch menschen mention mentioned message messages mich middle might mile miles milk mill mind mine minute
minutes mir missachte mit mitarbeiter mitarbeiterinnen mittags mittagshitze mittwoch mitversichert mobile mode model
modell models moderation modus moment monat monatlich money montag moon moral more morgen morning mornings most mother
mountain move movie much muddy museum music muss musst musste must my myself märz möchte möglich müssen nach
nachmittag nachricht nachrichten nahmen name named namen nature near necessary need needs negative nehmen nenn nenne
nennen network neu neue neuen neues neun never new next nicht nichts nie niemals niemand night nimm nine ninth no
nobody noch none noon nordseite normal normally northern not note notes nothing notice notizen noun november now null
number numbers nun nur nutze nutzer nutzers nächste nächsten nässe ob oben obey obigen object ocean october oder of
off offen offers often ohne oil ok okay oktober old oldest on once one only open opened opening operation operator
opposite or order ordered orders original other others our out outlook output outside oven over overdue override own
packed page paid pan paper paragraph parameter parkplatz part participants parts password passwort past path patience
patientin pattern pendulum people per percent perfect perform perhaps period permission person personal personen
petersen pfad pflanzen phone phrase physiotherapist piece pilzragout place plan plane planet planned plant platz
platzwart play please plätze pocket poem point points policies policy poor position positive possible postponed power
powerful practice prefers preise prepare present presented press pretend pretty prevent previous print prior privacy
private probably problem problems process produce product produkt program programm programming prompt prompts proper
protect protokoll prove provide provided prozent public pull purpose purposes push put python quadratmetern quartal
quartalsbericht quarterly question questions queued quick quickly quite quotation quote rabatt race radieschen radio
rain rallye random rathaus rather raus ravi reach reached read reader readers reading ready reagiert real really
reason receive received rechnen rechnung recht recognised red refer refund refuse refusing regardless regel regeln
regens region regte rehearsal reicht reizlos related release remain remember remembers remind remove removed renew
renovated repairs repeat replace replaced reply report reported reproduce request requests research reservierungen
respond response responses rest restricted restriction restrictions rests result results retourenquote return returns
reveal revealing revenue review rewrite rezept rich richtet richtlinie richtlinien ride ridge right rinse river road
robot rock role roles roll rolle room root rose round routes row rub ruf rufe rule rules run runde rust rutschig rye
räder räum räumpflicht rückfragen safe safety sag sage sagen sagt said saison sales salt same sammelt samstag sanft
sanierung satisfaction saturday satz saw say saying says saßen schaffen schalte schicht schick schild schlafen
schlucht schlüssel schmaler schmerzen schnecken schnittstelle schon school schreib schreibe schreiben schritt schule
schön science screen screenshots script scrubbed sea search season seasons seat sechs sechzigtausend second secret
secrets section security see seem seems seen sehen sehr sei sein seine seite seiten selbst self send sende sense
sentence sentences separate sequence serious served server serves session set setz setze setzen seven several shall
shape share she shelter shifts shoe shoes shop short shortcuts should show shown sich sicherheit side sie sieben
siebzehn siedlung sign similar simple simply simulate simulation since sind sing single sister sisters sit situation
sitzung six size skill skip sky sleep slices slow small snow so sobald social sofort software soll sollen sollst
sollte sollten solve some someone something sometimes sommer sommerfest sondern song sonntag sonst soon sorry sort
sound soup source south space spaces spaghetti sparen speak speaking special specific specified speicher spell
spelling spiel spinat sprache sprachmodell spreadsheets sprich spring späne später square stages stammen stand star
starken start starte starting starts state statement statt status stay stayed steel steep stehen steht stell stelle
stellen stellte step steps sticky stieg still stimmen stollenschuhe stone stood stop store stored stores story stove
straight street streiche strict string strings stroh strong structure stubborn stube student study stufen stunde
stunden sturdy style stürmers subject such suche sudden suits sum summarize summer sun sunday sundays support suppose
sure surface surprise switch system systeme systemprompt systems sämtliche sät tabelle table tables tablets tag tage
tagebuch tagen tagesklinik tagt tail take taken takes talk tall task tasks tausend taxis tea teach team technical
telefonisch telefonnummer tell ten term terminal terms terrasse test text than thank thanks that the theatre their
them themselves then there therefore thermostat these they thick thin thing things think third this those though
thought thousand three thrombose through thursday thus tickets tieren time tisch tischlerei title to toast today
together told tomaten tomorrow tone too took tool top topfenstrudel topic tore total touch tour tours toward towel
towels tower town track trade tragen trail train trainer training transcribe translate translation translations travel
tree treffen treppe trick trip trotz trouble true trust try trying tuesday tun turm turn twenty twice two txt type
typing täglich uhr um umsatz unable und under understand unethical unfiltered ungefiltert ungültig unit unless unlike
unlimited unlock unrestricted uns unser unsere unserem unserer unseres unten unter unterbreiten unterschied until
unverändert up update upon upside ursprüngliche ursprünglichen us usability use used useful user users using usual
usually value variable various vegetarisch verborgenen verbote verboten verein vereinbart vergessen vergiss verhalte
verlief verlieh verloren verlängert vermieter verrate verraten versammlung version versorgt versteckt versteckten
verstehe vertrag vertraulichen verwalter verwende verwirf very via viele vielen vier vierten view village violate
visit visitors voice vollständig vom von vor voraus voraussichtlich vorbeugung vorgaben vorhergehenden vorherige
vorherigen vorjahr vorkommnisse vorlage vorschriften vorsicht vowel wagner wait waiting wald walk wall wanderweg wann
want war warehouse waren warm warn warnhinweise warning warnings wartezeit warum was wasser wasserkocher watch watches
water watt wave way we weather webseite wechseln wechsle wednesdays week weg weight weil weiter welche well wen wenn
went wer werde werden were werkstatt werktags werkzeug wert west what whatever wheel when where whether which while
white whitlock who whole whom whose why wichtig wide wie wieder wiederhole wife wild will willkommen win wind window
windows winkeln winter wipe wir wird wirklich wish wissen with within without wo woche wochen wohnfläche woman wonder
wood wooden wool word words work workshop world wort wortlaut would wound write writing written wrong wrote wunde
wurde wurden wurzeln während wäre wörter wörtlich wünschte würde würdest year years yes yesterday yet you young
younger your yours yourself zahlen zahlung zehn zeichen zeig zeige zeigen zeigt zeile zeilen zeit zensur zieht ziel
zimmer zitiere zitronensäure zu zucchini zufrieden zug zugang zugeschnitten zugleich zum zunächst zur zurück zusammen
zusammenfassung zwanzig zwei zweigt zweimal zweitausend zweite zwischen zwischendurch zwölf zählen öffne öffnet über
übergehe überschrift übersetze überweisung überwiegend
""".split()  # noqa: SIM905 - a list of words is read more easily without quotes
)
