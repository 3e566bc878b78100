"""Sentences for the training of the model of names: people, and what only looks like people. Written for this project.

``{n}`` is a whole name, ``{g}`` a given name, ``{f}`` a family name, ``{o}`` an organisation, ``{c}`` a place, ``{d}`` a
number, ``{x}`` a family name and ``{y}`` a given name that stand for something else, ``{t}`` a technology, ``{s}`` a word
that ends a street; ``{R}``, ``{E}`` are roles of people, ``{V}``, ``{W}`` what they did. Names of people are what the
model shall find; organisations and places are not.
"""

from __future__ import annotations

GERMAN = r"""
Ich heiße {n} und brauche Hilfe.
ich heiße {n}
Hallo, ich bin {n} aus {c}.
Hi, ich bin {g}.
Mein Name ist {n}.
mein name ist {f}, ich rufe wegen Rechnung {d} an
Guten Tag, hier ist {n}.
Hier spricht {f}, guten Morgen.
Sehr geehrte Frau {f}, vielen Dank für Ihre Nachricht.
Sehr geehrter Herr {f},
Sehr geehrter Herr Dr. {f}, anbei die Unterlagen.
Liebe {g}, kannst du mir den Vertrag schicken?
Lieber {g}, danke für gestern!
Hallo {g}, wie geht es dir?
Hallo Frau {f}, die Lieferung kam heute.
Moin {g},
Viele Grüße {g}
Viele Grüße\n{n}
Mit freundlichen Grüßen\n{n}
Mit freundlichen Grüßen\n\n{n}\n{o}
Beste Grüße, {n}
LG {g}
Gruß {n}
Herzlichst, Ihre {n}
Schreibe eine Mail an {n}, dass der Termin am Montag ausfällt.
Schreib {g} bitte, dass ich später komme.
Kannst du {n} anrufen?
Erinnere mich daran, {g} {f} zu gratulieren.
Der Patient {n} klagt über Schmerzen.
Patientin: {n}, geboren am {d}.
Kunde: {n}\nKundennummer: {d}
Ansprechpartner ist {n}, Durchwahl {d}.
Ansprechpartnerin: {n}
Der Vertrag zwischen {n} und der {o} läuft aus.
Unser Kollege {n} übernimmt das Projekt.
Unsere Kollegin {n} ist im Urlaub.
Mein Chef {n} hat das abgelehnt.
Meine Frau {g} und ich ziehen nach {c}.
Mein Sohn {g} geht in die dritte Klasse.
Die Bestellung von {n} ist noch offen.
Bitte überweisen Sie den Betrag an {n}.
Kontoinhaber: {n}
Reservierung auf den Namen {f} für vier Personen.
Einen Tisch für zwei, bitte, auf {f}.
Zimmer {d} ist für {n} gebucht.
{n} wohnt in {c}.
{n} hat sich beschwert.
{n} schrieb am Dienstag, dass die Ware fehlt.
{f} sagte, das sei falsch.
Laut {f} gibt es keine Alternative.
{g} und {g} kommen mit.
Teilnehmer: {n}, {n} und {n}
Von: {n}
An: {n}
Absender {n}, Empfänger {n}
z. Hd. {n}
Herr {f} ist heute nicht im Haus.
Frau {f} ruft zurück.
Die Akte von Herrn {n} fehlt.
Wir haben mit Frau {n} gesprochen.
Prof. Dr. {n} leitet die Klinik.
Dr. {f} hat mich krankgeschrieben.
Bundeskanzler {n} traf den Präsidenten {n}.
Der Schriftsteller {n} wurde in {c} geboren.
Trainer {n} wechselte den Stürmer {f} ein.
Die Ministerin {n} besuchte {c}.
Die Klägerin {n} beantragt Schadenersatz.
Zeuge {n} sagte aus, er habe nichts gesehen.
Mitarbeiter {n}, Personalnummer {d}
Vorname: {g}\nNachname: {f}
Name: {n}\nAdresse: {c}
Bewerbung von {n} als Koch
Das Kind heißt {g}.
Wie alt ist {n}?
Wer ist {n}?
Der Termin mit {n} ist am Freitag.
Grüß {g} von mir!
Hast du {g} gesehen?
Ist {g} {f} noch bei der {o}?
"""
ENGLISH = r"""
My name is {n} and I need help.
my name is {n}
Hi, I'm {g}.
Hi, I am {n} from {c}.
Hello, this is {n} calling about order {d}.
This is {n}.
I'm {n}, the new manager at {o}.
You can call me {g}.
Dear {g},
Dear Mr. {f}, thank you for your letter.
Dear Ms {f},
Dear Dr. {f}, please find attached the report.
Hi {g}, how are you?
Hello {n}, your order {d} has shipped.
Hey {g}! Did you get my mail?
Best regards,\n{n}
Kind regards\n{n}
Regards, {g}
Sincerely,\n{n}\n{o}
Cheers, {g}
Thanks, {n}
Thanks,\n{g}
Love, {g}
Write an email to {n} about the meeting on Monday.
Please tell {g} that I am late.
Can you call {n} for me?
Remind me to congratulate {n}.
The patient, {n}, complains of headaches.
Patient: {n}, born {d}
Customer: {n}\nAccount: {d}
The contact is {n}, extension {d}.
Contact {n} at the front desk.
The contract between {n} and {o} ends soon.
Our colleague {n} takes over.
My boss {n} refused.
My wife {g} and I are moving to {c}.
My son {g} is seven.
{g}'s order is still open.
{n}'s account was closed.
Please send the money to {n}.
The card belongs to {n}.
The name on the account is {n}.
It's under my partner's name {n}
A table for two under {f}, please.
Book room {d} for {n}.
{n} lives in {c}.
{n} has complained again.
{n} wrote on Tuesday that the goods are missing.
{f} said that this was wrong.
According to {f}, there is no choice.
{g} and {g} are coming too.
Attendees: {n}, {n} and {n}
From: {n}
To: {n}
Signed, {n}
Attn: {n}
Mr. {f} is out today.
Mrs. {f} will call back.
Mr {n} owns the house.
We spoke to Miss {n}.
Prof. {n} runs the clinic.
Dr. {f} wrote me a prescription.
President {n} met Prime Minister {n}.
The author {n} was born in {c}.
Coach {n} replaced {f} with {n}.
Senator {n} visited {c}.
The plaintiff {n} seeks damages.
Witness {n} testified that he saw nothing.
Employee {n}, number {d}
First name: {g}\nLast name: {f}
Name: {n}\nAddress: {c}
Name: {n} Phone: {d}
Who is {n}?
How old is {n}?
Is {n} still with {o}?
I met {n} and {g} in {c}.
What did {n} say about it?
The movie was directed by {n} and stars {n}.
The song by {n} was written in {d}.
{n} (born {d}) is an engineer.
{n}\n{d} Main Street\n{c}
{n}\n{o}\n{c}
I would like to change the beneficiary to {n}.
She married {n} in {d}.
{n} joined {o} as a nurse.
{n} flew to {c} on Friday.
The driver, {f}, was not hurt.
"""
WITHOUT = r"""
Fasse den folgenden Text zusammen.
Schreibe eine Geschichte über einen Drachen.
Die Rechnung der {o} ist noch offen.
Die Deutsche Bahn hat Verspätung.
Der Bundestag in {c} beschloss das Gesetz.
Das Rote Kreuz hilft in {c}.
Bitte buche einen Flug von {c} nach {c}.
Das Hotel Adler am Alten Markt in {c} ist ausgebucht.
Der Geschäftsführer der {o} bestätigte die Zahlen.
Guten Morgen, Liebes Team, Hallo Zusammen,
Sehr geehrte Damen und Herren,
Mit freundlichen Grüßen\nIhr Kundenservice
Viele Grüße\nDas Team der {o}
Ich bin Student und brauche Hilfe bei Mathe.
Ich bin Arzt.
Ich bin Vegetarier und habe eine Allergie.
Ich heiße den Vorschlag gut.
Mein Name ist nicht wichtig.
Erkläre mir die Allgemeine Relativitätstheorie.
Wie funktioniert Künstliche Intelligenz?
Die Zugspitze ist der höchste Berg Deutschlands.
Am Montag, im Januar, zu Weihnachten und an Ostern ist geschlossen.
Der Neue Markt und die Berliner Mauer
Übersetze ins Englische: Das Wetter ist schön.
Schnitzel Wiener Art, Kaiserschmarrn und Apfelstrudel
Python, Java, Rust und Kotlin sind Sprachen.
Das Amtsgericht {c} und der Bundesgerichtshof
Die Steuer-ID und die Sozialversicherungsnummer stehen im Brief.
Kunde: {o}\nKundennummer: {d}
Name: {o}
Von: {o}
Ansprechpartner: Abteilung Einkauf
Der Verein FC {c} verlor.
Die Universität {c} und das Institut für Physik
Zutaten: Mehl, Zucker, Butter, Eier
Summarize the following article.
Write a short story about a dragon.
Dear Sir or Madam,
Dear Team, Dear Customer, Dear Hiring Manager,
Best regards,\nThe Support Team
Kind regards\nYour {o} Team
Thanks, Everyone
Hi There, Hello World
The invoice of {o} is still open.
Bank of America and Wells Fargo raised rates.
Please book a flight from {c} to {c}.
New York, Los Angeles and San Francisco are cities.
The United States, Great Britain and South Africa agreed.
The Supreme Court of {c} ruled.
I am a Student at the University of {c}.
I'm Vegan and Allergic to Nuts.
This is Great. This is Python Code.
This is Important: Read the Manual.
My name is not important.
Explain the Theory of General Relativity.
How does Machine Learning work?
Mount Everest and Lake Michigan are far away.
On Monday, in January, at Christmas and on Easter we are closed.
The Great Wall, the Golden Gate Bridge and Central Park
Star Wars, Harry Potter World and The Lord of the Rings are films.
Microsoft Word, Google Chrome and Adobe Photoshop
Visual Studio Code and Windows Server
JavaScript, TypeScript, React and Node
class UserService extends BaseService implements Serializable
import React from 'react'; const App = () => null;
def main(): return Response(status=200)
ERROR Connection refused at Module.load (Kernel.js:{d})
INFO Starting Tomcat Server on Port {d}
Step 1: Open the File Menu. Step 2: Click Save As.
Name: {o}\nAddress: {c}
From: {o}
Customer: {o}
To: Human Resources
Contact Customer Support at the front desk.
Ingredients: Flour, Sugar, Butter, Eggs
Chicken Tikka Masala, Caesar Salad and Crème Brûlée
The Chicago Bulls beat the Boston Celtics.
Battle of Waterloo, Treaty of Versailles, French Revolution
Title: The Art of War
The Company shall notify the Client. The Tenant shall pay the Rent.
What is the Capital of France?
IBAN DE{d} {d} {d} BIC COBADEFF
IBAN AT{d} and IBAN GB{d} NWBK {d}
AB{d}:CD{d} and XX{d}
USt-Id DE{d}, AHV {d}, SVNR {d}, KVNR A{d}
In May we grow. In May it rained. May I ask?
Max is a function. Min and Max are numbers.
Will it rain? Mark it. Bill me. Frank answers. Grant access.
Rose, Lily and Iris are flowers. Joy and Hope matter. Faith moves.
Input Format and Output Format
error: Received disconnect from {d}. error: Failed password. warning: Missing file
INFO: Starting up. WARN: Retrying. DEBUG: Loaded {d} rows. Exception: Connection lost
"title": "Tool Id", "title": "Search Results", "title": "Key Limit"
"title": "Vector Store Ids", "label": "Total Requests", "type": "Object", "name": "Default Value"
"title": "Claim Value", "description": "Access Token", "title": "Time Zone", "title": "User Agent"
Claude Desktop, Vector Store, Search Engine, Web Server and Data Lake are tools.
(Mock(), Mock(), Signal[Session], List[Dict], Promise, Widget(Button))
How do I use MongoDB Atlas, GraphQL, Amazon Cognito, Azure Functions and Kafka Streams?
Ticket #{d} is open. Order {d} shipped. Card {d} expired. Invoice {d} is due.
Ticket {d} ist offen. Bestellung {d} fehlt. Kapitel {d} beginnt. Zimmer {d} ist frei.
Page {d}, Chapter {d}, Line {d}, Room {d}, Gate {d}, Error {d}, Version {d}
Seite {d}, Abschnitt {d}, Zeile {d}, Raum {d}, Gleis {d}, Fehler {d}
Task Board Setup\tDeals Lost
| Name | Result | Symbol | Length |
| Chord | Root | Games |
D. Create a gateway. E. Delete it.
Question: Which Planet is the largest? Answer: Jupiter
User: Hello Assistant: Hi
System Prompt Injection Attack Detection
How do I configure {t} for a large site?
What is {t} and how is it used?
Explain the difference between {t} and {t}.
Write a query in {t} that counts all rows.
Wie installiere ich {t} auf einem neuen Rechner?
Was ist der Unterschied zwischen {t} und {t}?
Install {t} with {t} on {t}.
Is {t} faster than {t}?
{t} is slow since the update.
{t} läuft seit dem Update nicht mehr.
Which version of {t} supports {t}?
Create a dashboard in {t} from the data of {t}.
Warum stürzt {t} ab, wenn {t} läuft?
We moved from {t} to {t} last year.
{c} is beautiful in spring.
Who is flying to {c} this year?
They were pleased that {c} agreed.
Im Sommer fahren wir nach {c} und {c}.
{c} und {c} unterzeichneten den Vertrag.
{c} spielte gegen {c} unentschieden.
The team of {c} lost against {c}.
Our parcel went to {d} {y} {s}, {c}.
The flat at {d} {x} {s} Apt. {d} is empty.
{d} {y} {s} Suite {d}\n{c}
{d} {x} {s}\n{c} {d}
Flat {d}, {x} {s}, {c}
Meet at the corner of {x} {s} and {y} {s}.
The shop on {x} {s} is closed.
Sie wohnt in der {x}-{x}-Straße {d} in {c}.
Die {y}-{x}-Schule in {c} ist geschlossen.
Rua {y} {x} {d}, {c}
Rue {y} {x} {d}, {c}
Via {y} {x} {d}, {c}
Calle {y} {x} {d}, {c}
ul. {x} {d}, {c}
I was born in South {x}, near Port {x}.
Lake {x}, East {y} and New {x} are towns.
{n} works for {x}, {x} and {x}.
Send the invoice to {x}, {x} and {x}, {d} {x} {s}.
Ask {n} from {x}, {x} and {x} about it.
Regards,\n{n}\n{x}, {x} and {x}
{n}\n{x} PLC
{n}\n{x}-{x}
Mit freundlichen Grüßen\n{n}\n{x}
Mit freundlichen Grüßen\n{n}\n{x} {x} GmbH\n{x}straße {d}
{x} Holdings is an agency in {c}.
{x} {x} LLP advised the buyer.
{x} Capital invested in {o}.
Die Firma {x} liefert nach {c}.
Der {x} Verlag in {c} druckt das Buch.
Das Spiel gegen FC {x} ging verloren.
Der Asteroid {x} und der Krater {x}
"""
PLACES = """
Berlin Hamburg München Köln Frankfurt Stuttgart Leipzig Dresden Bremen Wien Graz Linz Salzburg Zürich Bern Basel Genf
London Manchester Paris Rom Madrid Lissabon Prag Warschau Boston Chicago Denver Houston Dallas Seattle Atlanta Miami
Toronto Sydney Melbourne Dublin Oslo Stockholm Hannover Nürnberg Bonn Kiel Mainz Erfurt Potsdam Freiburg Heidelberg
Mannheim Augsburg Regensburg Innsbruck Luzern Winterthur Bristol Leeds Oxford Cambridge Phoenix Austin Portland
Deutschland Österreich Schweiz Frankreich Italien Spanien England Canada Mexico Australia Germany Austria Switzerland
France Italy Spain Norway Sweden Denmark Finland Iceland Estonia Latvia Lithuania Poland Hungary Romania Bulgaria Greece
Turkey Portugal Belgium Ireland Scotland Wales Croatia Serbia Slovenia Ukraine Russia China Japan Korea India Pakistan
Brazil Argentina Chile Peru Colombia Cuba Egypt Morocco Kenya Nigeria Israel Iran Iraq Thailand Vietnam Indonesia
Norwegen Schweden Dänemark Finnland Polen Ungarn Rumänien Griechenland Türkei Portugal Belgien Irland Kroatien Russland
Brasilien Argentinien Ägypten Marokko Indien Texas California Florida Ohio Virginia Georgia Bayern Hessen Sachsen Tirol
Kärnten Turin Mailand Neapel Venedig Sevilla Lyon Marseille Nizza Antwerpen Gent Utrecht Rotterdam Malmö Bergen Tampere
Krakau Danzig Breslau Riga Tallinn Vilnius Zagreb Split Sofia Athen Ankara Izmir Kairo Tunis Casablanca Nairobi Mumbai
Osaka Kyoto Seoul Busan Hanoi Jakarta Perth Brisbane Auckland Calgary Ottawa Montreal Lima Bogota Santiago Havanna
"""
TECHNOLOGIES = """
Redis Postgres PostgreSQL MySQL SQLite MariaDB GraphQL Kafka RabbitMQ Docker Podman Kubernetes Terraform Ansible Puppet
Jenkins Grafana Prometheus Nginx Apache Tomcat Django Flask Rails Laravel Symfony Angular Vue Svelte Node Deno Python
Java Kotlin Swift Rust Golang Haskell Scala Perl Ruby Julia Erlang Elixir Clojure Fortran Cobol Prolog Datalog Okta
Keycloak Cognito Firebase Lambda Spark Hadoop Airflow Snowflake Databricks Tableau Excel Outlook Slack Zoom Jira
Confluence Salesforce Shopify Stripe Paypal Klarna Twitter Reddit Telegram Discord Markdown Elasticsearch MongoDB
Cassandra Neo4j Jupyter Pandas Numpy Selenium Cypress Webpack Vite Helm Vault Consul Splunk Sentry Datadog Bluetooth
Android Windows Ubuntu Debian Fedora Linux Alexa Siri Cortana Gemini Claude Bard Copilot Llama Mistral Falcon Nintendo
Playstation Tesla Toyota Mercedes Volvo Mercury Venus Mars Jupiter Saturn Neptune Hubble Amazon Netflix Spotify Tinder
Ahoi Moin Servus Wow Hmm Bitcoin Ethereum Solana Dogecoin Aspirin Ibuprofen Tesafilm Nutella Latte Espresso Cappuccino
"""
STREETS = """
Street Road Avenue Lane Drive Court Square Boulevard Way Terrace Crescent Close Gardens Grove Hill Mews Park Place Row
Walk Alley Bypass Causeway Circle Club Common Corner Corners Cove Creek Crossing Curve Dale Estate Expressway Extension
Fall Falls Field Fields Flat Ford Forest Forge Fork Freeway Garden Gateway Glen Green Harbor Haven Heights Highway
Hollow Island Isle Junction Key Knoll Knolls Lake Land Landing Light Lights Loaf Lock Locks Lodge Loop Mall Manor Meadow Mill
Mills Mission Motorway Mount Mountain Neck Orchard Oval Overpass Parkway Parkways Pass Passage Path Pike Pine Pines
Plain Plains Plaza Point Port Ports Prairie Ramp Ranch Rapid Rest Ridge Ridges River Route Rue Run Shoal Shore Shores Skyway
Spring Springs Spur Spurs Station Stravenue Stream Summit Throughway Trace Track Trail Tunnel Turnpike Underpass Union
Valley Via Viaduct View Village Ville Vista Well Wells
"""
ORGANISATIONS = """
Siemens|Bosch GmbH|Deutsche Telekom|Volkswagen AG|Sparkasse Köln|Stadtwerke Bonn|Allianz Versicherung|Lidl|Rewe
Müller GmbH|Schmidt & Partner|Becker KG|Hotel Krone|Restaurant Adler|Bäckerei Weber|Klinik am See|Auto Meyer AG
Microsoft|Google|Amazon|Acme Inc|Smith & Sons|Johnson Ltd|Wilson Group|Miller LLC|Taylor PLC|Baker Brothers|Wells Fargo
Morgan Stanley|Goldman Sachs|Ford Motor Company|Harvard University|Red Cross|World Bank|Federal Reserve|Walker Corp
"""
FAMILY_NAMES = """
Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf
Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Schmitz Krause Meier Lehmann
Schmid Schulze Maier Köhler Herrmann König Walter Mayer Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn
Schubert Vogel Friedrich Keller Günther Frank Berger Winkler Roth Beck Lorenz Baumann Franke Albrecht Schuster Simon
Ludwig Böhm Winter Kraus Martin Schumacher Krämer Vogt Stein Jäger Otto Sommer Groß Seidel Heinrich Brandt Haas
Schreiber Graf Schulte Dietrich Ziegler Kuhn Kühn Pohl Engel Horn Busch Bergmann Thomas Voigt Sauer Arnold Wolff
Pfeiffer Gruber Steiner Moser Eder Pichler Leitner Hofer Brunner Egger Reiter Wimmer Auer Wallner Binder Haider
Lechner Aigner Fuchs Ebner Koller Mayr Meili Frei Gerber Widmer Zimmerli Baumgartner Bühler Kunz Suter Zürcher Kälin
Yilmaz Kaya Demir Şahin Çelik Öztürk Aydin Özdemir Arslan Doğan Kowalski Nowak Wiśniewski Novak Horvath Popescu
Ivanov Petrov Rossi Ferrari Bianchi García Fernández López Silva Santos Nguyen Tran Kim Lee Chen Wang Singh Kumar
Patel Khan Hussein Hassan Jansen de Vries Bakker Visser Andersen Hansen Nielsen Johansson Lindqvist Virtanen Dubois
Lefebvre Moreau O'Brien O'Connor McDonald MacLeod Meier-Schulz Leutheusser-Schnarrenberger Okafor Mbeki Tanaka Suzuki
"""
GIVEN_NAMES = """
Adelheid Albrecht Alma Alwin Amalia Anatol Annelies Annerose Ansgar Arne Arnulf August Balthasar Bartholomäus Berta
Berthold Björn Bodo Burkhard Cäcilie Carsten Cem Charlotte Claus Clemens Cornelius Dagobert Detlev Dietmar Dilara Dirk
Dorothea Eberhard Edeltraud Edgar Edith Egon Elfriede Elif Elke Else Emilia Emre Erich Erna Erwin Eugen Evangelos
Fatima Ferdinand Florian Franziska Frida Fritz Gabriele Georg Gerda Gerhard Gernot Gertrud Gisela Gottfried Goran Greta
Gudrun Gunnar Gustav Hannelore Harald Hatice Hedwig Heike Heiko Heiner Helene Helmut Henrike Hermine Hildegard Hilde
Holger Horst Hubert Ibrahim Ida Ignaz Ilona Ilse Inge Ingeborg Irmgard Isolde Ivana Jasmin Jens Joachim Jörg Johanna
Jolanta Jost Josef Julius Jürgen Jutta Karin Karl Kaspar Katharina Käthe Kerstin Klara Klaus Konrad Konstantin Korbinian
Kornelia Krystyna Kurt Lars Leander Lena Leni Leonhard Leopold Liesel Lieselotte Lothar Ludmila Luise Lukas Magdalena
Malte Manfred Marga Margarete Marianne Marika Marita Markus Martha Mathilde Matteo Maximilian Mechthild Mehmet Meinhard
Melina Mesut Milan Mirko Miroslav Moritz Mustafa Nadja Natalia Nils Norbert Oksana Olaf Olga Oskar Ottilie Otto Paula
Pauline Pavel Peer Philipp Polina Rasmus Reinhild Resi Ricarda Roderich Rosalie Rosina Rüdiger Ruprecht Sabrina Selma
Serkan Severin Sibylle Siegbert Sieglinde Sigmund Silvio Slavko Sören Stanislaw Susann Swantje Tarek Thekla Theresia
Thorben Traudl Trude Uschi Utz Valentin Veit Viktor Vinzenz Waldemar Wenzel Wiebke Wilma Winfried Wolf-Dieter Yusuf
Zeynep Zdenka Ágnes Åsa Bjørn Carlos Chiara Dimitri Dmitri Elena Enrique François Giovanni Giulia Hiroshi Ingrid Ioannis
Ivan Jakub Jean Jean-Pierre Jorge José Juan Katarzyna László Luca Luigi Mária Miguel Mohammed Nikolaos Noémie Olena
Paolo Pedro Piotr Priya Rajesh Ramón Sakura Sanjay Sven-Erik Tomáš Vladimir Xiaoming Yuki Yui Zoltán Aleksandra Amina
"""
ROLES_DE = """
Inhaber Inhaberin Halter Halterin Besitzer Eigentümer Eigentümerin Mieter Mieterin Vermieter Käufer Verkäufer Empfänger
Absender Kunde Kundin Patient Patientin Versicherte Fahrer Fahrerin Zeuge Zeugin Kläger Klägerin Beklagte Kollege
Kollegin Nachbar Nachbarin Lehrer Lehrerin Autor Autorin Trainer Präsident Präsidentin Minister Ministerin Kanzler
Bürgermeister Sprecher Sprecherin Chef Chefin Regisseur Sänger Sängerin Schauspieler Schauspielerin Maler Professor
Richter Richterin Anwalt Anwältin Notar Arzt Ärztin Pfarrer Bischof König Königin Papst Graf General Abgeordnete
Vorsitzende Geschäftsführer Leiter Leiterin Mitarbeiter Mitarbeiterin Sachbearbeiter Bewerber Bewerberin Schüler
Schülerin Student Studentin Freund Freundin Bruder Schwester Mutter Vater Sohn Tochter Onkel Tante Oma Opa Cousin
Karteninhaber Versicherungsnehmer Antragsteller Auftraggeber Ansprechpartner Gast Bewohner Begünstigte Stürmer Torwart
"""
VERBS_DE = """
sagte|sagt|erklärte|meinte|betonte|kündigte an|klagte|fragte|antwortete|schrieb|forderte|kritisierte|gewann|verlor|wurde
ist|war|hat|hatte|kam|ging|starb|arbeitete|spielte|wechselte|kehrte zurück|möchte|will|kann|soll|bat|bestätigte|erzählte
"""
ROLES_EN = """
owner|holder|account holder|cardholder|card holder|tenant|landlord|buyer|seller|recipient|sender|customer|client|patient
driver|witness|plaintiff|defendant|colleague|neighbor|neighbour|teacher|author|coach|president|minister|senator|mayor
spokesman|boss|director|singer|actor|actress|painter|professor|judge|lawyer|doctor|nurse|bishop|king|general|chairman
manager|employee|applicant|student|friend|brother|sister|mother|father|son|daughter|uncle|aunt|cousin|guest|beneficiary
"""
VERBS_EN = """
said|says|explained|told|asked|answered|wrote|demanded|criticized|won|lost|was|is|has|had|came|went|died|worked|played
moved|returned|wants to|would like to|can|will|confirmed|spent|gave|called|lives|named|thinks|went to|joined|visited
"""
AROUND = r"""
Der {R} {n} {V} es.
Die {R} {n} {V} das nicht.
{R} {n}
{R}: {n}
{d}, {R} {n}
{R} {n}, geboren am {d}
{R} {f} {V}, es sei zu spät.
{R} ist {n}.
Als {R} ist {n} eingetragen.
{f} {V} am Dienstag.
{n} {V} in {c}.
{g} {V} gestern.
Das sei falsch, {V} {f}.
Dann {V} {f} nach {c}.
Im Jahr {d} {V} {n} nach {c}.
Nach Ansicht {f}s stimmt das.
{g}s Mutter {V} krank.
{f}s Vorschlag {V} gut.
Die Werke von {n} und {n}
Frage bitte, ob {g} morgen Zeit hat.
Ich weiß nicht, ob {g} das will.
Kommt {g} auch, oder nur {g}?
Gib das {g}.
Das ist für {n}.
Die Karte gehört {n}.
Die Nummer {d} gehört zu {n}.
Auftrag {d} für {n}, Lieferung am Montag
Ein Paket an {n} in {c}
Der Vertrag läuft auf {n}, wohnhaft in {c}.
Gespräch mit {n} ({o}) am {d}
{n} ({d}) aus {c}
" {n} ", {V} der Trainer.
Mein {R} {g} {V} nicht.
Meine {R} {n} {V} in {c}.
Zusammen mit {n} gründete {n} die {o}.
{f}, {f} und {f} trafen.
Tor: {f} ({d}.), {f} ({d}.)
The {E} {n} {W} it.
The {E}, {n}, {W} that.
{E}: {n}
The {E} is {n}.
{n} is the {E}.
My {E} {g} {W} nothing.
My {E} {n} {W} in {c}.
Our {E} {n} {W} it.
{f} {W} a year in {c}.
{n} {W} on Friday.
{g} {W} yesterday.
{g} {W} {g} the address.
She named him {g}.
They have two children: {g} and {g}.
A film by {n} and starring {n}
Have you been to a {n} concert?
Have you heard of {n}?
As {f} {W}, it was late. Also {f}'s song was good.
I think that {f} {W} right.
Ask {n} from {o} or {g}.
The number {d} belongs to {n}.
Order {d} for {n}, delivery to {c}
Card {d} expires soon, {E} {n}
With {n} as the assistant to {n}
{n}, {n} and {g} {W} there.
Subject: invoice\n\nDear {g},\nplease pay.
{n}\n{o}\nPhone: {d}
> {n}\n> {o}\n> {c}
Name: {n}\nDate: {d}
Early {f} was more creative than late {f}.
Give {g} the book of {n}.
{n} at {o}, {c}
Rechnung an {x} AG, {c}
Rechnung an {x} {x} GmbH
Die Firma {x} & {x} in {c}
{x} KG, {c}
{R} ist die {x} GmbH.
{R}: {x} GbR
from {x}, {x} and {x}.
{x}, {x} and {x} is a law firm.
Regards,\n{n}\n{x}, {x} and {x}
Regards,\n{n}\n{x} Inc
Regards,\n{n}\n{x}-{x}
{x} Ltd {W} more.
The {x} Orchestra {W} in {c}.
I live at {d} {x} Street, {c}.
{d} {x} Avenue Apt. {d}, Lake {x}
{d} {x} Road, Port {x}
North {x}, South {x} and New {x} are towns.
In der {x}straße {d} und am {x}platz
Das {x}-Institut und die {x}-Stiftung
Die {x}-Schule in {c}
Der {R} {V} es nicht.
The {E} {W} it.
Als {R} {V} das Gesetz.
Auf dem Berg {V} es kalt, sagte die Polizei.
Dann {V} Deutschland nach Verlängerung.
{c} {V} im Finale.
{c} {W} in the final.
{o} {W} more.
{o} {V} mehr.
"""
