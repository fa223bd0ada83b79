"""Omnisource: which node ships what, by which service, promised for when.

    import omnisource as om

    world = om.load("scenarios/demo")
    plan = om.allocate(world)

Importing this loads no solver, no database and no tables: every name below is imported when it
is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what _ORIGINS says, for type checkers; a test holds the two together
    from omnisource.models.availability import Availability
    from omnisource.models.backorder import BackorderRules
    from omnisource.models.base import BrokenPlan, OmnisourceError, UnusableInput
    from omnisource.models.explanation import Explanation
    from omnisource.models.lifecycle import OrderState, state_of
    from omnisource.models.money import Charge, Terms
    from omnisource.models.network import Lane, Node, Service, TariffStep, ZoneRule
    from omnisource.models.order import Delivery, Line, Order
    from omnisource.models.place import Place
    from omnisource.models.plan import Plan
    from omnisource.models.policy import Fairness, Fence, HoldRule, LoadStep, Policy, Weights
    from omnisource.models.product import BundlePart, Product
    from omnisource.models.promise import Cart, CartLine, Change, NotOffered, Offer, Option, Parcel
    from omnisource.models.reservation import (
        Claim,
        ClaimLine,
        ClaimShipment,
        PickUp,
        Placed,
        Refused,
        Reservation,
        StockMessage,
    )
    from omnisource.models.scenario import Scenario, WhatIf
    from omnisource.models.simulation import Simulation
    from omnisource.models.stock import Allotment, Receipt, StockCell
    from omnisource.models.told import Denied, OrderChange, Told
    from omnisource.models.world import Table, World
    from omnisource.orchestrator.allocate import allocate
    from omnisource.orchestrator.checkout.availability import availability
    from omnisource.orchestrator.checkout.placed import placed
    from omnisource.orchestrator.checkout.promise import Promiser, promise, promiser
    from omnisource.orchestrator.checkout.reserve import (
        confirm,
        expire,
        extend,
        find_reservation,
        hear_stock,
        open_slot,
        release,
        reserve,
    )
    from omnisource.orchestrator.checkout.reserve_form import claim_of_option
    from omnisource.orchestrator.compare import compare
    from omnisource.orchestrator.explain import explain
    from omnisource.orchestrator.explain_record import explain_in as explain_decision
    from omnisource.orchestrator.folder.load import load_world as load
    from omnisource.orchestrator.folder.load import world_of
    from omnisource.orchestrator.lab.run import run_scenarios
    from omnisource.orchestrator.learn import (
        evaluate_promises,
        learn,
        read_lead_times,
        save_lead_times,
    )
    from omnisource.orchestrator.life.backorder import share_out
    from omnisource.orchestrator.life.barred import address_unserved, lane_cancelled
    from omnisource.orchestrator.life.change import accept_change, quote_change
    from omnisource.orchestrator.life.decline import decline as decline_shipment
    from omnisource.orchestrator.life.decline import source as source_again
    from omnisource.orchestrator.life.doing import Doing, open_life
    from omnisource.orchestrator.life.doing import Rules as LifeRules
    from omnisource.orchestrator.life.verbs import cancel as cancel_order
    from omnisource.orchestrator.life.verbs import events as read_events
    from omnisource.orchestrator.life.verbs import give_back as return_goods
    from omnisource.orchestrator.life.verbs import place as place_order
    from omnisource.orchestrator.life.verbs import show as show_order
    from omnisource.orchestrator.life.verbs import step as step_order
    from omnisource.orchestrator.measures import Measures
    from omnisource.orchestrator.measures import measures_of as measures
    from omnisource.orchestrator.recommend.idea import Terms as RecommendTerms
    from omnisource.orchestrator.recommend.verb import Recommendations, recommend
    from omnisource.orchestrator.rolling import Standing, roll
    from omnisource.orchestrator.runs import read_prices, read_run, save_run
    from omnisource.orchestrator.serve.client import Client, Refusal
    from omnisource.orchestrator.simulate.outcome import Simulated
    from omnisource.orchestrator.simulate.replicate import simulate
    from omnisource.orchestrator.simulate.setup import read_setup
    from omnisource.orchestrator.simulate.workers import Workers
    from omnisource.orchestrator.store.desk import open_desk
    from omnisource.orchestrator.stored import commit_plan, connect, load_into
    from omnisource.orchestrator.synthetic.generate import generate
    from omnisource.solvers.compile.legend import Shipped
    from omnisource.solvers.judge.evaluate import evaluate
    from omnisource.solvers.leadtime.table import LeadTimes
    from omnisource.solvers.problem import Limits

__version__ = "0.1.0"

__all__ = [
    "Allotment", "Availability", "BackorderRules", "BrokenPlan", "BundlePart", "Cart", "CartLine",
    "Change", "Charge", "Claim", "ClaimLine", "ClaimShipment", "Client", "Delivery", "Denied",
    "Doing", "Explanation", "Fairness", "Fence", "HoldRule", "Lane", "LeadTimes", "LifeRules",
    "Limits", "Line", "LoadStep", "Measures", "Node", "NotOffered", "Offer", "OmnisourceError",
    "Option", "Order", "OrderChange", "OrderState", "Parcel", "PickUp", "Place", "Placed", "Plan",
    "Policy", "Product", "Promiser", "Receipt", "RecommendTerms", "Recommendations", "Refusal",
    "Refused", "Reservation", "Scenario", "Service", "Shipped", "Simulated", "Simulation",
    "Standing", "StockCell", "StockMessage", "Table", "TariffStep", "Terms", "Told",
    "UnusableInput", "Weights", "WhatIf", "Workers", "World", "ZoneRule", "__version__",
    "accept_change", "address_unserved", "allocate", "availability", "cancel_order",
    "claim_of_option", "commit_plan", "compare", "confirm", "connect", "decline_shipment",
    "evaluate", "evaluate_promises", "expire", "explain", "explain_decision", "extend",
    "find_reservation", "generate", "hear_stock", "lane_cancelled", "learn", "load", "load_into",
    "measures", "open_desk", "open_life", "open_slot", "place_order", "placed", "promise",
    "promiser", "quote_change", "read_events", "read_lead_times", "read_prices", "read_run",
    "read_setup", "recommend", "release", "reserve", "return_goods", "roll", "run_scenarios",
    "save_lead_times", "save_run", "share_out", "show_order", "simulate", "source_again",
    "state_of", "step_order", "world_of",
]  # fmt: skip

_MODULES = {
    "models.availability": ("Availability",),
    "models.backorder": ("BackorderRules",),
    "models.base": ("BrokenPlan", "OmnisourceError", "UnusableInput"),
    "models.explanation": ("Explanation",),
    "models.lifecycle": ("OrderState", "state_of"),
    "models.money": ("Charge", "Terms"),
    "models.network": ("Lane", "Node", "Service", "TariffStep", "ZoneRule"),
    "models.order": ("Delivery", "Line", "Order"),
    "models.place": ("Place",),
    "models.plan": ("Plan",),
    "models.policy": ("Fairness", "Fence", "HoldRule", "LoadStep", "Policy", "Weights"),
    "models.product": ("BundlePart", "Product"),
    "models.reservation": (
        "Claim", "ClaimLine", "ClaimShipment", "PickUp", "Placed", "Refused", "Reservation",
        "StockMessage",
    ),
    "models.promise": ("Cart", "CartLine", "Change", "NotOffered", "Offer", "Option", "Parcel"),
    "models.scenario": ("Scenario", "WhatIf"),
    "models.simulation": ("Simulation",),
    "models.stock": ("Allotment", "Receipt", "StockCell"),
    "models.told": ("Denied", "OrderChange", "Told"),
    "models.world": ("Table", "World"),
    "orchestrator.allocate": ("allocate",),
    "orchestrator.checkout.availability": ("availability",),
    "orchestrator.life.backorder": ("share_out",),
    "orchestrator.life.barred": ("address_unserved", "lane_cancelled"),
    "orchestrator.life.change": ("accept_change", "quote_change"),
    "orchestrator.serve.client": ("Client", "Refusal"),
    "orchestrator.compare": ("compare",),
    "orchestrator.life.decline": ("decline as decline_shipment", "source as source_again"),
    "orchestrator.explain": ("explain",),
    "orchestrator.explain_record": ("explain_in as explain_decision",),
    "orchestrator.synthetic.generate": ("generate",),
    "orchestrator.learn": ("evaluate_promises", "learn", "read_lead_times", "save_lead_times"),
    "orchestrator.lab.run": ("run_scenarios",),
    "orchestrator.life.doing": ("Doing", "Rules as LifeRules", "open_life"),
    "orchestrator.life.verbs": (
        "cancel as cancel_order", "events as read_events", "give_back as return_goods",
        "place as place_order", "show as show_order", "step as step_order",
    ),
    "orchestrator.folder.load": ("load_world as load", "world_of"),
    "orchestrator.measures": ("Measures", "measures_of as measures"),
    "orchestrator.checkout.reserve": (
        "confirm", "expire", "extend", "find_reservation", "hear_stock", "open_slot", "release",
        "reserve",
    ),
    "orchestrator.checkout.reserve_form": ("claim_of_option",),
    "orchestrator.checkout.placed": ("placed",),
    "orchestrator.checkout.promise": ("Promiser", "promise", "promiser"),
    "orchestrator.recommend.idea": ("Terms as RecommendTerms",),
    "orchestrator.recommend.verb": ("Recommendations", "recommend"),
    "orchestrator.rolling": ("Standing", "roll"),
    "orchestrator.runs": ("read_prices", "read_run", "save_run"),
    "orchestrator.simulate.outcome": ("Simulated",),
    "orchestrator.simulate.replicate": ("simulate",),
    "orchestrator.simulate.setup": ("read_setup",),
    "orchestrator.simulate.workers": ("Workers",),
    "orchestrator.store.desk": ("open_desk",),
    "orchestrator.stored": ("commit_plan", "connect", "load_into"),
    "solvers.judge.evaluate": ("evaluate",),
    "solvers.leadtime.table": ("LeadTimes",),
    "solvers.compile.legend": ("Shipped",),
    "solvers.problem": ("Limits",),
}  # fmt: skip
_ORIGINS = {
    entry.split(" as ")[-1]: (f"omnisource.{module}", entry.split(" as ")[0])
    for module, entries in _MODULES.items()
    for entry in entries
}


def __getattr__(name: str) -> Any:
    if name not in _ORIGINS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, original = _ORIGINS[name]
    value = getattr(import_module(module), original)
    globals()[name] = value  # the next time it is there at once
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_ORIGINS})
