"""What words are about, as far as it matters to attacks: stems of English and German, some of other languages, by idea.

A model that knows only letters has to see "ignore" beside "rules" and "vergiss" beside "Vorgaben" to know both. Here
all four stand for two ideas, so that what was learned of one pair holds for its synonyms, and for another language.
A stem stands anywhere in a word, since German puts words together; ``_`` is where a word begins or ends. Stems are 4
to 8 bytes long: what is longer is cut.
"""

from __future__ import annotations

IDEAS = {
    "set aside": """
        ignor disreg forget forgot overrid overrul bypass neglect _discard dismiss _abandon overlook circumv
        _evade supersed revoke nullif _void_ _skip_ disobey suspend vergiss vergess missacht _umgeh _übergeh
        _überspr verwirf verwerf außer_kr außer_ac außer_be _aufgeh _aufheb ungülti hinfäll streich _pfeif_
        _hinweg beiseite erlisch oublie olvid dimentic _esqueç contourn _negeer vergeet _scrap_ _drop_ _ditch_
        _shed_ _waive
    """,
    "switch off": """
        disabl deactiv turn_off switch_o _unlock _remove_ _lift_ abschalt schalte ausschal deaktiv entsperr
        freischa abstell entfern lösche_ _delete _wipe _erase _ablegen _loswerd desactiv disattiv désactiv
        shut_off
    """,
    "rules": """
        instruct _rule guideli directi _polic constrai restrict limitat _limits safegua guardra protocol _filter
        censor moderat safety anweis regel vorgabe richtlin vorschri instrukt _weisung befehl beschrän einschrä
        grenzen schranke verbot zensur consigne _reglas istruzio instruç instrucc restricc restriz directiv
        anordnun auflage sicherhe _mandate _decree _bestimm leitplan maulkorb
    """,
    "earlier": """
        previous _prior_ _above_ _earlier precedin _before_ _initial _origina _former_ _so_far_ until_no bisher
        _vorher vorige_ vorigen_ _vorang _obig _frühere _oben_ ursprün _zuvor_ vorhand précéd anterior preceden
        beginnin anfängli preloade
    """,
    "yours": """
        _your_ yourself _yours_ _dein _euer_ _eure _ihre_an _ihren_v _ihre_re _tus_ _tuoi_ _tuas_ _tes_ _votre_
    """,
    "you": """
        _you_ _you_ll _thou_ _du_ _dir_ _dich_ _sie_ _ihnen_ _tu_ _usted_ _vous_ _voi_
    """,
    "you are": """
        you_are_ you_re_ you_will _bist_ _wirst_ sind_sie you_have _hast_ you_must musst_ sollst_ _shall_ eres_
    """,
    "I": """
        _my_ _me_ _mine_ _mein _mir_ _mich_ _ich_ _our_ _us_ _uns_ _unser
    """,
    "reveal": """
        reveal _repeat _print_ _output _display _show_ _leak _expose disclos _tell_me _recite verrat verrä _zeig
        _nenn _gib_ ausgeb ausgib wiederho zitier offenba offenle preisgeb herausg _spuck muestra mostra montre
        révèle revela_ rivela _dump_ divulge regurgit spill_ plauder vorlesen
    """,
    "secret": """
        secret hidden confiden passwor credent _api_key private_ internal classifi geheim verstec vertraul
        kennwort zugangsd _intern_ _interne schlüsse passphra mot_de_p contrase verborge
    """,
    "prompt": """
        prompt preamble präambel eingabea einricht grundein
    """,
    "system": """
        system sistema konfigu config_ configur
    """,
    "role": """
        pretend roleplay role_pla _role_of _act_as_ act_like simulat imagin persona _charact jailbre _rolle_
        _rolle_d _spiel_ spielst stell_di _tu_so_ _verhalt _figur_ hypothet fiction fiktiv scenario szenari
        alter_eg _impers
    """,
    "unbound": """
        _dan_ do_anyth evilbot unrestr unfilte uncenso unlimit unbound unhing unshack ungefil unzensi uneinge
        unbegre hemmung no_limit freegpt untethe _amoral unaligne godmode_ god_mode zügello schranken
    """,
    "without": """
        _without _no_ _free_of _free_fr _ohne_ _kein keinerl _frei_vo devoid_ _lack _sin_ _sans_ _senza_ _sem_
    """,
    "not": """
        _not_ _don_t_ _never_ _nicht_ _nie_ niemals _can_t_ _cannot_ _won_t_
    """,
    "refuse": """
        _refus _declin apolog ablehn verweig _warn entschul disclai judgmen _sorry_ weiger_ hedging
    """,
    "from now on": """
        _now_ from_now hencefo going_fo _jetzt_ ab_sofor von_nun_ _fortan_ nunmehr _ab_jetz _nun_ _ahora_
        a_partir maintena _adesso_ _agora_ _onwards ab_heute
    """,
    "instead": """
        new_inst new_task new_rule new_obje new_dire neue_auf neue_anw neue_reg neuer_au _nueva nouvelle
        _instead stattdes
    """,
    "machine": """
        _ai_ assista language_ _llm chatbot _agent _bot_ _bots_ _ki_ sprachmo _modell _model_ _models_ chatgpt
        _gpt openai claude gemini _llama künstlic artifici copilot
    """,
    "send": """
        _send_ _forward upload_ _post_ transmi _email _mail_ exfil _schick _sende_ weiterl überwei transfer
        _wire_ übermit envoie envía_ _invia_ attach _https_ _http_ webhook _curl_
    """,
    "in secret": """
        do_not_t don_t_te not_ment secretly silently quietly_ verschwe heimlich unauffäl hide_thi sag_nich
        no_one_k keinem_ niemande unbemerk unnotice covert discreet
    """,
    "reader": """
        _user nutzer_ benutze _custome _kunde _kunden _gast_ _reader _leser_ applican bewerbe candidat _guest_
    """,
    "who may": """
        _admin _root_ develope operator _owner_ entwick betreib _chef_ _ceo_ authori berecht befugt superus
        _sudo_ supervis geschäft vorgeset _creator hersteller _makers_
    """,
    "mode": """
        _mode_ modus_ _debug _mainten wartung testlauf diagnos sandbox
    """,
    "obey": """
        _obey _comply complian _follow_ _adhere gehorch befolg _folge_ _folgst execute ausführ führe_a carry_ou
        unterord
    """,
    "verbatim": """
        verbatim word_for exactly_ wörtlic wortwör wort_für wortlaut unverän _in_full vollstä letter_b buchstab
        palabra_ parola_p mot_pour ungekürz
    """,
    "document": """
        _text_ _article _essay_ paragra _sentenc _list_ _table_ artikel_ absatz_ _satz_ _sätze _liste_ _tabelle
        aufsatz document dokument _column spalte_ _recipe _rezept_ _story_ geschich _letter_ _brief_ _draft_
        entwurf_
    """,
    "chore": """
        summar translat explain_ _write_ _rewrite zusammen übersetz erklär _schreib formulie _correct korrigie
        proofrea _compare vergleic
    """,
    "decode": """
        _decode_ _encode _decipher dekodier entschlü _cipher_ unscramb _concat
    """,
    "harm": """
        _illegal unethic harmful_ _ethic ethik_ _moral _danger gefährl inapprop offensi immoral malicio
    """,
    "answer": """
        _answer _respon _reply_ antwort_ antworte _say_ _sag_ begin_wi beginne_ start_wi
    """,
    "all": """
        _all_ _every _any_ _alle_ _alles_ _aller_ sämtlic _jede _jegl _todas_ _tutte_ _toutes_ _entire_ _gesamte
    """,
    "markup": """
        im_start im_end_ _inst_ begin_of endoftex end_of_t _sys_ _user_ass
    """,
    "money": """
        _refund _approv genehmi discoun rabatt_ payment zahlung purchas _konto_ _account transact _iban_
    """,
    "praise": """
        recommen empfehl best_can _hire_ highest_ einstell top_cand positiv _5_stars five_sta bewert
    """,
    "heed": """
        importan attentio achtung_ _wichtig _urgent_ hinweis_ dringend _notice_ _note_to
    """,
}
LONGEST_STEM = 8


def stems() -> dict[bytes, int]:
    """Each stem, with spaces where words begin and end, and the number of its idea, from 1 on."""
    found: dict[bytes, int] = {}
    for number, words in enumerate(IDEAS.values(), 1):
        for word in words.split():
            stem = word.replace("_", " ").encode()[:LONGEST_STEM]
            found.setdefault(stem, number)
    return found
