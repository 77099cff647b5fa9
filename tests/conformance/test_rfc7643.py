"""RFC 7643: what a resource is made of, and what is published about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import text

from tests.sandbox import ENTERPRISE, GROUP, UONET_GROUP, USER, Sandbox
from tests.school import World
from tests.scim.answers import fails

CORE = "urn:ietf:params:scim:schemas:core:2.0:"
META_SCHEMAS = {f"{CORE}{name}" for name in ("Schema", "ResourceType", "ServiceProviderConfig")}
TYPES = {
    "string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex",
}  # fmt: skip
CERTIFICATE = "MIIBszCCAVmgAwIBAgIUc2NpbS1zZXJ2ZXItdGVzdHMwCgYIKoZIzj0EAwIwADAA"
FULL_USER: dict[str, Any] = {
    "schemas": [USER, ENTERPRISE],
    "externalId": "N-7",
    "userName": "maria.cwikla@sp12.example.pl",
    "name": {
        "formatted": "dr Maria Zofia Ćwikła",
        "familyName": "Ćwikła",
        "givenName": "Maria",
        "middleName": "Zofia",
        "honorificPrefix": "dr",
        "honorificSuffix": "prof. oświaty",
    },
    "displayName": "Maria Ćwikła",
    "nickName": "Marysia",
    "profileUrl": "https://sp12.example.pl/nauczyciele/maria.cwikla",
    "emails": [
        {"value": "maria.cwikla@sp12.example.pl", "type": "work", "primary": True},
        {"value": "maria@dom.example", "type": "home"},
    ],
    "addresses": [
        {
            "type": "work",
            "streetAddress": "ul. Szkolna 12",
            "locality": "Wrocław",
            "region": "dolnośląskie",
            "postalCode": "50-001",
            "country": "PL",
            "formatted": "ul. Szkolna 12\n50-001 Wrocław",
            "primary": True,
        },
        {"type": "home", "streetAddress": "ul. Polna 3", "locality": "Oława", "country": "PL"},
    ],
    "phoneNumbers": [
        {"value": "tel:+48-600-100-200", "type": "work"},
        {"value": "tel:+48-600-100-201", "type": "mobile"},
    ],
    "ims": [{"value": "maria.cwikla", "type": "xmpp"}],
    "photos": [
        {"value": "https://sp12.example.pl/zdjecia/7/F", "type": "photo"},
        {"value": "https://sp12.example.pl/zdjecia/7/T", "type": "thumbnail"},
    ],
    "userType": "Employee",
    "title": "Wicedyrektorka",
    "preferredLanguage": "pl",
    "locale": "pl-PL",
    "timezone": "Europe/Warsaw",
    "active": True,
    "entitlements": [{"value": "dziennik"}],
    "roles": [{"value": "nauczyciel"}],
    "x509Certificates": [{"value": CERTIFICATE}],
    ENTERPRISE: {
        "employeeNumber": "701984",
        "costCenter": "4130",
        "organization": "SP 12",
        "division": "Klasy 4-8",
        "department": "Matematyka",
    },
}


def schemas(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """The published schemas by their URN."""
    return {each["id"]: each for each in sandbox.read("/Schemas")["Resources"]}


def below(attributes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The definitions of ``attributes`` and of all that they are made of."""
    for each in attributes:
        yield each
        yield from below(each.get("subAttributes", []))


def everything(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [part for each in schemas(sandbox).values() for part in below(each["attributes"])]


def without_meta(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name not in ("id", "meta")}


def test_1_2_only_a_complex_attribute_has_sub_attributes(sandbox: Sandbox) -> None:
    """Red when: ``patch`` in ``schemas/scim/meta/ServiceProviderConfig.json`` is of type string."""
    for each in everything(sandbox):
        assert (each["type"] == "complex") == bool(each.get("subAttributes")), each["name"]


def test_2_1_attribute_names_follow_the_grammar(sandbox: Sandbox) -> None:
    """Red when: an attribute in ``schemas/scim`` is named with a space."""
    names = {each["name"] for each in everything(sandbox)}
    assert {name for name in names if not re.fullmatch(r"[A-Za-z][A-Za-z0-9$_-]*", name)} == {
        "$ref"  # named by the RFC itself, against its own grammar
    }


def test_2_1_attribute_names_are_compared_without_case(sandbox: Sandbox) -> None:
    """Red when: ``Attribute.part`` looks for ``name`` instead of ``name.lower()``."""
    made = sandbox.user("jan.zolc", NAME={"FamilyName": "Żółć"}, DisplayNAME="Jan Żółć")
    assert (made["name"], made["displayName"]) == ({"familyName": "Żółć"}, "Jan Żółć")
    path = f"/Users/{made['id']}"
    sandbox.patch(path, {"op": "replace", "path": "NICKname", "value": "Janek"})
    assert sandbox.read(path, attributes="nickname")["nickName"] == "Janek"
    assert sandbox.read("/Users", filter='NICKNAME eq "Janek"')["totalResults"] == 1


def test_2_3_no_type_is_of_our_own(sandbox: Sandbox) -> None:
    """Red when: an attribute in ``schemas/scim`` has the type number."""
    assert {each["type"] for each in everything(sandbox)} <= TYPES


def test_2_3_a_value_of_another_type_is_refused(sandbox: Sandbox) -> None:
    """Red when: ``Reception._text`` takes what is no ``str``."""
    wrong: list[dict[str, Any]] = [
        {"title": 7}, {"active": "tak"}, {"active": 1}, {"name": "Jan"}, {"name": ["Jan"]},
        {"emails": "jan@dom.example"}, {"emails": [7]}, {"emails": [{"value": {}}]},
        {"emails": [{"value": "a@dom.example", "primary": "tak"}]}, {"profileUrl": True},
        {"x509Certificates": [{"value": 1}]}, {ENTERPRISE: "x"}, {ENTERPRISE: {"division": 4}},
    ]  # fmt: skip
    for each in wrong:
        body = {"schemas": [USER], "userName": "jan", **each}
        fails(sandbox.post("/Users", body), 400, "invalidValue")
    assert sandbox.read("/Users")["totalResults"] == 0


def test_2_3_4_a_whole_number_has_no_fraction(sandbox: Sandbox) -> None:
    """Red when: ``discovery.documents`` announces ``float(bounds.page_size_max)``."""
    config = sandbox.read("/ServiceProviderConfig")
    listed = sandbox.read("/Users", startIndex=1, count=1)
    numbers = [config["bulk"]["maxOperations"], config["bulk"]["maxPayloadSize"]]
    numbers += [config["filter"]["maxResults"]]
    numbers += [listed[name] for name in ("totalResults", "itemsPerPage", "startIndex")]
    assert {type(number) for number in numbers} == {int}


def test_2_3_5_a_time_is_a_date_and_a_time(sandbox: Sandbox) -> None:
    """Red when: ``stamp`` in ``clock.py`` writes the date alone."""
    meta = sandbox.user()["meta"]
    for moment in (meta["created"], meta["lastModified"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", moment)
        assert datetime.fromisoformat(moment) == sandbox.clock()


def test_2_3_6_a_binary_value_is_base64(sandbox: Sandbox) -> None:
    """Red when: ``_is_base64`` in ``reception.py`` decodes without ``validate=True``."""
    made = sandbox.user("jan", x509Certificates=[{"value": CERTIFICATE}])
    assert made["x509Certificates"] == [{"value": CERTIFICATE}]
    for wrong in ("Żółć!", "@@@@", "MII"):
        body = {"schemas": [USER], "userName": "ola", "x509Certificates": [{"value": wrong}]}
        fails(sandbox.post("/Users", body), 400, "invalidValue")


def test_2_3_7_a_reference_leads_to_its_target(sandbox: Sandbox) -> None:
    """Red when: ``_fragment`` in ``rendering.py`` leaves the endpoint out of ``$ref``."""
    teacher = sandbox.user("maria.cwikla")
    inner = sandbox.group("7a – matematyka", teacher["id"])
    outer = sandbox.group("7a", inner["id"])
    teacher = sandbox.read(f"/Users/{teacher['id']}")
    references = {
        inner["members"][0]["$ref"]: teacher["id"],
        outer["members"][0]["$ref"]: inner["id"],
        teacher["groups"][0]["$ref"]: inner["id"],
        teacher["meta"]["location"]: teacher["id"],
    }
    for reference, id in references.items():
        assert reference.startswith(f"{sandbox.base}/")
        assert sandbox.read(reference.removeprefix(sandbox.base))["id"] == id


def test_2_3_8_the_order_of_attributes_means_nothing(sandbox: Sandbox) -> None:
    """Red when: ``_check_schemas`` in ``reception.py`` looks at the first member alone."""
    made = sandbox.post("/Users", dict(reversed(FULL_USER.items())))
    assert made.status_code == 201
    assert without_meta(json.loads(made.data)) == FULL_USER


def test_2_4_an_element_with_sub_attributes_is_complex(sandbox: Sandbox) -> None:
    """Red when: ``collection`` in ``attributes.py`` leaves ``type`` out of ``names``."""
    sandbox.user("maria", emails=[{"type": "work", "value": "maria@sp12.example.pl"}])
    for found, text_ in (
        (1, 'emails[type eq "work" and value ew "sp12.example.pl"]'), (1, 'emails.type eq "work"'),
        (0, 'emails[type eq "home" and value ew "sp12.example.pl"]'),
    ):  # fmt: skip
        assert sandbox.read("/Users", filter=text_)["totalResults"] == found


def test_2_4_the_predefined_sub_attributes_keep_their_meaning(sandbox: Sandbox) -> None:
    """Red when: a ``primary`` in ``schemas/scim/sandbox/User.json`` is a string."""
    meant = {
        "type": {"string"}, "primary": {"boolean"}, "display": {"string"}, "$ref": {"reference"},
        "value": {"string", "reference", "binary"},
    }  # fmt: skip
    for urn in (USER, GROUP):
        for attribute in schemas(sandbox)[urn]["attributes"]:
            if attribute["multiValued"] and attribute["type"] == "complex":
                for part in attribute["subAttributes"]:
                    assert part["type"] in meant.get(part["name"], TYPES), part["name"]
                    assert not part["multiValued"]


def test_2_4_at_most_one_value_is_primary(sandbox: Sandbox) -> None:
    """Red when: ``Reception.value`` allows two (``> 2``)."""
    two = [{"value": f"{name}@dom.example", "primary": True} for name in ("a", "b")]
    body = {"schemas": [USER], "userName": "jan", "emails": two}
    fails(sandbox.post("/Users", body), 400, "invalidValue")
    made = sandbox.user("jan", emails=two[:1])
    path = f"/Users/{made['id']}"
    fails(sandbox.put(path, body), 400, "invalidValue")
    fails(sandbox.patch(path, {"op": "add", "path": "emails", "value": two}), 400, "invalidValue")
    assert sandbox.read(path) == made


def test_2_4_primary_is_false_until_it_is_said(sandbox: Sandbox) -> None:
    """Red when: ``Scalar.compared`` in ``attributes.py`` returns the expression as it is."""
    made = sandbox.user("jan", emails=[{"value": "jan@dom.example"}])
    found = {
        text_: sandbox.read("/Users", filter=text_)["totalResults"]
        for text_ in (
            "emails[primary eq true]", "emails.primary eq true", "emails[primary eq false]",
            "emails.primary eq false", "emails[not (primary eq true)]",
        )
    }  # fmt: skip
    assert list(found.values()) == [0, 0, 1, 1, 1]
    removed = {"op": "remove", "path": "emails[primary eq false]"}
    assert "emails" not in sandbox.patch(f"/Users/{made['id']}", removed).json  # type: ignore[operator]


def test_2_4_a_pair_of_type_and_value_is_added_once(sandbox: Sandbox) -> None:
    """Red when: ``_apply_to_list`` in ``patching.py`` adds what is ``here`` already."""
    email = {"value": "jan@dom.example", "type": "home"}
    other = {**email, "type": "work"}
    made = sandbox.user("jan", emails=[email, other])
    assert made["emails"] == [email, other]
    path = f"/Users/{made['id']}"
    sandbox.patch(path, {"op": "add", "path": "emails", "value": [email]})
    assert sandbox.read(path) == made


def test_2_5_unassigned_null_and_empty_are_one(sandbox: Sandbox) -> None:
    """Red when: ``Reception.value`` returns ``taken`` instead of ``taken or None``."""
    bare = sandbox.user("jan")
    empty = sandbox.user("ola", title=None, emails=[], name={"givenName": None}, roles=None)
    assert empty.keys() == bare.keys()
    path = f"/Users/{bare['id']}"
    nothings: tuple[Any, ...] = (None, [])
    for nothing in nothings:
        sandbox.patch(path, {"op": "add", "path": "roles", "value": [{"value": "uczeń"}]})
        sandbox.patch(path, {"op": "replace", "path": "roles", "value": nothing})
        assert sandbox.read(path).keys() == bare.keys()
        assert sandbox.read("/Users", filter="roles pr")["totalResults"] == 0
    body = {"schemas": [USER], "userName": "ola", "title": "Uczennica"}
    sandbox.put(f"/Users/{empty['id']}", body)
    sandbox.put(f"/Users/{empty['id']}", {**body, "title": None})
    assert sandbox.read(f"/Users/{empty['id']}").keys() == bare.keys()


def test_3_a_resource_names_the_schemas_of_what_it_holds(sandbox: Sandbox) -> None:
    """Red when: ``Change._rendered`` lists all ``extensions``, held or not."""
    sandbox.user("jan")
    sandbox.user("maria", **{ENTERPRISE: {"department": "Matematyka"}})
    sandbox.group("7a", **{UONET_GROUP: {"subject": "Matematyka"}})
    listed = sandbox.read("")["Resources"]
    assert [each["schemas"] for each in listed] == [
        [USER], [USER, ENTERPRISE], [GROUP, UONET_GROUP],
    ]  # fmt: skip
    types = {each["name"]: each for each in sandbox.read("/ResourceTypes")["Resources"]}
    for each in listed:
        kind = types[each["meta"]["resourceType"]]
        allowed = [kind["schema"], *[other["schema"] for other in kind["schemaExtensions"]]]
        assert set(each["schemas"]) <= set(allowed)
        assert each["schemas"][0] == kind["schema"]
    for path in ("/ServiceProviderConfig", "/ResourceTypes/User", f"/Schemas/{USER}"):
        assert sandbox.read(path)["schemas"]


def test_3_neither_order_nor_repetition_of_schemas_matters(sandbox: Sandbox) -> None:
    """Red when: ``_COMMON`` in ``definitions.py`` makes ``schemas`` readWrite, so that
    a body's are stored.
    """
    body = {**FULL_USER, "schemas": [ENTERPRISE, USER, ENTERPRISE, USER.upper()]}
    made = sandbox.post("/Users", body)
    assert made.status_code == 201
    found = json.loads(made.data)
    assert sorted(found["schemas"]) == sorted([USER, ENTERPRISE])
    assert found[ENTERPRISE] == FULL_USER[ENTERPRISE]


def test_3_common_attributes_belong_to_every_schema(sandbox: Sandbox) -> None:
    """Red when: ``_computed`` in ``attributes.py`` loses ``meta.created``."""
    sandbox.user("jan", externalId="U-1")
    sandbox.group("7a", externalId="G-1")
    for path in ("/Users", "/Groups"):
        for text_ in ("externalId pr", "id pr", "meta.created pr", 'schemas sw "urn:"'):
            assert sandbox.read(path, filter=text_)["totalResults"] == 1, text_


def test_3_1_every_resource_is_given_an_id_and_meta(sandbox: Sandbox) -> None:
    """Red when: ``new_id`` in ``ids.py`` puts ``bulkId-`` before the UUID."""
    made = [sandbox.user("jan"), sandbox.user("ola"), sandbox.group("7a"), sandbox.group("7a")]
    for each in made:
        kind = each["meta"]["resourceType"]
        assert each["meta"].keys() == {
            "resourceType", "created", "lastModified", "location", "version",
        }  # fmt: skip
        assert each["meta"]["location"] == f"{sandbox.base}/{kind}s/{each['id']}"
        assert "bulkid" not in each["id"].lower()
    assert len({each["id"] for each in made} - {""}) == len(made)
    assert [each["id"] for each in sandbox.read("")["Resources"]] == [each["id"] for each in made]


def test_3_1_an_id_is_for_life(sandbox: Sandbox) -> None:
    """Red when: ``_COMMON`` in ``definitions.py`` makes ``id`` readWrite."""
    made = sandbox.user("jan", id="wlasny")
    assert made["id"] != "wlasny"
    path = f"/Users/{made['id']}"
    replaced = sandbox.put(path, {"schemas": [USER], "id": "wlasny", "userName": "jan.nowak"})
    assert json.loads(replaced.data)["id"] == made["id"]
    fails(sandbox.patch(path, {"op": "replace", "path": "id", "value": "x"}), 400, "mutability")
    assert sandbox.delete(path).status_code == 204
    assert sandbox.user("jan")["id"] != made["id"]


def test_3_1_an_external_id_is_the_clients_alone(sandbox: Sandbox, world: World) -> None:
    """Red when: ``Change.create`` gives a resource its id for an ``externalId`` that
    wasn't sent.
    """
    assert "externalId" not in sandbox.user("jan")
    twins = [sandbox.user(name, externalId="U-1") for name in ("ola", "ala")]
    assert [each["externalId"] for each in twins] == ["U-1", "U-1"]
    assert sandbox.read("/Users", filter='externalId eq "U-1"')["totalResults"] == 2
    assert sandbox.read("/Users", filter='externalId eq "u-1"')["totalResults"] == 0
    assert world.list("/Users", filter='externalId eq "U-1"')["totalResults"] == 1


def test_3_1_meta_is_the_servers_alone(sandbox: Sandbox) -> None:
    """Red when: ``_COMMON`` in ``definitions.py`` makes ``meta`` readWrite."""
    claimed = {
        "resourceType": "Group", "created": "2001-01-01T00:00:00Z", "version": 'W/"x"',
        "lastModified": "2001-01-01T00:00:00Z", "location": "https://example.com/",
    }  # fmt: skip
    made = sandbox.user("jan", meta=claimed)
    assert not set(made["meta"].values()) & set(claimed.values())
    path = f"/Users/{made['id']}"
    body = {"schemas": [USER], "userName": "jan", "meta": claimed}
    assert json.loads(sandbox.put(path, body).data) == made
    refused = sandbox.patch(path, {"op": "replace", "path": "meta.created", "value": "x"})
    fails(refused, 400, "mutability")


def test_3_1_the_last_change_starts_as_the_creation(sandbox: Sandbox) -> None:
    """Red when: ``TOUCHED`` in ``changes.py`` leaves ``modified`` as it is."""
    made = sandbox.user("jan")
    assert made["meta"]["created"] == made["meta"]["lastModified"]
    sandbox.clock.move(minutes=1)
    path = f"/Users/{made['id']}"
    assert sandbox.read(path) == made
    sandbox.patch(path, {"op": "add", "path": "title", "value": "Uczeń"})
    meta = sandbox.read(path)["meta"]
    assert meta["created"] == made["meta"]["created"] < meta["lastModified"]


def test_3_1_a_version_is_weak_and_is_the_entity_tag(sandbox: Sandbox) -> None:
    """Red when: ``document`` in ``documents.py`` writes the version without ``W/``."""
    for made in (sandbox.user("jan"), sandbox.group("7a")):
        path = made["meta"]["location"].removeprefix(sandbox.base)
        response = sandbox.get(path)
        assert response.headers["ETag"] == made["meta"]["version"]
        assert made["meta"]["version"].startswith('W/"')


def test_3_3_an_extension_is_a_container_of_its_own(sandbox: Sandbox) -> None:
    """Red when: an attribute in ``schemas/scim/sandbox/UonetGroup.json`` is called displayName."""
    made = sandbox.user("maria", department="x", **{ENTERPRISE: {"department": "Matematyka"}})
    assert made[ENTERPRISE] == {"department": "Matematyka"}
    assert "department" not in made
    found = schemas(sandbox)
    for core, extension in ((USER, ENTERPRISE), (GROUP, UONET_GROUP)):
        names = [
            {part["name"].lower() for part in found[urn]["attributes"]} for urn in (core, extension)
        ]
        assert not names[0] & names[1]


def test_3_3_without_its_base_schema_a_body_is_none(sandbox: Sandbox) -> None:
    """Red when: ``_check_schemas`` in ``reception.py`` no longer raises."""
    wrong: tuple[dict[str, Any], ...] = ({}, {"schemas": None}, {"schemas": []})
    for each in wrong:
        fails(sandbox.post("/Users", {"userName": "jan", **each}), 400, "invalidValue")
    assert sandbox.user("ola")["schemas"] == [USER]


def test_4_1_1_a_user_name_is_given_and_not_empty(sandbox: Sandbox) -> None:
    """Red when: ``check_required`` refuses ``None`` alone (``value is None``)."""
    made = sandbox.user("jan")
    for wrong in ({}, {"userName": None}, {"userName": ""}):
        body = {"schemas": [USER], "displayName": "Jan", **wrong}
        fails(sandbox.post("/Users", body), 400, "invalidValue")
        fails(sandbox.put(f"/Users/{made['id']}", body), 400, "invalidValue")
    path = f"/Users/{made['id']}"
    for op in ("add", "replace"):
        empty = {"op": op, "path": "userName", "value": ""}
        fails(sandbox.patch(path, empty), 400, "invalidValue")
    change: dict[str, Any]
    for change in (
        {"op": "replace", "path": "userName", "value": None},
        {"op": "replace", "value": {"userName": None}}, {"op": "remove", "path": "userName"},
    ):  # fmt: skip
        fails(sandbox.patch(path, change), 400, "mutability")
    sandbox.patch(path, {"op": "add", "value": {"userName": None}})
    assert sandbox.read("/Users")["Resources"] == [made]


def test_4_1_1_a_user_name_is_one_persons_whatever_its_case(sandbox: Sandbox) -> None:
    """Red when: ``_folded`` in ``rendering.py`` returns ``value`` as it is."""
    sandbox.user("Żaneta.Łęcka")
    other = sandbox.user("ola")
    for taken in ("Żaneta.Łęcka", "żaneta.łęcka", "ŻANETA.ŁĘCKA", "Z\u0307aneta.Łęcka"):
        fails(sandbox.post("/Users", {"schemas": [USER], "userName": taken}), 409, "uniqueness")
        change = {"op": "replace", "path": "userName", "value": taken}
        fails(sandbox.patch(f"/Users/{other['id']}", change), 409, "uniqueness")


def test_4_1_1_a_pupils_names_agree(world: World) -> None:
    """Red when: ``_user`` in ``publication.py`` writes the family name first in ``full_name``."""
    for each in world.list("/Users")["Resources"]:
        whole = f"{each['name']['givenName']} {each['name']['familyName']}"
        assert each["name"]["formatted"] == each["displayName"] == whole


def test_4_1_1_a_password_is_never_returned(sandbox: Sandbox) -> None:
    """Red when: ``Change._rendered`` no longer leaves ``password`` out of ``shown``."""
    secret = "Zażółć-gęślą-7"
    answers = [sandbox.post("/Users", {"schemas": [USER], "userName": "jan", "password": secret})]
    path = f"/Users/{json.loads(answers[0].data)['id']}"
    answers += [
        sandbox.get(path), sandbox.get(path, query_string={"attributes": "password,userName"}),
        sandbox.get("/Users"), sandbox.get("", query_string={"attributes": "password"}),
        sandbox.put(path, {"schemas": [USER], "userName": "jan", "password": f"{secret}8"}),
        sandbox.patch(path, {"op": "replace", "path": "password", "value": f"{secret}9"}),
    ]  # fmt: skip
    for answer in answers:
        assert answer.status_code in (200, 201)
        assert b"password" not in answer.data
        assert "gęślą" not in answer.get_data(as_text=True)
    for text_ in ("password pr", f'password eq "{secret}9"', 'password sw "Z"'):
        response = sandbox.get("/Users", query_string={"filter": text_})
        fails(response, 400, "invalidFilter")


def test_4_1_1_a_password_is_stored_hashed(sandbox: Sandbox) -> None:
    """Red when: ``Reception._text`` returns the password itself."""
    sandbox.user("jan", password="Zażółć-gęślą-7")
    with sandbox.database.read() as connection:
        rows = connection.execute(text("SELECT * FROM resource")).all()
    stored = " ".join(str(value) for row in rows for value in row)
    assert "Zażółć" not in stored
    assert "$argon2id$" in stored


def test_4_1_2_values_are_returned_as_they_were_sent(sandbox: Sandbox) -> None:
    """Red when: ``Reception._text`` returns ``value.lower()``."""
    sent: dict[str, Any] = {
        "emails": [{"value": "Jan@DOM.example", "type": "Dom"}],
        "phoneNumbers": [{"value": "600 100 200", "type": "mobile"}],
        "ims": [{"value": "Jan Żółć", "type": "gg"}],
        "addresses": [{"country": "PL"}],
    }
    made = sandbox.user("jan", **sent)
    assert {name: made[name] for name in sent} == sent


def test_4_1_2_groups_are_computed_from_the_groups(sandbox: Sandbox) -> None:
    """Red when: ``groups`` in ``schemas/scim/sandbox/User.json`` is readWrite."""
    made = sandbox.user("jan", groups=[{"value": "x"}])
    assert "groups" not in made
    group = sandbox.group("7a", made["id"])
    path = f"/Users/{made['id']}"
    membership = {
        "value": group["id"], "$ref": group["meta"]["location"], "display": "7a", "type": "direct",
    }  # fmt: skip
    assert sandbox.read(path)["groups"] == [membership]
    sandbox.put(path, {"schemas": [USER], "userName": "jan", "groups": []})
    assert sandbox.read(path)["groups"] == [membership]
    change = {"op": "remove", "path": "groups"}
    fails(sandbox.patch(path, change), 400, "mutability")
    sandbox.patch(f"/Groups/{group['id']}", {"op": "remove", "path": "members"})
    assert "groups" not in sandbox.read(path)


def test_4_2_a_group_has_a_name(sandbox: Sandbox) -> None:
    """Red when: ``displayName`` in ``schemas/scim/sandbox/Group.json`` is not required."""
    made = sandbox.group("7a")
    for wrong in ({}, {"displayName": None}, {"displayName": ""}):
        body = {"schemas": [GROUP], "externalId": "G-1", **wrong}
        fails(sandbox.post("/Groups", body), 400, "invalidValue")
        fails(sandbox.put(f"/Groups/{made['id']}", body), 400, "invalidValue")
    assert sandbox.read("/Groups")["Resources"] == [made]


def test_4_2_a_member_is_a_user_or_a_group(sandbox: Sandbox) -> None:
    """Red when: ``_fragment`` in ``rendering.py`` writes the type User whatever the kind."""
    user, inner = sandbox.user("jan", displayName="Jan"), sandbox.group("7a – angielski")
    outer = sandbox.group("7a", user["id"], inner["id"])
    assert outer["members"] == [
        {
            "value": made["id"], "$ref": made["meta"]["location"], "type": kind,
            "display": made["displayName"],
        }
        for made, kind in ((user, "User"), (inner, "Group"))
    ]  # fmt: skip


def test_4_3_a_manager_is_another_user(sandbox: Sandbox) -> None:
    """Red when: ``manager.displayName`` in
    ``schemas/scim/sandbox/EnterpriseUser.json`` is readWrite.
    """
    head = sandbox.user("dyrektorka", displayName="Maria Ćwikła")
    manager = {"value": head["id"], "$ref": head["meta"]["location"]}
    sent = {**manager, "displayName": "Ktokolwiek"}
    made = sandbox.user("adam", **{ENTERPRISE: {"manager": sent}})
    assert made[ENTERPRISE]["manager"] == manager
    change = {"op": "add", "path": f"{ENTERPRISE}:manager.displayName", "value": "x"}
    fails(sandbox.patch(f"/Users/{made['id']}", change), 400, "mutability")


def test_5_the_configuration_says_what_there_is(sandbox: Sandbox, world: World) -> None:
    """Red when: ``changePassword`` in
    ``schemas/scim/sandbox/ServiceProviderConfig.json`` has another name.
    """
    writable, register = (
        sandbox.read("/ServiceProviderConfig"), world.list("/ServiceProviderConfig"),
    )  # fmt: skip
    for config in (writable, register):
        for name in ("patch", "bulk", "filter", "changePassword", "sort", "etag"):
            assert isinstance(config[name]["supported"], bool)
        assert config["bulk"].keys() == {"supported", "maxOperations", "maxPayloadSize"}
        assert config["filter"]["maxResults"] > 0
        assert config["authenticationSchemes"]
        for scheme in config["authenticationSchemes"]:
            assert scheme["type"] == "oauthbearertoken"
            assert scheme["name"]
            assert scheme["description"]
    for name in ("patch", "bulk", "changePassword"):
        assert writable[name]["supported"] is True
        assert register[name]["supported"] is False
    for name in ("filter", "sort", "etag"):
        assert writable[name]["supported"] is register[name]["supported"] is True


def test_6_a_resource_type_leads_to_its_endpoint_and_schemas(
    sandbox: Sandbox, world: World
) -> None:
    """Red when: a resource type in ``schemas/scim/sandbox/ResourceTypes.json`` has an
    empty description.
    """
    for read in (sandbox.read, world.list):
        known = {each["id"] for each in read("/Schemas")["Resources"]}
        types = read("/ResourceTypes")["Resources"]
        assert [each["name"] for each in types] == ["User", "Group"]
        for each in types:
            assert each["description"]
            assert each["schema"] in known
            assert read(each["endpoint"])["schemas"]
            for extension in each.get("schemaExtensions", []):
                assert extension["schema"] in known
                assert isinstance(extension["required"], bool)


def test_6_no_extension_is_required_of_a_sandbox(sandbox: Sandbox) -> None:
    """Red when: an extension in ``schemas/scim/sandbox/ResourceTypes.json`` is required."""
    for each in sandbox.read("/ResourceTypes")["Resources"]:
        assert [extension["required"] for extension in each["schemaExtensions"]] == [False]
    assert sandbox.user("jan")["schemas"] == [USER]
    assert sandbox.group("7a")["schemas"] == [GROUP]


def test_7_a_schema_defines_its_attributes_whole(sandbox: Sandbox, world: World) -> None:
    """Red when: an attribute in ``schemas/scim`` has an empty description."""
    always = {"name", "type", "multiValued", "description", "required", "mutability", "returned"}
    for read in (sandbox.read, world.list):
        for schema in read("/Schemas")["Resources"]:
            assert schema["id"].startswith("urn:")
            assert schema["name"]
            assert schema["description"]
            assert schema["attributes"]
            for each in below(schema["attributes"]):
                assert always <= each.keys(), (schema["id"], each["name"])
                assert each["description"]
                assert each["mutability"] in ("readOnly", "readWrite", "immutable", "writeOnly")
                assert each["returned"] in ("always", "never", "default", "request")
                if each["type"] == "string":
                    assert isinstance(each["caseExact"], bool)
                    assert each["uniqueness"] in ("none", "server", "global")
                if each["type"] == "reference":
                    assert each["referenceTypes"]


def test_7_every_schema_that_a_resource_names_is_published(sandbox: Sandbox) -> None:
    """Red when: ``META_SCHEMAS`` in ``models.py`` leaves ``Schema`` out."""
    found = schemas(sandbox)
    assert found.keys() == {USER, ENTERPRISE, GROUP, UONET_GROUP} | META_SCHEMAS
    for urn, schema in found.items():
        assert sandbox.read(f"/Schemas/{urn}") == schema
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        refused = sandbox.request(method, f"/Schemas/{USER}", {"schemas": [USER]})
        assert refused.status_code in (403, 405)
    assert schemas(sandbox) == found


def test_7_case_counts_where_the_schema_says_so(sandbox: Sandbox) -> None:
    """Red when: ``profileUrl`` in ``schemas/scim/sandbox/User.json`` is not ``caseExact``."""
    made = sandbox.user(
        "Jan", externalId="aB-1", profileUrl="https://dom.example/Jan", title="uCzeń"
    )
    assert made["externalId"] == "aB-1"
    found = {
        text_: sandbox.read("/Users", filter=text_)["totalResults"]
        for text_ in (
            'externalId eq "aB-1"', 'externalId eq "AB-1"', f'id eq "{made["id"]}"',
            f'id eq "{made["id"].upper()}"', 'profileUrl eq "https://dom.example/Jan"',
            'profileUrl eq "https://dom.example/jan"', 'title eq "UCZEŃ"', 'userName eq "jAN"',
        )
    }  # fmt: skip
    assert list(found.values()) == [1, 0, 1, 0, 1, 0, 1, 1]


def test_7_what_is_read_only_is_not_written(sandbox: Sandbox) -> None:
    """Red when: ``_check_mutability`` in ``patch_requests.py`` asks for ``is_immutable``."""
    made = sandbox.user("jan")
    path = f"/Users/{made['id']}"
    for name, value in (
        ("id", "x"), ("meta", {"version": "x"}), ("meta.location", "x"),
        ("groups", [{"value": "x"}]), (f"{ENTERPRISE}:manager.displayName", "x"),
    ):  # fmt: skip
        for op in ("add", "replace"):
            change = {"op": op, "path": name, "value": value}
            fails(sandbox.patch(path, change), 400, "mutability")
    assert sandbox.read(path) == made


def test_7_what_is_immutable_is_set_once(sandbox: Sandbox) -> None:
    """Red when: ``_Reader._write`` asks ``attribute.path`` for ``members``, and so
    lets a part of a member pass.
    """
    one, two = sandbox.user("jan"), sandbox.user("ola")
    group = sandbox.group("7a", one["id"])
    path = f"/Groups/{group['id']}"
    for part, value in (("value", two["id"]), ("type", "Group"), ("$ref", two["meta"]["location"])):
        chosen = f'members[value eq "{one["id"]}"].{part}'
        for op in ("add", "replace"):
            refused = sandbox.patch(path, {"op": op, "path": chosen, "value": value})
            fails(refused, 400, "mutability")
    assert sandbox.read(path) == group


def test_7_a_user_name_is_unique_in_its_unit_alone(sandbox: Sandbox, world: World) -> None:
    """Red when: ``_same_value`` in ``changes.py`` loses ``unit_id == UNIT``."""
    name = "jan.zolc@sp12.example.pl"
    assert world.list("/Users", filter=f'userName eq "{name}"')["totalResults"] == 1
    sandbox.user(name)
    fails(sandbox.post("/Users", {"schemas": [USER], "userName": name}), 409, "uniqueness")
    (published,) = [
        each for each in schemas(sandbox)[USER]["attributes"] if each["name"] == "userName"
    ]
    assert (published["uniqueness"], published["caseExact"]) == ("server", False)


def test_8_1_a_minimal_user(sandbox: Sandbox) -> None:
    """Red when: ``_collection`` in ``documents.py`` writes an empty list where there
    are no groups.
    """
    made = sandbox.user("anna.kowalska@sp12.example.pl")
    assert made.keys() == {"schemas", "id", "userName", "meta"}


def test_8_2_a_full_user(sandbox: Sandbox) -> None:
    """Red when: ``tolerances.single`` keeps the first value of a list alone."""
    sent = {name: value for name, value in FULL_USER.items() if name != ENTERPRISE}
    made = sandbox.post("/Users", {**sent, "schemas": [USER], "password": "t1meMa$heen"})
    assert made.status_code == 201
    found = sandbox.read(f"/Users/{json.loads(made.data)['id']}")
    assert found == json.loads(made.data)
    assert without_meta(found) == {**sent, "schemas": [USER]}


def test_8_3_an_enterprise_user(sandbox: Sandbox) -> None:
    """Red when: ``Reception._parts`` takes read-only attributes."""
    head = sandbox.user("dyrektorka")
    manager = {"value": head["id"], "$ref": "../Users/x", "displayName": "Ktokolwiek"}
    body = {**FULL_USER, ENTERPRISE: {**FULL_USER[ENTERPRISE], "manager": manager}}
    made = sandbox.post("/Users", body)
    assert made.status_code == 201
    extension = sandbox.read(f"/Users/{json.loads(made.data)['id']}")[ENTERPRISE]
    assert extension.pop("manager")["value"] == head["id"]
    assert extension == FULL_USER[ENTERPRISE]
    assert "Ktokolwiek" not in made.get_data(as_text=True)


def test_8_4_a_group(sandbox: Sandbox) -> None:
    """Red when: ``_references`` in ``documents.py`` orders by ``other.desc()``."""
    pupils = [sandbox.user(name)["id"] for name in ("jan", "ola")]
    made = sandbox.group("7a – matematyka", *pupils)
    assert made == sandbox.read(f"/Groups/{made['id']}")
    assert made["schemas"] == [GROUP]
    assert [each["value"] for each in made["members"]] == pupils


def test_8_7_the_core_schemas_say_what_the_rfc_has_them_say(sandbox: Sandbox) -> None:
    """Red when: ``password`` in ``schemas/scim/sandbox/User.json`` is returned by default."""
    found = schemas(sandbox)
    said = {
        f"{urn.rpartition(':')[2]}.{part['name']}": part
        for urn in (USER, GROUP)
        for part in found[urn]["attributes"]
    }
    assert [name for name, part in said.items() if part["required"]] == [
        "User.userName", "Group.displayName",
    ]  # fmt: skip
    assert [name for name, part in said.items() if part["mutability"] != "readWrite"] == [
        "User.password", "User.groups",
    ]  # fmt: skip
    assert said["User.password"]["returned"] == "never"
    assert {part["name"] for part in said["Group.members"]["subAttributes"]} >= {
        "value", "$ref", "type",
    }  # fmt: skip
    assert set(FULL_USER) - {"schemas", "externalId", ENTERPRISE} <= {
        name.partition(".")[2] for name in said
    }


def test_9_3_a_neighbour_knows_nobody(sandbox: Sandbox, world: World) -> None:
    """Red when: ``get_statement`` in ``resources.py`` loses ``unit_id == UNIT``."""
    made = sandbox.user("jan", externalId="U-1")
    assert world.get(f"/Users/{made['id']}").status_code == 404
    assert world.id_of("U-1") != made["id"]
    assert sandbox.get(f"/Users/{world.id_of('U-1')}").status_code == 404
