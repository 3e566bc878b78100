"""Common words of English and German, as people write them to a model: by them joined words are told apart."""

WORDS = frozenset(
    """
a ab abandon abend abendessen aber abgelaufen abgelesen abgesaugt abgeschaltet ability able ablehnen ablehnst
ablehnung about above abroad absatz abschalten abschnitt absender absolutely abstieg absätze abteilung academic
accept accepted access accident accidentally according accordingly account accounting accounts accuracy accurate
accurately achieve acht achte achtung achtzig acknowledge across act action actions activate active activities
activity actor actual actually adapt add added addition additional additionally address addresses admin
administrator adresse adressen adult adults advanced advent adventure adversarial advice affect afraid after
again against age agency agent agenten agents ago agree agreed ahead aktien aktiv aktiviere aktuell alarm album
alert alerting alerts algorithm algorithms aligned alignment all alle allem allen aller alles allgemein allow
allowed allowing allows alm almost alone along alphabet already als also alte alten alter alternate alternative
alvarez always am american among amount an ana analysis analyze ancient and anderen anders android anfang
anfangsbuchstaben anfrage anfragen anführungszeichen angabe angaben angebot angebote angenommen angreifer anhang
animal animals anleitung annehmen anomaly anonymous another answer answered answering answers antrag antwort
antworte antworten antwortest antwortet anweisung anweisungen anwesend anxiety any anyone anything anyway
anzeigen apart api apotheke app appear appearance appears append apple apples application applications applied
applies apply appreciate approach approaches appropriate approval approve approved april arbeit arbeite
arbeitswoche arbitrary architecture archive are area areas argument arguments arm around array art article
articles artificial artikel artist as aside ask asked asking asleep aspect assert assist assistant assistants
assistent assistenten associated assume at attached attachments attack attacker attackers attacks attempted
attempts attention attribute auch audit auf aufgabe aufgaben aufgehoben aufgeräumt aufgestellt aufgetragen
aufkochen aufsatz aufsicht auftrag aufträge augen august aus ausbilder ausbildung ausführen ausgabe ausgeben
ausgesetzt auskunft auslassung ausnahmen ausreden ausschalten ausschließlich australia auszuführen authentic
authentication author authorised authorities authority authorization authorized automated automatically
automatisch automatische autumn außer available average avoid awareness away back background backwards bad
bahnhof bake bakery balance bank banking based basic basics batch bathroom baustein baustelle be beachte
beantworte beantworten beantwortet beautiful because become becomes bed bedeutet beech been beenden beendete
befehl befehle befolge befolgen before befreit began begin beginne beginnen beginning beginnt begins begründung
behalf behave behavior behavioral behaviour behind bei beiden beim bein being beipackzettel beiseite beispiel
beispiele beitrag beiträge bekomme bekommen belastet beleg believe belongs below bench benefit benefits benutzen
benutzer bereits bergauf bergwerk bericht berichtete berufsschule bescheid beschreibe beschreibung
beschränkungen beschwerde beschwerden besides besondere besonders besprechung besser best beste bestellen
bestellung bestellungen besten bestiegen bestimmten bestätige bestätigen bestätigung besuchen besucht besuchte
betrag betreff betreiber betreibers beträgt better between bevor bewahren bewerber bewerte bewerten bewilligt
bewirtschaftet beyond bezahlt bicycles big bild bin binary biology birth bis bischof bisherigen bisschen bist
bit bits bitte bitten bittet black blackmail blank blaukraut bleib bleiben bleibt blick blickt block blocked
blocking blocks blood blue board boden body bohemia bohnen booked booking books borrowed bot both bots bought
bound boundaries box brackets brain brand brauche brauchen braucht brazil breach bread break breakfast breaking
breaks bridge brief bring bristol british broken brother browser browsing bruder brunnen buche buchstaben budget
buffer bug build building builds built bullet buns bus buses business but buy by bypass bypassed bypassing bytes
cache café cake calculate calendar call called calling calls came campaign can canada canary cancel cancelled
candidate candidates cannot capabilities capital capitalization caption capture card cardamom cards care career
careful carry case cases cast catch categories caught cause causes causing cautious censorship center centuries
certain certainly chain challenge challenges chance change changed changes changing channel chapel chapter
character characters charge charged chart chat chatbot chatbots chatgpt chats chatverlauf cheaper cheat check
checked checking checkout checks chef chefin chemical chemicals chemistry chess child children china chocolate
choice choose choosing chosen circumstances circumvent cities city civilizations claim claims class classifier
classify claude clause clean clear clearance clearly click client clients climate climbs clock clocks clone
close closed closes cloud clues cluster coach coarse coating code codes coding coffee cold colleague colleagues
collect collected collection college colon color colour column columns combination combine come comedy comes
coming comma command commands comment comments commit common communication community companies company compare
compared comparison competitors compile complaint complete completely complex compliance comply compose
comprehensive compromised compute computer computing concatenate concealed concept concepts concerns conclude
concrete condition conditions confidence confidential configuration configure configured confirm confirmation
confirmed confirms conflict connect connected connection consciousness consent consequences consider
considerations considered consistency consistent console constraints consultant contact contain container
containing contains content contents context continue contract contradicts control controlled controls
controversial conversation conversations convert convicted convince convincing cookie cooking copy copyright
corner corporate correct corrected correctly cost costs could count counterfeit counties country counts county
course cousin cover crack create created creating creative creativity creators credentials credit criminal
criteria critical cross crossword crucial cultural culture curious currency current custom customer customers
cut cybersecurity cycle da dabei daches dachrinnen dafür dagegen dahin dahinter daily damage damals damit danach
danger dangerous dank danke danken dann daran darauf daraus darf darfst darin dark darum darüber das dass
dasselbe dasteht data database databases dataset date datei dateien daten datenbank dates daughter davon day
dazu dead deadline deaktiviere deal dear death debate debit debug debugging decide decided decides decision
decisions decline declined decode decodes deep default defense defensive define definition degree degrees dein
deine deinem deinen deiner deines delete deleted delivery dem demand demands demonstrate demonstrates
demonstration den denen denied denken denkst denn deny department departure depends deploy deployment deposit
depression der des descent describe describing description design designed designing desk dessen detail detailed
detailing details detect detected detection detector determine deutsch deutsche develop developer developers
developing development deviate device devices devoted diagnostic dialog dialogue dich dictionary did die died
dienstag dienstanweisung dies diese diesem diesen dieser dieses diesmal differ difference differences different
difficult digital dinge dinner dir direct directions directive directives directly directory direkt disable
disabled disaster discard disclaimers disclose disclosure discount discover discovered discuss discussing
discussion disease disinformation display disposable dispute disregard distance distinguish distribute
distributed distribution do doch doctor document documentation documents does doing dokument dokumente dollar
dollars domain don done donnerstag door doors dorf dort dot double down download draft drafts dragon draußen
draw drehe drehen drei dreimal dreizehnte dritten drive drives driving drop dropped druck dry du due durch
during dürfen each earlier early earth easily easy eating ebene echo economic editor education educational
effect effective effectively effects efficient efficiently egal ehrlich eichenholz eigene eigenen eigentümern
eight eighteen eighty ein eine einem einen einer eines einfach einfacher eingabe eingebauten eingerichtet
eingriff einladung einmal einnahmen einplanen einrichtung eins einschränkung einschränkungen einstellen eintrag
einträge einweisung einzelheiten einzige eisheiligen either elaborate election electric electronic element
elementarschäden elements eleven elf eligible else email emails embedding emergency emoji emojis emotional
empfehlen empfehlenswert empfiehl empfänger employee employees employer empty enable encode encoding encourage
encryption end ende ended ending endlich energy enforcement engage engaging engine engineer engineering engines
englisch englische english enjoys enough ensure ensuring enter enterprise entferne entfernt entgegen enthalten
enthält entire entirely entitled entkalken entlassungsbrief entry entwickler entwicklermodus entwurf environment
environmental episode equals er erase erde erfinde ergeben ergebnis ergänze erhalten erinnerte erinnerung
erinnerungen erkenne erkennen erkennt erker erklär erkläre erklären erklärt erlaubnis erlaubt erledigt erloschen
erneuern erreichbar erreichte error errors ersatzteile ersetze ersetzt erst erste erstelle erstellen ersten
erwähne erzähl erzählen erzählt eröffnungstext es escalate escalation escape especially essay essen established
ethical ethically ethics ethischen ethnic etwa etwas euro europe euros evaluate evaluating evaluation even
evening event events every everybody everyday everyone everything evidence evil evolution exact exactly exakt
example examples exceeded excel except exchange exclude execute execution exempt exercise exercises exist
existing expect expected expensive experience experienced experiences experiment experiments expert expired
explain explaining explains explanation explanations explicit explicitly exploit exploiting exploration explore
export expose express expression extend external extra extract eye face fachhandel fact factors factory facts
fahre fahrradkeller fahrräder failed failing fall fallen falling falls falsch false familie families family
famous far farbe farm fasse fasst fassung fast father favor fear feature features featuring februar federal
feedback feel feeling feet fehler fehlermeldung fehlt feilzubieten feld fell female fence fensterbank fertig
fetch feuchtigkeit few fiction fictional fieber field fields fifty fight figur figure figures file files filiale
fill filled films filter filtered filtering filters final finally financial find finde findet findings finds
finish finished fire firewall firma first five fixed flags fließen flight floor flour flowers fly fläche focus
focusing folder folge folgen folgende folgenden folgendes folgt follow followed following follows food footer
for forbidden force forecast foreign forest forever forget forgot form formal format formatted former formula
formular formuliere formulieren forststraße fort forum forward found foundational founded founder four frag
frage fragen fragt frame framework frameworks france frau fraud fraudulent freed freedom freely frei freie
freigabe freigeben freigegeben freitag fremden french fresh freuen freundlicher friday fridays friend friendly
friends from front fruchtbar frühere früheren fuhren full fully fun function functional functionality functions
funds funktion funktioniert furniture further future fußball fäden fährt fällt führ führe führt fünf fünfzehn
für gab game games ganz ganze ganzen garantie garden gardening gartenmöbel gather geben geboten gebrauch
geburtstag gebühr gedicht geehrte gefegt gefragt gefunden gegeben gegen gegenteil gegenüber gehackt geheime
geheimen geheimnis geheimnisse gehen gehobelt gehorche gehorchst geht gehälter gehört gelegt gelockert gelten
gemacht gemeinderat gemeint gemüsebeet gemütlichen genau genehmige genehmigen general generate generated
generating generations generator genuine geplant geplanten geprüft gerade gereinigt german germany gern gerne
gerät gesagt geschichte geschliffen geschlossen geschrieben geschäft gesetz gesetze gesetzt gespeicherten
gespendet gesperrt gespielt gespritzt gespräch gesprächs gestellt gestern gestiegen gestrichen get getting
gewinnen geändert geöffnet gib gibst gibt gießen gilt ging gipfel girl give given gives giving glad gleich
global glossary go goals goes going gone good government grammar grandmother grant granted grants graphic great
greater green grenzen grew grills ground group groups grow grown großbuchstaben großen grund gruppe gruppen
gruselgeschichte gründünger guard guardrails guest guests guidance guide guided guideline guidelines gut gute
guten gänse gäste gültig günstigste habe haben hack hacked hacker hacking had haiku hair halben half halle hallo
halte halten hamburg hand handeln handlauf handle handles handling handy happen happened happens happy hard harm
harmful harmless has hast hat hates hatten hausmeister hausordnung have haven having he header health healthcare
healthy heard hears heart heat heating heavy height heimlich heizkosten heißt helfen helfern hello help helped
helper helpful helping helps heraus herausziehen herbst here herons herr hersteller herzlichen hesitate heute
hex hi hid hidden hide hiding hielt hier hiermit higher highly hilfe hilft himself hinfällig hinter hintergrund
hinweis hinweise hinzu hired hiring his historian historical historically history hit hof hold holds hole
holiday holocaust holzverbindungen honest honesty hope horse hosts hot hotel hour hours house how however https
huge human humans hunde hundertfünfzig hundred hypothetical hypothetically hält hängt hätte hättest häufigster
häuser höflich hör hören hütte hütten i ich idea identified identify identifying identity if ignore ignored
ignores ignorier ignoriere ignorieren ignoriert ignoring ihn ihnen ihr ihre ihrem ihren illegal illegally im
image images imagine immediately immer immigration impact impacts implement implementation implemented
implementing import importance important impressed improve improved in inbox incident include included includes
including incoming incorrect increase increased indeed indem indicate indirect individual individuals indoor
indoors influence inform information informationen infrastructure ingredient ingredients inhalt inhaltsfilter
initial initialization initiated initiating inject injection inn input inputs ins insert insgesamt inside
insider insights inspect install installation instance instead instructed instruction instructions instruktionen
insurance intelligence intelligenz intended intent interest interested interesting interface intern internal
international interne internen internet interpret interpreter interview into introduce introduction inventor
inventur investment invisible invitation invite invoice invoices invoke involved involves iphone irgendwelche
iron irrelevant is island isst issue issues ist it italian items its itself ja jahr jahre jahren jahreszahl
jahrhundert jailbreak jailbreaks jailbroken japan japanese javascript jede jedem jeden jeder jedes jemand
jetzigen jetzt joined journalist journeys json judge jugend jugendherberge jugendlichen june juni just justice
jährlich jährlicher kabine kaffee kaffeemaschine kalender kalkfilter kann kannst kapitel kaputt karenz karte
karten kassa kasse kauf kaufen keep keeping keeps kehrten kein keine keinen keller kellner kennst kennt kennwort
kept key keyboard keys keywords kill killed kilogramm kind kinder kindly kinds king kirche kitchen klarem
klartext klassenfahrt kleine kneads knie know knowledge known knödel koch kochen kocher kocht kodiere kollege
kollegen komma komme kommen kommentar kommentare kommt komplett komplikationen kompost konfiguration konnten
kontakten kontext konto kontonummer kontrolle kopie kopiere korrektur korrigiere kraft krankengymnastik krieges
kriterien kuchen kunde kunden kurz könig können könnte könnten könntest küche kündigung künstliche label labor
lag lager lagerfeuer lampen landlord lane lange language languages laptop large lass lassen last late later
latest latin laufen laut lauten lautet law layer lead learn learned learning least leave leaves leaving leben
lebenslauf led left leg legal legally lege legen legitimate leistung leite leitlinien leitplanken length lerne
lesen leser less let letter letters letzte letzten level liability libraries library licence licht lie liebe
lieber liebes liefen lieferung liegen liegt lies liest life light lighting like likely likes limit limitations
limited limits line lines link linken links linter linux linz list liste listed listen liter literature little
live lived living llm loaf lobe local locate located location locked locker log logged logging logic login long
longer look looking looks los losgefahren losing lot lottery love low lower lunch lyrics lässt läuft lösch
lösche löschen lösung mach mache machen machine machines macht made mahnung mai mail mails main mainly maintain
maintaining maintains maintenance major make makers makes making mal malicious malware man manage manager
mandatory manipulate manipulation manner mannschaft manual manufacturing many map march mark markdown marked
market marketing marks marktplatzes married maschine master match matches matter matters maulkorb maximize
maximum may maß me mean meaning means meant measure measures mechanism mechanisms media medical medieval
meditation meeting meets megabytes mehr mein meine meinem meinen meiner meines melde meldet memories memory
mensch menschen mental mention mentioned mercury merge merkt message messages method methods metric metrics mich
middle might migration mile miles milk mill mind mine minimum minute minuten minutes mir mirror misinformation
missachte missachten missing mission mistake mistakes mit mitarbeiter mitarbeiterinnen mittagessen mittags
mittagshitze mittwoch mitversichert mobile mode model modell models moderation modern modify module modules
modus moment monat monatlich monday money monitoring monologue montag month months moon moral more morgen
morning mornings morse most mother mountain move movie much muddy multi multiple muscle museum music musical
musik muss musst musste must mutter my myself mystery märz möchte möglich müssen nach nachdem nachmittag
nachricht nachrichten nacht nahmen name named namen namens names narrative narrator nation natural naturally
nature navigation near necessary need needed needs negative nehme nehmen neighborhood nenn nenne nennen nervous
network networks neu neue neuen neues neun neural neutral never new newsletter newspaper next nicht nichts nie
niemals niemand niemandem night nimm nine ninth no nobody noch noise none noon nordseite normal normally norms
northern not notation note notes nothing notice notifications notiz notizen noun novel november now nuclear null
number numbers nun nur nurse nutze nutzer nutzers nächste nächsten nächstes nässe ob oben obey obeyed obigen
object objective obwohl occur ocean october oder of off offen offer offers office officer official often ohne
oil ok okay oktober old oldest on once one online only open openai opened opening openness operate operating
operation operational operations operator opportunity opposite optimize option optional options or order ordered
orders ordner organization organizations original other others otherwise our out outcome outdated outdoor
outgoing outline outlook output outputs outside oven over overdue override overrides own owned owner package
packed packets page pages paid paint paket pan panic paper papers paragraph parallel parameter parameters
paraphrase parcel parent parents parking parkplatz parse parsing part participants particular partner parts
party passcode passe passed passiert passt password passwords passwort past paste path patience patient
patientin patients pattern patterns payment payments pending pendulum people per percent perfect perform
performance perhaps period permission permissions permitted person persona personal personalized personen
personnel perspective petersen pfad pflanzen phishing phone photography phrase phrasing physical physics
physiotherapist picture piece pilzragout pipeline pirate pixel place placed places plain plan plane planet
planned planning plant plants platform platz platzwart play players playing playlist please plumber plätze
pocket podcast poem point points poison policies policy polish polite political poor popular posing position
positive positives possible posteingang postfach postponed potential potentially power powerful practice
practices praise precedes preceding prefer preference prefers prefix preis preise premium preparation prepare
prescription present presentation presented presenting president press pressure pretend pretty prevent prevents
previous price prices primary prime principles print printed printing prints prior prioritize priority privacy
private privaten privilege privileged privileges probability probably problem problems procedure procedures
proceed process processed processes processing produce product production products produkt professional
professor profile program programm programmed programmierung programming progress project projects promote
promotes promoting prompt prompts proof proper properly property protagonist protect protection protocol
protocols protokoll protokolle prove provide provided provides providing prozent prüfe prüfen prüfer prüfung
psychological public publicly publish pull punctuation punkt punkte punkten purchase purely purpose purposes
push put python quadratmetern qualified quality quantum quartal quartalsbericht quarterly quellen queries query
question questions queue queued quick quickly quiet quite quotation quote quotes quoting rabatt race radieschen
radio radius rain raise rallye random range ransomware rathaus rather rating raus ravi reach reached reaction
read reader readers reading reads ready reagiere reagiert real realistic reality really reason reasoning reasons
receipt receive received receiving recent rechne rechnen rechnung rechnungen recht rechte recipe recipes
recipient recite recognise recognised recognition recognize recommend recommendation recommendations recommends
record records recursion red reden reduce refer reference reflect refund refusal refusals refuse refuses
refusing regarding regardless regel regeln regens region regte regular regulations regulatory rehearsal reicht
reihenfolge reizlos reject rejected related relationship relationships release reliable remain remember
remembers remind reminder remote remove removed renaissance rename render renew renewable renovated renowned
repairs repeat repeating replace replaced replacement replies reply report reported reporting reports repository
reproduce request requested requests require required requirements requires research researcher reservation
reservations reserve reservierungen reset resources respect respond responding response responses responsibility
responsible rest restaurant restaurants restrict restricted restriction restrictions rests result results resume
retired retourenquote retrieval retrieve retrieved retry return returned returning returns reveal revealed
revealing reveals revenue reverse reversed review reviewed reviewer reviewers reviews revolution rewrite rezept
rich richte richtet richtig richtige richtlinie richtlinien ride ridge right rights rinse risks river road robot
roboter robots rock role roles roll rolle roman room root rose rotate round route router routes routine routines
routing row rub ruf rufe ruhen rule rules run runde running runter rust rutschig rye räder räum räumpflicht
rückfrage rückfragen rückwärts safe safeguards safely safety sag sage sagen sagst sagt said saison salary sales
salt same sammelt sample samples samstag sandbox sanft sanierung satisfaction saturday satz saved saving saw say
saying says saßen scenario scenarios scene schach schaffen schalte schauspieler schedule scheduled schema scheme
schicht schick schild schlafen schlecht schließen schlucht schlüssel schmaler schmerzen schnecken schnittstelle
schon school schranken schreib schreibe schreiben schreibst schreibt schritt schritte schule schön science
scientific scope score scratch screen screening screenshots script scroll scrubbed sea search season seasons
seat seating seats sechs sechzigtausend second secret secrets section secure securely security see seem seems
seen sehen sehr sei seien sein seine seinen seiner seite seiten selbst select selected self seller send sende
senden sender sending sends sense sensitive sensor sentence sentences sentiment separate september sequence
series serious serve served server serves service services session sessions set setting settings setup setz
setze setzen seven several sexual shadow shall shape share shared shares sharing she sheet shell shelter shifts
shipping shoe shoes shoot shop shopping short shortcuts shorter should show showed showing shown shows sich
sichere sicherheit sicherheitsregeln side sie sieben siebzehn siedlung sieht sign signature signed signs silence
similar simple simply simulate simulation simuliere since sind sing single sister sisters sit situation
situations sitzt sitzung six size skill skilled skills skip skript sky slack sleep slices slow slowly small
smart smith snow so sobald social society socket sofort software solely soll sollen sollst sollte sollten solve
some somebody someone something sometimes somewhere sommer sommerfest sondern song sonntag sonst soon sorry sort
sortiere sound sounds soup source sources south space spaces spaghetti spanish sparen speak speaking special
specific specifically specified speech speed speicher speichere speichern spell spelling spiel spielen spielst
spielt spinat spirit split sprache sprachmodell sprachmodelle spread spreads spreadsheets sprechen sprich spring
späne später square stack stadt staff stage stages stammen stand standard standards standing standort stands
star starken stars start starte started starting starts state statement statements states station statt
stattdessen status stay stayed steal steckt steel steep stehen steht stell stelle stellen stellte step steps
stereotypes sticky stieg still stimmen stimmt stock stolen stollenschuhe stone stood stop stopping storage store
stored stores storniere story storytelling stove straight strategies strategy stream street streich streiche
streichen strict string strings strip stroh strong structure structures stubborn stube stuck student students
studies study studying stufen stunde stunden sturdy style stürmers subject substitute success successful
successfully such suche sudden sugar suggest suggesting suggestions suits sum summarise summarize summary summer
sun sunday sundays super supervisor support suppose supposed sure surface surprise surrounding suspend suspended
suspicious sustainable switch symbol symptoms syntax system systeme systemnachricht systemprompt systems szene
sämtliche sät sätze sätzen tabelle table tables tablets tactics tag tage tagebuch tagen tagesklinik tagt tail
take taken takes taking talent talk talking tall target task tasked tasks taught tausend taxes taxis tea teach
teacher teaching team teams technical technique techniques technologies technology teile telefon telefonisch
telefonnummer tell telling tells temperature template temporarily ten tenant term termin terminal terminate
termine terms terrasse test testing tests text texts than thank thanks that the theatre their them thema themen
themselves then theory there therefore thermostat these thesis they thick thin thing things think third this
thorough those though thought thoughts thousand thread threat threats three thrombose through throughout
thursday thus ticket tickets tieren time timer times tires tisch tischlerei title titles to toast tochter today
together token tokens told tomaten tomorrow tone tonight too took tool tools top topfenstrudel topic topics tore
total touch tour tours toward towards towel towels tower town track tracking trade trading traditional traffic
tragen trail trailing train trained trainer trainiert training transaction transactions transcribe transcript
transfer transfers transform translate translated translating translation translations transparency transparent
travel traveling treat treatment tree trees treffen treppe triangle trick tricked tricks trigger trip trotz
trouble true truly trust trusted truth try trying tuesday tun tuning turm turn turned tutorial twenty twice two
txt type typed types typical typing täglich uhr um umgehe umgehen umsatz unable unauthorized uncensored uncle
und under understand understanding understood unethical unfiltered ungefiltert ungültig unhelpful unique unit
united units universe university unless unlike unlimited unlock unrestricted uns unsafe unser unsere unserem
unserer unseres unten unter unterbreiten unterschied until unusual unverändert unzensiert up update updated
upload upon upside urgent urlaub ursprüngliche ursprünglichen us usability use used useful user username users
using usual usually utilizing vacation valid value values variable variables various vegetarian vegetarisch
vehicle vehicles verbatim verbessere verborgenen verbose verbote verboten verbotene verein vereinbart vergessen
vergiss vergisst vergleich vergleiche verhalte verhindern verification verified verify verlangt verlauf verlief
verlieh verlierst verloren verlängert vermieter verrate verraten verrät verrätst versammlung version versions
versorgt verstanden versteckt versteckte versteckten verstehe vertrag vertraulich vertraulichen verwalter
verweigern verweigert verwende verwenden verwirf very verzeichnis via video videos viele vielen vier vierten
view village villain vintage violate violence virtual vision visit visiting visitors vocabulary voice vollmacht
vollständig vollständigen volume vom von vor voraus voraussichtlich vorbeugung vorgaben vorher vorhergehenden
vorherige vorherigen vorhin vorjahr vorkommnisse vorlage vorlesen vorrang vorschriften vorsicht vowel
vulnerabilities vulnerability wagner wahrheit wait waiting wald walk wall wanderweg wandle wann want wanted
wants war warehouse waren warm warn warnhinweise warning warnings warnung warnungen warranty wartezeit warum was
washing wasser wasserkocher waste watch watches water watt wave way we weaknesses weapon weapons weather webhook
webseite website wechseln wechsle wecker wednesdays week weeks weg wegen weight weil weisung weiter weißt welche
welchem welchen welcher welches well wen wende wenn went wer werde werden were werkstatt werktags werkzeug
werkzeuge wert werte west wetter what whatever wheel when whenever where whether which while whisper white
whitelisted whitlock who whoever whole whom whose why wichtig wide wie wieder wiederhol wiederhole wife
wikipedia wild will willkommen win wind window windows winkeln winter wipe wir wird wirklich wirst wish wissen
with withdraw withdrawn within without wizard wo woche wochen wochenende wohnfläche wollte woman women wonder
wood wooden wool woran word worden wording words work worked working works workshop workspace world wort worten
worth wortlaut would wound write writer writing written wrong wrote wunde wurde wurden wurdest wurscht wurzeln
während wäre wärst wörter wörtlich wünschte würde würdest year years yes yesterday yet you young younger your
yours yourself zahlen zahlung zahnarzt zehn zeichen zeig zeige zeigen zeigt zeile zeilen zeit zensur zettel
zieht ziel zimmer zitiere zitronensäure zu zucchini zuerst zufrieden zug zugang zugangsdaten zugeschnitten
zugestimmt zugleich zugriff zum zunächst zur zurück zusammen zusammenfassung zustand zwanzig zwei zweigt zweimal
zweitausend zweite zweiten zwilling zwischen zwischendurch zwölf zählen ändere ändern änderung änderungen öffne
öffnen öffnet öffnungszeiten über übergehe überschreibe überschreiben überschrift übersetze übersetzung
überspringe überweise überweisung überwiegend üblichen übrigen
""".split()  # noqa: SIM905 - a list of words is read more easily without quotes
)
