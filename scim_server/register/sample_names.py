"""Names, subjects and phone prefixes that made-up schools draw from.

Everything fits Windows-1250, as an older register exports it: Ukrainian names stand in the
Polish way of writing them in Latin letters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Split(NamedTuple):
    """A subject that is taught in groups; each group has a name."""

    subject: str
    group_name: str


FEMALE_NAMES = (
    "Agnieszka", "Aleksandra", "Alicja", "Amelia", "Anna", "Antonina", "Blanka", "Bożena",
    "Celina", "Elżbieta", "Emilia", "Ewa", "Gabriela", "Hanna", "Helena", "Iga", "Jagoda",
    "Jolanta", "Julia", "Kalina", "Karolina", "Katarzyna", "Kinga", "Laura", "Lena", "Łucja",
    "Magdalena", "Maja", "Małgorzata", "Maria", "Marta", "Michalina", "Nadia", "Natalia", "Nikola",
    "Oliwia", "Pola", "Rozalia", "Sabina", "Świętosława", "Wiktoria", "Zofia", "Zuzanna", "Żaneta",
)  # fmt: skip
MALE_NAMES = (
    "Adam", "Aleksander", "Antoni", "Bartłomiej", "Błażej", "Bruno", "Cezary", "Dawid", "Dominik",
    "Ernest", "Fabian", "Filip", "Franciszek", "Grzegorz", "Hubert", "Ignacy", "Igor", "Jakub",
    "Jan", "Jeremi", "Józef", "Kacper", "Kajetan", "Kazimierz", "Krzysztof", "Leon", "Łukasz",
    "Maciej", "Maksymilian", "Marcel", "Mateusz", "Michał", "Mikołaj", "Miłosz", "Oskar", "Paweł",
    "Piotr", "Ryszard", "Stanisław", "Szymon", "Tymon", "Wiesław", "Wojciech", "Zdzisław",
)  # fmt: skip
# Forms for a woman and for a man.
SURNAMES = (
    ("Adamczyk", "Adamczyk"), ("Bąk", "Bąk"), ("Borkowska", "Borkowski"), ("Chmiel", "Chmiel"),
    ("Cieślak", "Cieślak"), ("Czarnecka", "Czarnecki"), ("Ćwiklińska", "Ćwikliński"),
    ("Dąbrowska", "Dąbrowski"), ("Domańska", "Domański"), ("Duda", "Duda"), ("Fijałkowska",
    "Fijałkowski"), ("Gąsior", "Gąsior"), ("Głowacka", "Głowacki"), ("Górska", "Górski"),
    ("Jabłońska", "Jabłoński"), ("Jaśkiewicz", "Jaśkiewicz"), ("Kaczmarek", "Kaczmarek"),
    ("Kamińska", "Kamiński"), ("Kaźmierczak", "Kaźmierczak"),
    ("Kmieć", "Kmieć"), ("Kołodziej", "Kołodziej"),
    ("Kowalska", "Kowalski"), ("Kozłowska", "Kozłowski"), ("Krawczyk", "Krawczyk"),
    ("Lewandowska", "Lewandowski"), ("Łuczak", "Łuczak"),
    ("Łabuć", "Łabuć"), ("Maćkowiak", "Maćkowiak"), ("Majchrzak", "Majchrzak"),
    ("Mazur", "Mazur"), ("Mądra", "Mądry"), ("Michałowska", "Michałowski"), ("Niedźwiecka",
    "Niedźwiecki"), ("Nowak", "Nowak"), ("Ożóg", "Ożóg"), ("Pawłowska", "Pawłowski"),
    ("Piotrowska", "Piotrowski"), ("Pięta", "Pięta"), ("Rutkowska", "Rutkowski"),
    ("Sęk", "Sęk"), ("Sikora", "Sikora"), ("Stępień", "Stępień"), ("Szczęsna", "Szczęsny"),
    ("Szymańska", "Szymański"), ("Ślusarczyk", "Ślusarczyk"), ("Świątek", "Świątek"),
    ("Tomaszewska", "Tomaszewski"), ("Urbańska", "Urbański"), ("Wieczorek", "Wieczorek"),
    ("Wiśniewska", "Wiśniewski"), ("Witkowska", "Witkowski"), ("Woźniak", "Woźniak"),
    ("Wójcik", "Wójcik"), ("Wróbel", "Wróbel"), ("Zając", "Zając"), ("Zielińska", "Zieliński"),
    ("Źrebiec", "Źrebiec"), ("Żak", "Żak"), ("Żuławska", "Żuławski"),
)  # fmt: skip
# Some clerks write surnames in capitals, which is where Ą, Ę, Ń and Ó are met.
CAPITAL_SURNAMES = ("GŻEGŻÓŁKA-ŹDŹBŁO", "ŚWIĘCIŃSKA-WĄĆ")

UKRAINIAN_FEMALE_NAMES = (
    "Anastasija", "Daryna", "Jarosława", "Kateryna", "Oksana", "Olha", "Sofija", "Switłana",
    "Wiktorija", "Złata",
)  # fmt: skip
UKRAINIAN_MALE_NAMES = (
    "Andrij", "Bohdan", "Dmytro", "Jewhen", "Maksym", "Mykoła", "Nazar", "Oleksandr", "Ostap",
    "Władysław",
)  # fmt: skip
UKRAINIAN_SURNAMES = (
    "Bondarenko", "Hryhorenko", "Kowalczuk", "Kowalenko", "Krawczenko", "Łysenko", "Marczenko",
    "Melnyk", "Ołeksijenko", "Petrenko", "Szewczenko", "Tkaczenko",
)  # fmt: skip

WHOLE_CLASS_SUBJECTS: Mapping[str, Sequence[str]] = {
    "LO": (
        "Matematyka rozszerzona", "Język polski", "Historia", "Biologia", "Fizyka",
        "Edukacja dla bezpieczeństwa",
    ),
    "SP": ("Matematyka", "Język polski", "Historia", "Przyroda", "Muzyka", "Plastyka"),
}  # fmt: skip
# A class is split among these, one pupil to one group of each subject.
CLASS_GROUPS = (
    (Split("Język angielski", "JA_1"), Split("Język angielski", "JA_2")),
    (Split("Informatyka", "INF_1"), Split("Informatyka", "INF_2")),
)
# Two classes are put together and split among these.
PHYSICAL_EDUCATION = (
    Split("Wychowanie fizyczne", "WF_dz_1"),
    Split("Wychowanie fizyczne", "WF_ch_1"),
)
SECOND_LANGUAGES = (Split("Język niemiecki", "JN"), Split("Język hiszpański", "JH"))

PHONE_PREFIXES = ("50", "51", "53", "57", "60", "66", "69", "72", "73", "78", "79", "88")
MAIL_HOSTS = ("example.com", "example.net", "example.org")
