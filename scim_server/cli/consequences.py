"""What „Nie” leads to, told before it is recorded: to a director, and to whoever types it in."""

from __future__ import annotations

from scim_server.directory.consent import Withdrawal


def of_withdrawal(unit: str, about: Withdrawal) -> str:
    """A text in Polish and one in English. What consumers do is said of the consumers we know."""
    if not about.school.synchronised:
        return _ALREADY.format(school=about.school.name)
    return (_LAST if about.is_last else _ONE_OF_SEVERAL).format(
        school=about.school.name, unit=unit, people=about.people, groups=about.groups,
        shared=about.shared,
    )  # fmt: skip


_ALREADY = """\
Szkoła „{school}” nie udostępnia danych już teraz. Decyzja zostanie tylko zapisana.
The school {school!r} publishes nothing as it is. The decision is recorded, and changes nothing.
"""

_LAST = """\
Po decyzji „Nie” szkoły „{school}” żadna szkoła jednostki {unit} nie udostępnia danych.

* Serwer od następnego zapytania odmawia: nie wydaje przepustek (unauthorized_client), a wydane
  przestają działać (401). Nie podaje pustej listy, więc nikt nie uzna, że wszyscy odeszli
  (osoby: {people}, grupy: {groups}).
* Microsoft Entra, jeśli czyta tę jednostkę przez SCIM, bierze to za błąd logowania i poddaje swoje
  zadanie kwarantannie: ponawia próby po 6, 12 i 24 godzinach, potem raz dziennie, a po czterech
  tygodniach wyłącza zadanie. Kont nie blokuje ani nie usuwa: te, które już są w Microsoft 365,
  zostają, dopóki ktoś ich tam nie usunie.
* Wysyłanie do Microsoft Entra (inbound), jeśli jest włączone, ustaje od następnego żądania. Nikt
  nie jest zgłaszany jako osoba, która odeszła, więc Entra nie blokuje kont.
* School Data Sync, jeśli czyta tę jednostkę: przebieg kończy się błędem i nie dostaje danych.
* Pliki CSV dla School Data Sync: serwer nie wypisze nowych. Wgranych wcześniej to nie cofa; dane
  z nich są po stronie Microsoft, dopóki ktoś ich tam nie usunie.
* Dane na serwerze zostają. Ponowne „Tak” przywraca te same osoby i grupy z tymi samymi
  identyfikatorami; zadanie, które Entra wyłączyła, trzeba tam uruchomić ponownie.

After this „Nie” of the school {school!r} no school of the unit {unit} publishes.

* The server refuses from the next request on: no tokens (unauthorized_client), and live ones
  answer 401. It shows no empty list, so nobody takes it for everybody's departure
  (people: {people}, groups: {groups}).
* Microsoft Entra, if it reads this unit over SCIM, takes it for a failed sign-in and puts its job
  into quarantine: it tries again after 6, 12 and 24 hours, then once a day, and after four weeks it
  disables the job. It blocks and deletes no account: those in Microsoft 365 stay until somebody
  removes them there.
* The push to Microsoft Entra (inbound), if it is set up, stops from the next request on. Nobody is
  told of as having left, so Entra blocks no account.
* School Data Sync, if it reads this unit: its run fails, and gets no data.
* Its CSV files: the server writes no new ones. Those that were uploaded aren't called back; what
  they held is with Microsoft until somebody removes it there.
* The data stays on the server. Another „Tak” brings back the same people and groups under the same
  ids; a job that Entra has disabled has to be started again there.
"""

_ONE_OF_SEVERAL = """\
Po decyzji „Nie” szkoła „{school}” nie udostępnia danych; inne szkoły jednostki {unit} nadal tak.

* Od następnego zapytania z list, wyszukiwań i grup znikają osoby: {people} i grupy: {groups}.
  Osoby, które ma także inna szkoła z decyzją „Tak”, zostają, bez grup tej szkoły: {shared}.
* Nikt nie jest pokazywany jako nieaktywny ani usunięty, więc druga strona nie widzi odejścia.
* Microsoft Entra, jeśli czyta tę jednostkę przez SCIM: Account Discovery nie wymieni tych osób przy
  następnym odczycie, a zadanie, które o kogoś z nich zapyta, dostanie odpowiedź jak o osobę
  nieznaną. Kont nie blokuje ani nie usuwa: te, które już są w Microsoft 365, zostają, dopóki ktoś
  ich tam nie usunie. Jeśli w zadaniu zaznaczono Create, Entra spróbuje te osoby tutaj założyć
  i dostanie odmowę.
* Wysyłanie do Microsoft Entra (inbound), jeśli jest włączone, od następnego żądania pomija te
  osoby. Ich konta zostają takie, jakie są.
* School Data Sync, jeśli czyta tę jednostkę: nie dostanie tych osób i grup. Nie będzie ich też
  w następnych plikach CSV dla niego, a czego nie ma w nowych plikach, to uznaje za nieaktywne. Co
  wtedy zrobi z kontami i zespołami, zależy od jego ustawień; proszę sprawdzić je przed decyzją.
* Dane na serwerze zostają. Ponowne „Tak” przywraca te same osoby i grupy z tymi samymi
  identyfikatorami.

After this „Nie” the school {school!r} doesn't publish; others of the unit {unit} go on.

* From the next request on, these are absent from lists, searches and groups: people: {people},
  groups: {groups}. People whom another publishing school holds too stay, without the groups of
  this school: {shared}.
* Nobody is shown as inactive or deleted, so the other side doesn't see a departure.
* Microsoft Entra, if it reads this unit over SCIM: Account Discovery doesn't list these people when
  it reads next, and a job that asks for one is answered as for a person unknown. It blocks and
  deletes no account: those in Microsoft 365 stay until somebody removes them there. Where Create is
  ticked in the job, Entra tries to create these people here, and is refused.
* The push to Microsoft Entra (inbound), if it is set up, leaves these people out from the next
  request on. Their accounts stay as they are.
* School Data Sync, if it reads this unit: it doesn't get these people and groups. They are absent
  from the next CSV files for it too, and it takes for inactive what new files don't hold. What it
  then does with accounts and teams depends on its settings; look at them before.
* The data stays on the server. Another „Tak” brings back the same people and groups under the same
  ids.
"""
