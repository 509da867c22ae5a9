"""Names in plain ASCII: the seed's «ReplaceSpecialcharacters»."""

import re
import unicodedata

_APOSTROPHES = "'`´’‘‛ʹʻʼʽʾʿˈꞌ′‵＇"
_DASHES = "−⁃﹣"
# Where neither Unicode's decomposition nor the letter in the sign's Unicode name is how people write it.
_LATIN_LETTERS = "äöüßøǿþðŋəĸƅƨƽɯʉʊɩɑƛƣʃƪƕʒǯƹƺƻƾȝɣƍẟʀƿȸȹɂǀǁǂǃ"
_LATIN = "ae oe ue ss oe oe th d ng e k h z q u u u i a l gh sh sh hv zh zh zh zh dz ts gh gh d d r w db qp h c x c q"
# As passports are written (ICAO document 9303, ISO 843), but for the soft sign, which is dropped. A name does not
# tell its language: where languages read one letter differently, Russian counts.
_CYRILLIC_LETTERS = "абвгдеёжзийклмнопрстуфхцчшщъыьэюяґђѓєѕіїјљњћќўџѣәғқңөұүһ"
_CYRILLIC = (
    "a b v g d e e zh z i i k l m n o p r s t u f kh ts ch sh shch ie y - e iu ia "
    "g d g ie dz i i j lj nj c k u dz e a g k n o u u h"
)
_GREEK_LETTERS = "αβγδεζηθικλμνξοπρσςτυφχψωύ"
_GREEK = "a v g d e z i th i k l m n x o p r s s t y f ch ps o y"
_GREEK_DIPHTHONG = re.compile("(?<=[αεο])[υύ]", re.IGNORECASE)
_LATIN_NAME = re.compile(r"LATIN (?:CAPITAL|SMALL) (?:LETTER|LIGATURE) (?:[A-Z-]+ )*?([A-Z]{1,2})(?: WITH .+)?")
_WORD = re.compile(r"[^\W\d_]{2,}")


def transliterate(text: str) -> str:
    """A name in printable ASCII, without apostrophes, single blanks between its words (seed 002, «ReplaceSpecial…»).

    Umlauts as German writes them (ä → ae), other accents dropped (é → e, å → a), Cyrillic and Greek as in passports;
    every kind of dash is a hyphen. Signs of other scripts, control signs and symbols are dropped, so that the result
    may be empty. A word in capitals stays one: MÜLLER → MUELLER. Composed and decomposed input give the same.
    """
    composed = _GREEK_DIPHTHONG.sub(_second_of_a_diphthong, unicodedata.normalize("NFC", text))
    return " ".join(_WORD.sub(_in_the_words_case, composed).translate(_TABLE).split())


def _second_of_a_diphthong(upsilon: re.Match[str]) -> str:
    return "U" if upsilon[0].isupper() else "u"


def _in_the_words_case(word: re.Match[str]) -> str:
    written = word[0].translate(_TABLE)
    return written.upper() if word[0].isupper() else written


class _Table(dict[int, str]):
    """Sign → ASCII, for str.translate; what is not yet in it is worked out once."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _ascii_of(chr(code))
        return found


def _ascii_of(sign: str) -> str:
    if sign.isascii() and sign.isprintable():
        return sign
    if unicodedata.category(sign) == "Pd":
        return "-"
    if sign.isspace():
        return " "
    decomposed = unicodedata.normalize("NFKD", sign)
    if decomposed != sign and not decomposed.startswith(" "):
        return "".join(_TABLE[ord(part)] for part in decomposed)
    name = _LATIN_NAME.fullmatch(unicodedata.name(sign, ""))
    return _in_the_signs_case(sign, name[1].lower()) if name else ""


def _in_the_signs_case(sign: str, letters: str) -> str:
    return letters.capitalize() if sign.isupper() else letters


def _known() -> _Table:
    letters = {
        **dict(zip(_LATIN_LETTERS, _LATIN.split(), strict=True)),
        **dict(zip(_CYRILLIC_LETTERS, _CYRILLIC.replace("-", "").split(" "), strict=True)),
        **dict(zip(_GREEK_LETTERS, _GREEK.split(), strict=True)),
    }
    capitals = {sign.upper(): written.capitalize() for sign, written in letters.items() if len(sign.upper()) == 1}
    table = _Table({ord(sign): written for sign, written in {**capitals, **letters, "ẞ": "Ss"}.items()})
    table.update(dict.fromkeys(map(ord, _APOSTROPHES), ""))
    table.update(dict.fromkeys(map(ord, _DASHES), "-"))
    return table


_TABLE = _known()
