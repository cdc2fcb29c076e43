"""Which 8-bit charset an undeclared text is in: the one in which it has real letters of a likely language.

Guessing from bytes alone fails on short Central European text (channels.md 3.4): "è" and "č" are one byte. So each
pair of language and charset is scored by the letters its decoding shows, by frequent words, and by the order of the
desk's languages; the best pair wins, the first of equals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

WORDS_MAX = 120
"""Words with high bytes that are looked at."""
SAMPLE_BYTES_MAX = 8_000
_CYRILLIC = "абвгдежзиклмнопрстуфхцчш"
_LETTERS = {
    "sl": "čšž",
    "sr": "čćšžđ",
    "de": "äöüß",
    "pt": "ãõáâàçéêíóôúü",
    "es": "áéíóúüñ",
    "fr": "àâæçèéêëîïôœùûü",
    "it": "àèéìíòóùú",
    "nl": "éëïóöè",
    "da": "æøåé",
    "sv": "åäöé",
    "pl": "ąćęłńóśźż",
    "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "hu": "áéíóöőúüű",
    "ro": "ăâîșțşţ",
    "tr": "çğıöşüâ",
    "sr-Cyrl": _CYRILLIC + "ђјљњћџ",
    "mk": _CYRILLIC + "ѓќѕјљњџ",
    "ru": _CYRILLIC + "йщъыьэюяё",
    "uk": _CYRILLIC + "йщьюяіїєґ",
    "bg": _CYRILLIC + "йщъьюя",
    "el": "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ",
}
_CENTRAL, _WESTERN = ("cp1250", "iso8859-2"), ("cp1252",)
_CODECS = {
    **dict.fromkeys(("sl", "sr", "pl", "cs", "sk", "hu"), _CENTRAL),
    "ro": ("cp1250", "iso8859-2", "iso8859-16"),
    **dict.fromkeys(("de", "pt", "es", "fr", "it", "nl", "da", "sv"), _WESTERN),
    "tr": ("cp1254",),
    "el": ("cp1253",),
    **dict.fromkeys(("sr-Cyrl", "mk", "bg"), ("cp1251", "iso8859-5")),
    "ru": ("cp1251", "koi8-r", "iso8859-5"),
    "uk": ("cp1251", "koi8-u", "iso8859-5"),
}
_FREQUENT = {
    "sl": "je in na se ni za sem mi ali da ki kje kdaj ne po moje mojega prosim sporočite naročilo",
    "sr": "je i na se nije za sam mi da li kada ne po moje moju molim vas gde ali od iz hvala",
    "de": "der die das und ich ist nicht mit bitte ein eine sie wir zu von auf mein meine seit den im",
    "pt": "que de o a e para com meu minha um uma do da os as em por no na se foi mas",
    "es": "que de el la en y los por con una mi no para se lo del las un me ha pero",
    "fr": "le la les de et je ne pas est un une vous mon ma que pour sur dans il mais",
    "it": "che di il non la per un mi del sono una con ho lo ma i gli",
    "nl": "de het een ik niet van en is dat op te voor met mijn aan",
    "da": "og jeg det er ikke en at til af min med har den for",
    "sv": "och jag det inte en att som min med har den till av",
    "pl": "nie jest na to sie do w z i ze moje mam ale",
    "cs": "je na se to ne mi ale v s z i jsem a pro",
    "sk": "je na sa to nie mi ale v s z i som a pre",
    "hu": "a az nem hogy van egy is meg ez de",
    "ro": "nu de la am un o este cu pe mai dar",
    "sr-Cyrl": "је и на се није за сам ми да ли не по од из где али што хвала",
    "mk": "е и на се не за сум ми да ли по од во што но ќе",
    "ru": "и в не на что с как это по из для я мне у меня но к вы",
    "uk": "і в не на що з як це до та для я мені у але",
    "bg": "и в не на че с да се за от ми по но е са",
    "el": "και το να της του είναι για με στο δεν η ο τα την μου",
    "tr": "bir ve bu ne var mi da de ama",
}
_WORDS_OF = {language: frozenset(words.split()) for language, words in _FREQUENT.items()}
COMMON = frozenset("€“”„’‘‚–—…«»°§·•©®™ªº¿¡\u00a0´")
KNOWN_LETTERS = frozenset(letter for known in _LETTERS.values() for letter in known + known.upper())
_HIGH = re.compile(rb"[^\s]{0,40}[\x80-\xff]+[^\s]{0,40}")
_DEFAULT = ("en", "de", "pt", "sr", "sl")
DESK_POINTS = 1.5


def likely_codec(data: bytes, languages: Sequence[str] = ()) -> str:
    """The 8-bit charset that suits the text and the desk's languages, likeliest first; "cp1252" when nothing tells."""
    sample = data[:SAMPLE_BYTES_MAX]
    high = b" ".join(_HIGH.findall(sample)[:WORDS_MAX])
    words = re.findall(r"[a-z]+", sample.decode("ascii", "ignore").lower())[:400]
    best, best_points = "cp1252", float("-inf")
    decoded: dict[str, str] = {}
    for place, language in enumerate(_order(languages)):
        for rank, codec in enumerate(_CODECS[language]):
            if codec not in decoded:
                decoded[codec] = high.decode(codec, "replace")
            points = _letters(decoded[codec], frozenset(_LETTERS[language]))
            points += _frequent([*words, *decoded[codec].lower().split()], language)
            wanted = language.partition("-")[0] in (languages or _DEFAULT)
            points += (DESK_POINTS if wanted else 0.0) - 0.05 * place - 0.3 * rank
            if points > best_points:
                best, best_points = codec, points
    return best


def _order(languages: Sequence[str]) -> Iterator[str]:
    """The desk's languages first, each with its scripts, then all others."""
    macro = {"hr": "sr", "bs": "sr", "nb": "da", "no": "da"}
    wanted = [macro.get(one, one) for one in (languages or _DEFAULT)]
    yield from dict.fromkeys(
        [known for one in wanted for known in _LETTERS if known.partition("-")[0] == one] + list(_LETTERS)
    )


def _letters(text: str, alphabet: frozenset[str]) -> float:
    """Two points for a letter of the language, three against one of none; signs and controls tell against too."""
    points, before = 0.0, " "
    for letter in text:
        if letter > "\x7f":
            if letter.lower() in alphabet:
                points += 2.0 if letter.islower() else 1.6
                points -= 1.5 if letter.isupper() and before.islower() else 0.0
            elif letter in COMMON:
                points += 0.3
            else:
                points -= 3.0 if letter.isalpha() else 6.0 if "\x80" <= letter <= "\x9f" else 4.0
        before = letter
    return points


def _frequent(words: Sequence[str], language: str) -> float:
    """A point for each frequent word of the language, up to four."""
    known = _WORDS_OF.get(language, frozenset())
    return min(4.0, float(sum(word in known for word in words)))
