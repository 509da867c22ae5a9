"""Filters: read from the wire, and whether an object matches."""

import pytest

from connect_worker.simulator.ber import MalformedError, Reader, Tag, encode, encode_sequence, encode_text
from connect_worker.simulator.creation import create
from connect_worker.simulator.entry import Entry
from connect_worker.simulator.filters import (
    And,
    Equal,
    Extensible,
    Filter,
    FilterTag,
    Not,
    Or,
    Ordered,
    Present,
    Substrings,
    read_filter,
)
from connect_worker.simulator.matching import candidates, matches
from connect_worker.simulator.tree import Tree

ANNA = "CN=Anna,DC=school,DC=test"
TRUE, FALSE, UNDEFINED = (
    Present(attribute="objectClass"),
    Present(attribute="title"),
    Present(attribute="shoeSize"),
)


@pytest.fixture
def anna(tree: Tree) -> Entry:
    given = {
        "objectClass": (b"user",),
        "sAMAccountName": (b"anna",),
        "displayName": ("Anna Müller".encode(),),
        "employeeID": (b"12",),
        "proxyAddresses": (b"SMTP:anna@school.test", b"smtp:a@school.test"),
    }
    return create(tree, ANNA, given)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (And(parts=(TRUE, TRUE)), True),
        (And(parts=(TRUE, FALSE)), False),
        (And(parts=()), True),
        (And(parts=(TRUE, UNDEFINED)), False),
        (Or(parts=(FALSE, TRUE)), True),
        (Or(parts=(UNDEFINED, TRUE)), True),
        (Or(parts=()), False),
        (Not(part=FALSE), True),
        (Not(part=UNDEFINED), False),
        (Not(part=And(parts=(TRUE, UNDEFINED))), False),
        (Not(part=And(parts=(FALSE, UNDEFINED))), True),
    ],
)
def test_three_valued_logic(tree: Tree, anna: Entry, wanted: Filter, expected: bool) -> None:
    assert matches(tree, wanted, anna) is expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((b"anna", (), b""), True),
        ((b"", (), b"MULLER"), True),
        ((b"an", (b"na", b"mu"), b"ler"), True),
        ((b"an", (b"mu", b"na"), b"ler"), False),
        ((b"anna mu", (), b"muller"), False),
        ((b"", (b"xaver",), b""), False),
    ],
)
def test_substrings_do_not_overlap(
    tree: Tree, anna: Entry, parts: tuple[bytes, tuple[bytes, ...], bytes], expected: bool
) -> None:
    initial, middle, final = parts
    wanted = Substrings(attribute="displayName", initial=initial, middle=middle, final=final)
    assert matches(tree, wanted, anna) is expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Equal(attribute="proxyaddresses", value=b"smtp:ANNA@school.test"), True),
        (Equal(attribute="objectCategory", value=b"person"), True),
        (Equal(attribute="objectCategory", value=b"CN=Person,CN=Schema,CN=Configuration,DC=school,DC=test"), True),
        (Equal(attribute="objectClass", value=b"ORGANIZATIONALPERSON"), True),
        (Equal(attribute="distinguishedName", value=b"cn=ANNA, dc=school, dc=test"), True),
        (Equal(attribute="userAccountControl", value=b"0546"), True),
        (Equal(attribute="userAccountControl", value=b"many"), False),
        (Ordered(attribute="userAccountControl", value=b"1000", at_least=False), True),
        (Ordered(attribute="userAccountControl", value=b"1000", at_least=True), False),
        (Ordered(attribute="whenCreated", value=b"20261122120000.0Z", at_least=True), True),
        (Extensible(rule="1.2.840.113556.1.4.803", attribute="userAccountControl", value=b"34"), True),
        (Extensible(rule="1.2.840.113556.1.4.803", attribute="userAccountControl", value=b"65570"), False),
        (Extensible(rule="1.2.840.113556.1.4.804", attribute="userAccountControl", value=b"65570"), True),
        (Extensible(rule="1.2.3", attribute="userAccountControl", value=b"2"), False),
    ],
)
def test_assertions_follow_the_attribute_s_syntax(tree: Tree, anna: Entry, wanted: Filter, expected: bool) -> None:
    assert matches(tree, wanted, anna) is expected


def test_chains_of_groups_end_even_in_a_circle(tree: Tree, anna: Entry) -> None:
    inner = create(tree, "CN=Innen,DC=school,DC=test", {"objectClass": (b"group",), "member": (ANNA.encode(),)})
    given = {"objectClass": (b"group",), "member": (inner.dn.encode(),)}
    outer = create(tree, "CN=Aussen,DC=school,DC=test", given)
    inner.links["member"][outer] = None
    outer.back_links["member"] = {inner: None}
    wanted = Extensible(rule="1.2.840.113556.1.4.1941", attribute="memberOf", value=outer.dn.encode())
    assert matches(tree, wanted, anna)


def test_indexed_attributes_need_no_walk(tree: Tree, anna: Entry) -> None:
    by_name = Equal(attribute="sAMAccountName", value=b"ANNA")
    by_guid = Equal(attribute="objectGUID", value=anna.guid.bytes_le)
    assert list(candidates(tree, by_name) or ()) == [anna]
    assert list(candidates(tree, And(parts=(TRUE, by_guid))) or ()) == [anna]
    assert list(candidates(tree, Or(parts=(by_guid, by_name))) or ()) == [anna]
    assert candidates(tree, Or(parts=(by_guid, TRUE))) is None
    assert candidates(tree, Not(part=by_guid)) is None


def test_a_filter_is_read_from_the_wire() -> None:
    equal = encode_sequence(encode_text("cn"), encode(Tag.OCTETS, b"Anna"), tag=FilterTag.EQUAL)
    negated = encode(FilterTag.NOT, encode(FilterTag.PRESENT, b"mail"))
    assert read_filter(Reader(encode(FilterTag.AND, equal + negated))) == And(
        parts=(Equal(attribute="cn", value=b"Anna"), Not(part=Present(attribute="mail")))
    )


def test_a_filter_that_is_nested_without_end_is_refused() -> None:
    nested = encode(FilterTag.PRESENT, b"cn")
    for _ in range(100):
        nested = encode(FilterTag.NOT, nested)
    with pytest.raises(MalformedError, match="nested"):
        read_filter(Reader(nested))
