"""Clocks on the wall: tables against a minute-by-minute reading with `zoneinfo`."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnisource.models.network import Node, Service, TariffStep, ZoneRule
from omnisource.models.scenario import Scenario
from omnisource.models.week import hours_of, weekdays_of, windows_of
from omnisource.orchestrator.folder.load import world_of
from omnisource.solvers.routes import clocks
from omnisource.solvers.routes.clock_tables import clocks as clocks_of
from omnisource.solvers.routes.clocks import BEYOND

NIGHTS = (  # the clocks change, a day more, a year ends
    "2027-03-28", "2027-10-31", "2027-03-14", "2027-11-07", "2027-04-04", "2027-10-03",
    "2028-02-29", "2027-12-31", "2027-12-25",
)  # fmt: skip
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
HOURS = (
    "", "Mon-Sat 09:00-20:00", "Mon-Fri 02:15-02:45; Sat,Sun 01:30-03:10",
    "daily 0:00-24:00", "Mon-Fri 08:00-12:00; Mon-Fri 13:00-18:00; Sun 23:00-24:00",
    "Sun 02:00-02:20; Sun 02:40-03:30; Wed 10:00-11:00",
)  # fmt: skip
CALENDARS = ("", "DE-BY", "US")
WEEKS = ("daily", "Mon-Sat", "Mon,Thu", "Sat,Sun")
WINDOWS = ("", "17:00-19:00,19:00-21:00", "02:10-02:50,23:00-24:00", "00:00-00:30")
CLOCKS = (None, "00:00", "02:30", "14:00", "23:59")


def utc(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 60


def tables(at, *, node=None, service=None, rule=None, days=40):
    """Clocks of one node, one service and one zone rule, from `at` on."""
    place = {"node": "A", "kind": "store", "lat": 0, "lon": 0} | (node or {})
    post = {"service": "s", "kind": "parcel"} | (service or {})
    zone = {"service": "s", "zone": "z", "transit_days": 1} | (rule or {})
    world = world_of(
        Scenario(name="clocks", now=datetime.fromtimestamp(at * 60, UTC)),
        nodes=[Node.model_validate(place)],
        services=[Service.model_validate(post)],
        zones=[ZoneRule.model_validate(zone)],
        tariffs=[TariffStep(service="s", zone="z", up_to_grams=1, cents=1)],
    )
    return clocks_of(world, world.zones, at, days)


# the plain reading: datetimes only


def shown(zone, at):
    return datetime.fromtimestamp(at * 60, UTC).astimezone(ZoneInfo(zone))


def minute(zone, day, of_day):
    day += timedelta(of_day // 1440)
    wall = datetime(day.year, day.month, day.day, of_day % 1440 // 60, of_day % 60)
    return int(wall.replace(tzinfo=ZoneInfo(zone)).timestamp()) // 60


@cache
def off(calendar, year):
    country, _, state = calendar.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=state or None, years=year))


def holiday(calendar, day):
    return bool(calendar) and day in off(calendar, day.year)


@cache
def spans(zone, hours, calendar, day):
    """The spans, in minutes UTC, that a place is open on a local day."""
    week = hours_of(hours) if hours else (((0, 1440),),) * 7
    if holiday(calendar, day):
        return []
    return [(minute(zone, day, a), minute(zone, day, b)) for a, b in week[day.weekday()]]


def is_open(place, at):
    today = shown(place[0], at).date()
    near = [today + timedelta(d) for d in (-1, 0, 1)]
    return any(a <= at < b for day in near for a, b in spans(*place, day))


def plain_worked(place, at, minutes):
    t = next(t for t in count(at) if is_open(place, t))
    while minutes > 0:
        minutes -= is_open(place, t)
        t += 1
    return t


def plain_leaves(place, weekdays, cutoff, at):
    now, (_, hours, calendar) = shown(place[0], at), place
    day = now.date()
    if cutoff is not None and f"{now:%H:%M}" > cutoff:
        day += timedelta(1)
    week = hours_of(hours) if hours else [True] * 7
    while (
        not week[day.weekday()] or holiday(calendar, day)
        or day.weekday() not in weekdays_of(weekdays)
    ):  # fmt: skip
        day += timedelta(1)
    return day


def plain_arrives(zone, carrier, windows, *, day, transit, at):
    weekdays, calendar = carrier

    def works(day):
        return day.weekday() in weekdays_of(weekdays) and not holiday(calendar, day)

    while transit > 0 or not works(day):
        day += timedelta(1)
        transit -= works(day) and transit > 0
    while windows:
        for a, b in windows_of(windows):
            if minute(zone, day, a) >= at:
                return minute(zone, day, b)
        day += timedelta(1)
        while not works(day):
            day += timedelta(1)
    return minute(zone, day, 1439)


INSTANTS = st.builds(
    lambda night, shift: utc(f"{night}T02:00") + shift,
    st.sampled_from(NIGHTS), st.integers(-1_500, 1_500),
)  # fmt: skip
PLACES = st.tuples(*map(st.sampled_from, (ZONES, HOURS, CALENDARS)))


@settings(deadline=None, max_examples=60)
@given(INSTANTS, st.sampled_from(ZONES))
def test_a_wall_clock_shows_what_zoneinfo_shows(at, zone):
    c = tables(at, node={"timezone": zone}, days=3)
    for t in range(at, at + 1_600, 7):
        now = shown(zone, t)
        wall = (now.date() - date(1970, 1, 1)).days * 1440 + now.hour * 60 + now.minute
        assert clocks.local(c, 0, t) == wall
        assert clocks.minute_of(c, 0, wall) == minute(zone, now.date(), wall % 1440)


@settings(deadline=None, max_examples=60)
@given(INSTANTS, PLACES, st.integers(0, 700), st.integers(0, 700))
def test_goods_are_ready_after_so_many_open_minutes(at, place, processing, pickup):
    zone, hours, calendar = place
    node = {"timezone": zone, "hours": hours, "calendar": calendar}
    c = tables(at, node=node | {"processing_minutes": processing, "pickup_minutes": pickup})
    assert clocks.ready(c, 0, at) == plain_worked(place, at, processing)
    counter = plain_worked(place, plain_worked(place, at, pickup), 0)
    assert clocks.collect(c, 0, at) == counter


@settings(deadline=None, max_examples=150)
@given(INSTANTS, PLACES, st.sampled_from(WEEKS), st.tuples(*[st.sampled_from(CLOCKS)] * 2))
def test_goods_leave_on_the_first_working_day_whose_cut_off_they_keep(at, place, weekdays, lasts):
    cutoff, order_by = lasts
    zone, hours, calendar = place
    node = {"timezone": zone, "hours": hours, "calendar": calendar, "cutoff": cutoff}
    c = tables(at, node=node, service={"weekdays": weekdays, "order_by": order_by})
    week = {day for day, span in enumerate(hours_of(hours) if hours else [1] * 7) if span}
    day = clocks.leaves(c, 0, 0, at)
    if not week & set(weekdays_of(weekdays)):
        assert day == BEYOND
        return
    last = order_by if order_by is not None else cutoff
    left = date(1970, 1, 1) + timedelta(c.first_day + day)
    assert left == plain_leaves(place, weekdays, last, at)


@settings(deadline=None, max_examples=150)
@given(
    INSTANTS, st.tuples(st.sampled_from(ZONES), st.sampled_from(("", *ZONES))),
    st.tuples(st.sampled_from(WEEKS), st.sampled_from(CALENDARS)),
    st.tuples(st.sampled_from(WINDOWS), st.integers(0, 5)),
)  # fmt: skip
def test_a_parcel_arrives_after_so_many_of_its_carriers_days(at, zones, carrier, terms):
    (zone, to_zone), (weekdays, calendar), (windows, transit) = zones, carrier, terms
    c = tables(
        at, node={"timezone": zone}, service={"weekdays": weekdays, "windows": windows},
        rule={"transit_days": transit, "calendar": calendar, "timezone": to_zone}, days=60,
    )  # fmt: skip
    day = plain_leaves((zone, "", ""), weekdays, None, at)
    there = plain_arrives(to_zone or zone, carrier, windows, day=day, transit=transit, at=at)
    assert clocks.delivered(c, 0, 0, 0, at) == there


@pytest.mark.parametrize(
    ("zone", "at", "left"),
    [
        # 14:00 on the wall, the day before and the day after the clocks change
        ("Europe/Berlin", "2027-03-27T13:00", "2027-03-27"),
        ("Europe/Berlin", "2027-03-27T13:01", "2027-03-28"),
        ("Europe/Berlin", "2027-03-28T12:00", "2027-03-28"),
        ("Europe/Berlin", "2027-03-28T12:01", "2027-03-29"),
        ("America/New_York", "2027-03-14T18:00", "2027-03-14"),
        ("America/New_York", "2027-03-14T18:01", "2027-03-15"),
        ("Australia/Lord_Howe", "2027-04-04T03:30", "2027-04-04"),  # by half an hour
        ("Australia/Lord_Howe", "2027-04-04T03:31", "2027-04-05"),
        ("Asia/Kolkata", "2028-02-28T08:30", "2028-02-28"),
        ("Asia/Kolkata", "2028-02-28T08:31", "2028-02-29"),
        ("Asia/Kolkata", "2028-02-29T08:31", "2028-03-01"),
        ("America/New_York", "2027-12-31T19:01", "2028-01-01"),
        ("America/New_York", "2028-01-01T03:00", "2027-12-31"),  # 22:00 there: see the cut-off
    ],
)
def test_the_cut_off_is_read_off_the_wall_to_the_minute(zone, at, left):
    late = "23:00" if at.startswith("2028-01") else "14:00"
    c = tables(utc(at), node={"timezone": zone, "cutoff": late})
    day = date(1970, 1, 1) + timedelta(c.first_day + int(clocks.leaves(c, 0, 0, utc(at))))
    assert day.isoformat() == left


def test_slots_count_from_opening_and_end_before_closing():
    """Open 9:00 to 10:45, slots of half an hour: 9:00, 9:30, 10:00, and the next day's."""
    node = {"hours": "daily 09:00-10:45", "slot_minutes": 30, "pickup_minutes": 10}
    c = tables(utc("2027-06-01T08:00"), node=node)

    def at(clock):
        return clocks.collect(c, 0, utc(f"2027-06-01T{clock}"))

    assert at("08:00") == utc("2027-06-01T09:30")  # ready at 9:10
    assert at("09:20") == utc("2027-06-01T09:30")
    assert at("09:21") == utc("2027-06-01T10:00")
    assert at("09:51") == utc("2027-06-02T09:00")
    assert clocks.slot(c, 0, utc("2027-06-01T10:01")) == utc("2027-06-02T09:00")


def test_same_day_parcels_come_in_the_first_window_that_begins_after_they_are_ready():
    c = tables(
        utc("2027-06-04T10:00"), rule={"transit_days": 0},
        service={"windows": "17:00-19:00,19:00-21:00", "weekdays": "Mon-Fri"},
    )  # fmt: skip
    for ready, arrives in [("17:00", "04T19:00"), ("17:01", "04T21:00"), ("19:01", "07T19:00")]:
        at = utc(f"2027-06-04T{ready}")  # a Friday
        assert clocks.delivered(c, 0, 0, 0, at) == utc(f"2027-06-{arrives}")


@pytest.mark.parametrize(
    ("asked", "weekdays", "pauses", "then"),
    [
        ("2027-06-02", "daily", "2027-06-02/2027-06-04", ("2027-06-05", "2027-06-06")),
        ("2027-06-01", "daily", "2027-06-02/2027-06-04", ("2027-06-01", "2027-06-05")),
        ("2027-06-02", "Mon-Fri", "2027-06-02/2027-06-04", ("2027-06-07", "2027-06-08")),
        ("2027-12-22", "daily", "2027-12-22/2027-12-24", ("2027-12-27", "2027-12-28")),  # Christmas
        ("2027-06-02", "daily", "2027-06-02,2027-06-04", ("2027-06-03", "2027-06-05")),
        ("2027-06-02", "daily", "2020-01-01/2027-06-02", ("2027-06-03", "2027-06-04")),
        ("2027-06-02", "daily", "2020-01-01/2020-12-31", ("2027-06-02", "2027-06-03")),
    ],
)
def test_parcels_wait_for_the_end_of_a_strike(asked, weekdays, pauses, then):
    left, arrives = then
    at = utc(f"{asked}T10:00")
    c = tables(
        at, node={"calendar": "DE"}, service={"weekdays": weekdays, "pauses": pauses},
        rule={"calendar": "DE"},
    )  # fmt: skip
    day = date(1970, 1, 1) + timedelta(c.first_day + clocks.leaves(c, 0, 0, at))
    assert day == date.fromisoformat(left)
    assert clocks.delivered(c, 0, 0, 0, at) == utc(f"{arrives}T23:59")


def test_what_the_tables_do_not_reach_is_beyond():
    c = tables(utc("2027-06-04T10:00"), node={"hours": "Mon 9:00-9:01"}, days=30)
    assert clocks.worked(c, 0, utc("2027-06-04T10:00"), 6) == BEYOND
    assert clocks.delivered(c, 0, 0, 0, BEYOND) == BEYOND
