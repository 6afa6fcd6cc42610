import api.store.writing as W
from api.fhir.lexical import serialize
W.stamp=lambda r,i,v,l: serialize(r)
import json
from decimal import Decimal
from zoneinfo import ZoneInfo
import pytest
from hypothesis import HealthCheck, given, settings
from api.fhir.lexical import parse
from api.fhir.search_query import SearchOptions, parse_search
from api.fhir.dates import instant_text
from api.store.session import Store
from api.store.version import Change
from tests.factories import encoded, unique_name
from tests.property.matcher import is_in_order, matches
from tests.property.test_search_matcher import examples, TAG, exactly

NOW = 1_767_225_600_000_000
OPT = SearchOptions(False, ZoneInfo("Australia/Melbourne"), "http://runspine.test/fhir", NOW)


@pytest.fixture(scope="session")
def zstore(engine_url):
    s = Store.open(
        engine_url,
        clock=lambda: NOW,
        base_url="http://runspine.test/fhir",
        time_zone=ZoneInfo("Australia/Melbourne"),
    )
    yield s
    s.close()


def walk(store, kind, params, back=False):
    q = parse_search(kind, params, OPT)
    out = []
    with store.snapshot() as s:
        pg = s.search(q)
        total = s.count(q)
        while True:
            out += [v.resource_id for v in pg.versions]
            assert pg.versions or not out
            if not pg.next:
                break
            pg = s.search(q, pg.next)
        assert total == len(out)
        rev = [v.resource_id for v in pg.versions]
        while pg.previous:
            pg = s.search(q, pg.previous)
            rev = [v.resource_id for v in pg.versions] + rev
        assert rev == out, (rev, out)
    return out


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(example=examples)
@pytest.mark.timeout(600)
def test_m(zstore, example):
    kind, resources, asked = example
    tag = unique_name()
    meta = {"meta": {"tag": [{"system": TAG, "code": tag}]}}
    ch = [
        Change(kind, unique_name(), parse(encoded({**each, **meta})), None, "POST")
        for each in resources
    ]
    with zstore.transaction() as t:
        vs = t.write(ch)
    stored = {
        c.resource_id: {
            **exactly(encoded(each).decode()),
            "id": c.resource_id,
            "meta": {"lastUpdated": instant_text(v.last_updated), **meta["meta"]},
        }
        for c, each, v in zip(ch, resources, vs)
    }
    for searched, keys, count in asked:
        marked = [("_tag", f"{TAG}|{tag}"), *searched]
        exp = {i for i in stored if matches(stored[i], marked)}
        params = [*marked, ("_count", str(count))] + ([("_sort", ",".join(keys))] if keys else [])
        found = walk(zstore, kind, params)
        assert sorted(found) == sorted(exp), params
        for a, b in zip(found, found[1:]):
            assert is_in_order(stored[a], stored[b], keys), (params, a, b)
import tests.property.matcher as M, re as _re
_old=M._compiled
M._compiled=lambda e: _old(_re.sub(r"\((\S+) as (\w+)\)", r"\1.ofType(\2)", e))
