"""How long orders wait: cut-offs by hand, and against every minute that is looked at."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.policy import HoldRule, Policy
from omnisource.models.scenario import Scenario
from omnisource.orchestrator.folder.load import world_of
from omnisource.solvers.compile.legend import Shipped
from omnisource.solvers.hold import TOO_LATE, latest, waits_until
from omnisource.solvers.judge.parcels import Parcels
from omnisource.solvers.problem import UNLIMITED
from omnisource.solvers.routes import clocks
from omnisource.solvers.routes.clock_tables import clocks as clocks_of

DAY = 1440


def utc(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 60


def tables(at, *, node=None, service=None, rule=None):
    """Clocks of one node in Berlin that needs an hour, one service and one zone rule."""
    place = {"node": "A", "kind": "store", "lat": 0, "lon": 0, "timezone": "Europe/Berlin",
             "processing_minutes": 60, "cutoff": "14:00"} | (node or {})  # fmt: skip
    post = {"service": "s", "kind": "parcel"} | (service or {})
    zone = {"service": "s", "zone": "z", "transit_days": 1} | (rule or {})
    world = world_of(
        Scenario(name="hold", now=datetime.fromtimestamp(at * 60, UTC)),
        nodes=[Node.model_validate(place)],
        services=[Service.model_validate(post)],
        zones=[ZoneRule.model_validate(zone)],
        tariffs=[TariffStep(service="s", zone="z", up_to_grams=1, cents=1)],
    )
    return clocks_of(world, world.zones, at, 20)


def last_of(c, now, by, service=0):
    """The latest release of the only node."""
    way = tuple(np.array([each], np.int64) for each in (0, service, 0))
    return int(latest(c, way, np.array([by]), now)[0])


@pytest.mark.parametrize(
    ("now", "by", "last"),
    [
        # a Monday in January, Berlin an hour ahead: ready at 14:00 there, so asked for at 13:00
        ("2027-01-11T07:00", "2027-01-12T22:59", "2027-01-11T12:00"),
        ("2027-01-11T07:00", "2027-01-13T22:59", "2027-01-12T12:00"),  # a day to spare
        ("2027-01-11T12:01", "2027-01-12T22:59", None),  # a minute past it
        # the clocks go forward on Sunday 28 March: 14:00 there is 12:00 in UTC from then on
        ("2027-03-26T07:00", "2027-03-28T21:59", "2027-03-27T12:00"),
        ("2027-03-26T07:00", "2027-03-29T21:59", "2027-03-28T11:00"),
    ],
)
def test_an_order_may_wait_until_the_cut_off_of_its_route(now, by, last):
    c = tables(utc(now))
    assert last_of(c, utc(now), utc(by)) == (TOO_LATE if last is None else utc(last))


def test_before_a_weekend_the_cut_off_is_friday_s():
    """What is to be there on Monday must leave on Friday, as the carrier rests in between."""
    now = utc("2027-01-14T07:00")  # a Thursday
    c = tables(now, service={"weekdays": "Mon-Fri"}, rule={"calendar": ""})
    assert last_of(c, now, utc("2027-01-18T22:59")) == utc("2027-01-15T12:00")
    assert last_of(c, now, utc("2027-01-19T22:59")) == utc("2027-01-18T12:00")


def test_work_that_closing_cuts_off_must_begin_the_day_before():
    """Open 9 to 12 and five hours of work: ready at 11:00 if asked for by 9:00 the day before."""
    now = utc("2027-01-11T07:00")
    c = tables(now, node={"hours": "daily 09:00-12:00", "processing_minutes": 300})
    assert last_of(c, now, utc("2027-01-13T22:59")) == utc("2027-01-11T09:00")


def test_a_cut_off_that_the_wall_shows_twice_counts_the_first_time():
    """2:30 comes twice on 31 October: who waits for the second may find the first has passed."""
    now = utc("2027-10-30T12:00")
    c = tables(now, node={"cutoff": "02:30", "processing_minutes": 0})
    last = last_of(c, now, utc("2027-11-01T22:59"))
    assert last == utc("2027-10-31T00:30")
    assert all(
        clocks.delivered(c, 0, 0, 0, at) <= utc("2027-11-01T22:59")
        for at in range(now, last + 1, 30)
    )


def test_goods_for_the_counter_may_wait_until_the_store_must_pick_them():
    now = utc("2027-01-11T08:00")
    c = tables(now, node={"hours": "daily 09:00-20:00", "pickup_minutes": 120})
    assert last_of(c, now, utc("2027-01-11T18:00"), service=-1) == utc("2027-01-11T16:00")


NIGHTS = ("2027-03-27T12:00", "2027-10-30T12:00", "2027-12-24T08:00", "2028-02-28T23:30")
CUTS = (None, "00:30", "02:30", "14:00")
HOURS = ("", "Mon-Sat 09:00-20:00", "Mon-Fri 08:00-12:00; Mon-Fri 13:00-18:00")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")


@settings(deadline=None, max_examples=25)
@given(
    st.sampled_from(NIGHTS), st.tuples(*map(st.sampled_from, (ZONES, HOURS, CUTS))),
    st.tuples(st.sampled_from(("daily", "Mon-Fri", "Sat,Mon")), st.integers(0, 4)), st.randoms(),
)  # fmt: skip
def test_every_minute_until_the_last_keeps_the_date_and_the_next_does_not(
    night, place, carrier, chance
):
    now, (zone, hours, cutoff), (weekdays, days) = utc(night), place, carrier
    node = {"timezone": zone, "hours": hours, "cutoff": cutoff}
    c = tables(now, node=node, service={"weekdays": weekdays}, rule={"transit_days": 1})

    def arrives(at):
        return clocks.delivered(c, 0, 0, 0, clocks.ready(c, 0, at))

    by = int(arrives(now)) + days * DAY
    last = last_of(c, now, by)
    assert now <= last <= by
    assert arrives(last + 1) > by
    assert all(arrives(chance.randint(now, last)) <= by for _ in range(20))
    assert last_of(c, now, int(arrives(now)) - 1) == TOO_LATE


def test_an_order_waits_for_its_earliest_parcel_less_its_channel_s_margin(world):
    """Noon in UTC, cut-offs at 14:00 and 16:00, a day on the way, nothing promised."""
    tiny = world(
        {"A": {"x": 9}, "B": {"x": 9}}, {"o1": {"x": 2}, "o2": {"x": 1}, "o3": {"x": 1}},
        nodes={"A": {"cutoff": "14:00"}, "B": {"cutoff": "16:00"}},
        order_fields={"o1": {"channel": "app"}, "o3": {"channel": "shop"}},
        policy=Policy(hold=(HoldRule(channels=("app",), margin_minutes=20),
                            HoldRule(channels=("shop",), longest_minutes=30))),
    )  # fmt: skip
    order, node = np.array([0, 0, 1]), np.array([0, 1, 1])
    some = (np.arange(4), np.array([0, 0, 1]), np.ones(3, np.int64))
    parcels = Parcels(tiny, Shipped(order, node, np.zeros(3, np.int64), *some))
    after = waits_until(parcels) - tiny.now
    placed = int(tiny.orders["placed_at"][2]) - tiny.now
    assert after.tolist() == [120 - 20, 240 - 60, placed + 30]


def test_an_order_without_parcels_may_wait_for_ever(world):
    tiny = world({"A": {"x": 9}}, {"o1": {"x": 2}})
    none = np.zeros(0, np.int64)
    nothing = Shipped(none, none, none, np.zeros(1, np.int64), none, none)
    assert waits_until(Parcels(tiny, nothing))[0] >= UNLIMITED


def test_what_is_promised_later_waits_for_the_cut_off_of_a_later_day(world):
    tiny = world({"A": {"x": 9}}, {"o1": {"x": 1}}, nodes={"A": {"cutoff": "14:00"}})
    late = tiny.scenario.now + timedelta(days=2, hours=11, minutes=59)
    tiny = tiny.replace(
        orders=tiny.orders.replace(promised_by=np.array([int(late.timestamp()) // 60]))
    )
    one = np.zeros(1, np.int64)
    sent = Shipped(one, one, one, np.arange(2), one, one + 1)
    assert waits_until(Parcels(tiny, sent))[0] - tiny.now == DAY + 120 - 60
