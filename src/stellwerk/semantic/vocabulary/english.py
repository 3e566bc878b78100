"""English: words without content, negation, direction, numerals, dates, opposites and synonyms of everyday requests."""

from __future__ import annotations

from stellwerk.semantic.vocabulary import numbered, words

ARTICLES = words("a an the")
CAPITALS = 0.6
"""Share of words with a capital from which on a text is written as titles are."""

FUNCTION = words(
    """
    a an the this that these those it its is are was were be been being am do does did done doing have has had having
    i im ive id ill me my mine myself you your yours yourself we us our ours they them their theirs he him his she her
    there here of in on at to for from by with as and or but if then so than too also into onto about up out off over
    any some such very much many more quite rather really just even still yet already again else ever can could will
    would shall should may might must need get got getting gets go going goes let lets make makes made making take takes
    taken taking give gives please what which who whom whose when where why how way ways one ones thing things something
    anything someone anybody anyone kind sort like want wants wanted wanna know tell say s t d ll re ve m o'clock per
    via because while during upon whether though although however now possible able exactly whats hows wheres whens whos thats theres heres actually currently
    usually normally basically simply easily anyway anyhow maybe perhaps okay ok yes hi hello hey help figure figuring
    wondering wonder question info information steps step process try trying tried use using used look looking find
    """
)
"""Words that by themselves do not make two questions different. Direction and negation are judged apart."""

NEGATORS = words(
    """
    not no never none nobody nothing nowhere neither nor cannot without non n't unable dont doesnt didnt cant wont isnt
    arent wasnt werent havent hasnt hadnt shouldnt wouldnt couldnt mustnt neednt aint hardly barely refuse refuses
    refused except excluding lack lacks lacking fail fails failed failing stop stops stopped avoid avoids prevent
    prevents instead
    """
)
SOFT_NEGATORS = words("stop stops stopped avoid avoids prevent prevents instead except excluding")
"""Of these, words that also stand where nothing is negated: they count only against a text that is otherwise alike."""

MARKERS = {
    word: group
    for group, words in {
        "on": "on onto",
        "off": "off",
        "in": "in into inside within",
        "out": "out outside",
        "up": "up",
        "down": "down",
        "over": "over above",
        "under": "under below beneath underneath",
        "before": "before prior until till",
        "after": "after since afterwards",
        "from": "from",
        "to": "to towards toward",
        "with": "with",
        "against": "against versus vs",
        "between": "between",
        "than": "than",
        "by": "by",
        "for": "for",
    }.items()
    for word in words.split()
}
"""Words of direction and relation, by what they stand for."""
CONTRASTS = frozenset(
    {
        frozenset({"on", "off"}),
        frozenset({"in", "out"}),
        frozenset({"up", "down"}),
        frozenset({"over", "under"}),
        frozenset({"before", "after"}),
        frozenset({"before", "from"}),
        frozenset({"for", "against"}),
        frozenset({"from", "to"}),
        frozenset({"to", "by"}),
        frozenset({"with", "against"}),
    }
)
BINDERS = frozenset({"from", "to", "before", "after", "over", "under", "than", "by", "against", "in"})
"""Markers that bind what follows them: what stands behind one may not trade places with what stands behind another."""
TELLING = frozenset({"from", "off", "out", "down", "under", "over", "before", "after", "against", "between"})
"""Markers that mean something by their mere presence."""

QUESTIONS = {
    "who": "who", "whom": "who", "whose": "who", "when": "when", "where": "where", "why": "why", "how": "how",
    "what": "what", "which": "what",
}  # fmt: skip
AMOUNTS = {"much": "amount", "many": "count"}
"""Words behind the one for "how" that make it a question of its own."""
DISTINCT_QUESTIONS = frozenset({"who", "when", "where", "why", "how", "what"})

DURATIONS = words("time longer")
"""Behind an amount they ask how long."""
PERMISSION = (
    r"\b(?<!\bi )(?<!\bwe )(?<!you )(?<!they )(?:can|could|may)\b(?! not\b)"
    r"|\b(?:am|is|are) (?:\w+ ){1,3}(?:allowed|permitted|able|possible|entitled)\b"
)
"""Asks what one is free to do, as a pattern over folded words; not where somebody says so of himself."""
OBLIGATION = (
    r"\b(?<!\bi )(?<!\bwe )(?<!you )(?<!they )(?:must|should|shall)\b(?! not\b)"
    r"|\b(?:do|does|did) (?:\w+ ){1,4}(?:have to|need|ought to)\b"
    r"|\b(?:am|is|are) (?:\w+ ){1,3}(?:required|obliged|forced|supposed|mandatory|compulsory)\b"
)
"""Asks what one has to do."""
TENSES = {
    "is": "now", "are": "now", "am": "now", "do": "now", "does": "now", "has": "now", "have": "now",
    "was": "past", "were": "past", "did": "past", "had": "past",
    "will": "future", "shall": "future", "be": "",
}  # fmt: skip
"""Auxiliary verbs by their tense; some stand in each."""
CONDITIONS = {
    "even if": "even", "even when": "even", "even though": "even", "although": "even", "though": "even",
    "despite": "even", "in spite of": "even", "regardless of": "even",
    "if": "if", "when": "if", "whenever": "if", "because": "because", "while": "if", "until": "until", "till": "until",
}  # fmt: skip
"""Conjunctions by what they make of a circumstance, the longer ones first."""

SCOPE = words(
    """
    only all every each both any always sometimes never ever first last next previous latest oldest another other same
    different most least least more less fewer minimum maximum min max average total partial whole half double twice
    once again free paid enterprise premium pro basic standard plus business personal private public joint shared
    individual corporate commercial residential junior senior student child children kid kids adult adults member members
    employee employees contractor contractors visitor visitors resident residents tenant landlord homeowner patient
    monthly yearly annual annually weekly daily hourly online offline digital physical virtual paper international
    domestic national local abroad overseas foreign temporary permanent temporarily permanently full part fulltime
    parttime single multiple several married unmarried refurbished existing former current future past early late
    outbound inbound incoming outgoing manual automatic manually automatically optional mandatory required internal
    external remote remotely emergency express economy partly partially partial entire
    everyone everybody nobody exclusively
    """
)
"""Words that narrow or widen what a question is about."""

SUBJECTS = words("i we")
OBJECTS = words("me us")
OTHERS = words("you he him she her they them")
"""Forms of the one who asks, as the one who does and to whom it is done; and those of everybody else."""

PERSONS = {
    word: person
    for person, words in {
        "i": "i me my mine myself im ive we us our ours",
        "you": "you your yours",
        "he": "he him his",
        "she": "she her hers",
        "they": "they them their theirs",
    }.items()
    for word in words.split()
}

ONES = numbered(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
    0,
) | {"dozen": 12}
TENS = {word: 10 * tens for word, tens in numbered("twenty thirty forty fifty sixty seventy eighty ninety", 2).items()}
SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "k": 1_000}
ORDINALS = {
    word: value
    for word, value in numbered(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
    ).items()
    if word != "second"
} | {"twice": 2, "double": 2, "triple": 3, "thrice": 3}

MONTHS = numbered("january february march april may june july august september october november december", 1) | {
    "jan": 1,
    "feb": 2,
    "apr": 4,
    "jun": 6,
    "jul": 7,
    "aug": 8,
    "sep": 9,
    "sept": 9,
    "oct": 10,
    "nov": 11,
    "dec": 12,
}
WEEKDAYS = numbered("monday tuesday wednesday thursday friday saturday sunday", 1) | {"weekend": 8, "weekday": 9}
DAYS = words(
    """
    today tomorrow yesterday tonight morning afternoon evening night noon midnight spring summer autumn winter christmas
    easter
    """
)

UNITS = {
    word: unit
    for unit, words in {
        "s:1": "second seconds sec secs",
        "s:60": "minute minutes min mins",
        "s:3600": "hour hours hr hrs h",
        "s:86400": "day days",
        "s:604800": "week weeks",
        "month:1": "month months",
        "month:12": "year years yr yrs",
        "g:1": "g gram grams gramme grammes",
        "g:1000": "kg kgs kilo kilos kilogram kilograms",
        "g:0.001": "mg milligram milligrams",
        "oz:1": "oz ounce ounces",
        "oz:16": "lb lbs pound-weight",
        "m:1": "m metre metres meter meters",
        "m:1000": "km kilometre kilometres kilometer kilometers",
        "m:0.01": "cm centimetre centimetres centimeter centimeters",
        "m:0.001": "mm millimetre millimetres millimeter millimeters",
        "inch:1": "inch inches",
        "inch:12": "ft foot feet",
        "inch:36": "yard yards",
        "mile:1": "mile miles mi",
        "l:1": "l litre litres liter liters",
        "l:0.001": "ml millilitre millilitres milliliter milliliters",
        "byte:1": "byte bytes b",
        "byte:1000": "kb kilobyte kilobytes",
        "byte:1000000": "mb megabyte megabytes",
        "byte:1000000000": "gb gigabyte gigabytes gig gigs",
        "byte:1000000000000": "tb terabyte terabytes",
        "%:1": "% percent pct percentage",
        "eur:1": "€ eur euro euros",
        "usd:1": "$ usd dollar dollars bucks",
        "gbp:1": "£ gbp pound pounds quid sterling",
        "jpy:1": "¥ jpy yen",
        "chf:1": "chf franc francs",
        "inr:1": "₹ inr rupee rupees",
        "am:1": "am",
        "pm:1": "pm",
        "degC:1": "celsius °c centigrade",
        "degF:1": "fahrenheit °f",
    }.items()
    for word in words.split()
}
"""Units by dimension and how many of its base units one is."""

OPPOSITES = """
enable:disable activate:deactivate,disable lock:unlock freeze:unfreeze subscribe:unsubscribe install:uninstall,remove
add:remove,delete,subtract,withdraw open:close,shut opened:closed start:stop,end,finish begin:end,finish,stop
increase:decrease,reduce,lower,cut raise:lower,reduce,cut expand:shrink,reduce grow:shrink upgrade:downgrade
upload:download import:export send:receive,get buy:sell purchase:sell,return lend:borrow deposit:withdraw,withdrawal
withdrawal:deposit credit:debit pay:receive,earn accept:decline,reject,refuse approve:reject,decline,deny
approved:rejected,declined,denied allow:forbid,block,prohibit,ban,deny block:unblock,allow grant:revoke,deny
join:leave enter:leave,exit arrive:depart,leave arrival:departure login:logout signin:signout show:hide connect:disconnect
attach:detach encrypt:decrypt compress:decompress,extract zip:unzip merge:split combine:separate,split
create:delete,destroy keep:discard,remove,cancel,close save:delete,discard,spend win:lose pass:fail succeed:fail
success:failure remember:forget find:lose gain:lose love:hate like:dislike agree:disagree trust:distrust
appear:disappear continue:stop,discontinue push:pull insert:remove,extract ascend:descend ascending:descending
advantage:disadvantage,drawback benefit:drawback,disadvantage,downside,risk pro:con pros:cons strength:weakness
profit:loss income:expense asset:liability supply:demand question:answer problem:solution cause:prevent,effect,cure
best:worst better:worse good:bad,poor,evil hot:cold,cool warm:cool,cold big:small,little large:small long:short
tall:short high:low higher:lower fast:slow quick:slow faster:slower easy:hard,difficult cheap:expensive,costly
rich:poor strong:weak heavy:light thick:thin wide:narrow deep:shallow old:new,young early:late earlier:later
earliest:latest oldest:newest,youngest first:last,second full:empty,partial safe:unsafe,dangerous legal:illegal
possible:impossible visible:invisible valid:invalid correct:incorrect,wrong right:wrong,left true:false
public:private male:female man:woman men:women boy:girl husband:wife mother:father son:daughter brother:sister
king:queen inside:outside indoor:outdoor internal:external inbound:outbound incoming:outgoing domestic:international
import:export minimum:maximum min:max least:most less:more fewer:more many:few positive:negative plus:minus
active:inactive online:offline dead:alive awake:asleep present:absent single:married,joint,multiple permanent:temporary
mandatory:optional required:optional front:back,rear top:bottom upper:lower north:south east:west northern:southern
eastern:western above:below before:after day:night morning:evening summer:winter improve:damage,worsen,harm
include:exclude included:excluded covered:excluded opt-in:opt-out fixed:variable,broken fix:break working:broken
repair:break help:harm employer:employee buyer:seller sender:recipient,receiver landlord:tenant teacher:student
doctor:patient lender:borrower parent:child hire:fire hired:fired lose:gain,find,win weight-loss:weight-gain
busy:quiet noisy:quiet loud:quiet wet:dry clean:dirty smooth:rough sharp:blunt,dull simple:complex,complicated
maximize:minimize maximise:minimise maximum:minimum encourage:discourage support:oppose attack:defend
physical:virtual,digital manual:automatic forward:backward,back forwards:backwards clockwise:anticlockwise
speed-up:slow-down vertical:horizontal odd:even native:foreign input:output read:write sync:async
past:future yesterday:tomorrow next:previous,last adult:child,kid adults:children,kids
healthy:unhealthy,sick happy:sad,unhappy natural:artificial major:minor senior:junior superior:inferior
overdraft:savings overpay:underpay overcharged:undercharged overweight:underweight reward:punish,penalty
suitable:unsuitable transferable:non-transferable turn-on:turn-off lighter:darker light:dark brighter:darker
debit:credit giving:receiving give:get,take,receive come:go teach:learn lead:follow ask:answer hide:show reveal:hide,conceal
"""
"""Opposites beyond those of the lexicon: a word, then those it must never stand for."""

SYNONYMS = """
buy purchase; get obtain receive; order request; cancel terminate; delete remove erase; start begin commence;
finish end complete; change modify update alter edit switch; fix repair mend; help assist support aid; shop store;
phone mobile telephone cell cellphone smartphone; photo picture image pic; movie film; car vehicle automobile;
cost price fee charge; money cash fund funds; delivery shipping; deliver ship; parcel package; luggage baggage bag;
trip journey; holiday vacation; doctor gp physician; chemist pharmacy; drug medicine medication; job work employment;
company firm business; kid child; guy man; purchase order; quick fast rapid; large big; small little tiny; near close;
make create; create generate; submit file make; show display; verify confirm validate; check verify;
look search; search find; choose select pick; send transmit transfer; transfer move; receive get; wrong incorrect;
error mistake fault; problem issue trouble; bill invoice; refund reimbursement; reimburse refund; return sendback;
account profile; password passcode; pin passcode; identity id; login signin logon; laptop notebook; pc computer;
tv television; internet web; website site webpage; app application; e-mail email mail; sms text; bus coach; flat apartment;
autumn fall; lift elevator; rent lease; landlord owner; staff employee; salary wage pay; boss manager;
earn make; lose misplace; steal rob; stolen robbed; explain clarify; learn study; improve enhance; reduce lower decrease;
increase raise; allow permit; block freeze; unblock unfreeze unlock; enable activate; disable deactivate; download get;
top topup; card bankcard; bank-account account; exchange swap; identify recognize; arrive come; reach arrive;
reservation booking; reserve book; table seat; dispute challenge contest; supplier provider; wait waiting; author writer;
previous earlier prior; real actual genuine; difference distinction; important significant; popular famous;
smart intelligent clever; method approach; reason cause; deadline due; begin start; usa us america; uk britain; 2fa two-factor
"""
"""Groups of words that stand for one another in requests, beyond those of the lexicon."""

FILLERS = (
    r"(?:(?:hi|hello|hey|dear|greetings|good (?:morning|afternoon|evening|day))(?: (?:there|team|all|everyone|guys|folks))?\b[ ,!.:-]*"
    r"|(?:please|pls|plz|kindly|thanks?(?: you)?(?: (?:so|very) much)?(?: in advance)?|thx|cheers|ta|regards)\b[ ,!.:-]*"
    r"|(?:u+m+|u+h+|e+r+m*|h+m+|ah|oh|well|so|ok(?:ay)?|right|like|anyway|btw|by the way|quick (?:one|question)|just (?:wondering|curious))\b[ ,!.:-]*"
    r"|(?:can|could|would|will) (?:you|u|someone|anyone) (?:please )?(?:tell|help|explain|advise|show|let)(?: (?:to|me|us))?(?: know| understand)?\b[ ,:]*(?:with )?"
    r"|(?:i|we) (?:would|'d|want|need|wish|am|'m)(?: just)? ?(?:like|wondering|curious|looking|trying)? ?(?:to )?(?:know|ask|find out|figure out|understand|if|whether)\b[ ,:]*"
    r"|(?:i was |just )?wondering(?: if| whether)?\b[ ,:]*"
    r"|(?:do|does) (?:you|anyone|anybody|u) (?:know|happen to know)\b[ ,:]*"
    r"|(?:what(?: is|'s|s)|is there) (?:the|an?) (?:best|easiest|right|correct|proper|fastest|quickest|good|simple|easy)? ?way (?:to|of|for)\b[ ,:]*"
    r"|(?:tell|let) me(?: know)?\b[ ,:]*"
    r"|(?:i have|i've got|got) a (?:quick )?question[ ,:.-]*"
    r")"
)
"""What is said around a request and asks for nothing, as a pattern in lower case."""
