"""Names to draw invented people from."""

from typing import NamedTuple


class FullName(NamedTuple):
    """First and last name, spelled as the school's office would."""

    first: str
    last: str


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIRLS = _words(
    """
    Aline Alina Amélie Andrea Anna Anouk Aurora Beatrice Chiara Chloé Corinne Daniela Edona Elena Elif Elin Ella
    Emilia Emma Fatima Fiona Flurina Gioia Giulia Hanna Ilona Ines Jana Joëlle Julia Karin Kim Ladina Lara Laura
    Lea Léonie Lina Livia Luana Lucía Luisa Magdalena Maja Malin Manon Melina Mia Mila Milena Mina Nadine Nele
    Nina Noemi Nora Olivia Paula Ramona Rahel Romy Sabrina Salome Sara Seraina Sina Sofia Sophie Tamara Teresa
    Valentina Vanessa Yaël Yara Zeynep Zoé
    """
)
BOYS = _words(
    """
    Aaron Adrian Alessandro Alexander Ali Andrin Arda Ben Beat Björn Cédric Dario David Diego Dominik Elias Emre
    Enea Fabio Finn Florian François Gabriel Gian Giuliano Hannes Henry Ilir Ivan Jan Janis Jérôme Joel Jonas
    José Julian Jürg Kai Kilian Lars Laurin Leandro Leon Levin Liam Lino Livio Loris Louis Luca Luis Lukas Marc
    Marco Matteo Maël Mattia Milo Nael Nevio Nico Nils Noah Noé Oliver Oskar Pascal Quentin Raphaël Reto Robin
    Samuel Severin Silas Simon Stefan Théo Tim Timo Urs Valentin Vincent Yannick Zoran
    """
)
SURNAMES = _words(
    """
    Abderhalden Aebi Aeschbacher Ammann Amstutz Arnold Bachmann Bärtschi Baumann Baumgartner Berger Bernasconi
    Beyeler Bianchi Bieri Blaser Blum Bolliger Bösch Brändli Brunner Bucher Büchi Bühler Bürgi Burri Camenzind
    Caluori Christen Colombo Conti Crameri Dähler Demir Dubois Dürst Egger Egli Eichenberger Erni Etter Fässler
    Favre Felder Fernandes Ferrari Fischer Flückiger Frei Frey Fritschi Furrer Gasser Gerber Giger Glauser Graf
    Grünenfelder Gubler Gut Gügler Häfliger Hänni Hartmann Hauser Hofer Hofmann Hofstetter Hoxha Huber Hug
    Hürlimann Imhof Isler Jäger Jenni Jordi Josi Kälin Käser Kaufmann Keller Kessler Knecht Koch Kohler Koller
    Kölliker Krähenbühl Kryeziu Küng Kunz Küttel Lang Lehmann Leuenberger Liechti Locher Lüscher Lüthi Lutz
    Mächler Marti Martínez Mäder Meier Meister Meyer Michel Moser Mühlemann Müller Näf Nägeli Nguyen
    Niederberger Nikolić Novák Nüesch Odermatt Oester Ott Pereira Petrović Pfister Portmann Räber Ramseier
    Rexhepi Riedo Rodríguez Rohner Röthlisberger Roth Rüegg Rossi Sağlam Salzmann Santos Schär Schaub Schenk
    Scherrer Schmid Schneider Schnyder Schöni Schürch Schwarz Senn Sieber Siegenthaler Sigrist Šimić Sommer
    Spörri Stadelmann Stähli Stalder Stäubli Steiner Stettler Stöckli Stucki Studer Suter Szabó Tanner Thommen
    Tobler Trachsel Tschudi Uçar Ülker Vogel Vögeli Vonlanthen Wälti Wagner Walser Weber Wegmüller Wenger Wicki
    Widmer Winkler Wirth Wyss Yılmaz Zaugg Zbinden Zehnder Zgraggen Ziegler Zimmermann Zuber Zürcher Zurbriggen
    Żółkiewski
    """
)

PUPIL_AND_STAFF = FullName("Noemi", "Zurbriggen")
"""Somebody whom the school has as a pupil and on its staff."""


def insurance_number(serial: int) -> str:
    """A Swiss social security number, 756.nnnn.nnnn.nc with its EAN-13 check digit, for a serial below 10⁹."""
    digits = f"756{serial:09d}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    full = f"{digits}{-weighted % 10}"
    return f"{full[:3]}.{full[3:7]}.{full[7:11]}.{full[11:]}"


INSURANCE_NUMBER_OF_BOTH = insurance_number(921_707_698)
