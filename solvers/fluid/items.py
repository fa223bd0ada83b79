"""The item-based programme over expected demand, whose shares the published policies round.

With n_q orders of class q, u_qsk the share of slot s that place k sends, y_qk that of the orders
to which k sends something, and costs and stock of solvers/fluid/classes.py,

    (1)  min  Σ n_q ( Σ_k fixed_k y_qk  +  Σ_sk unit_qk u_qsk )
    (2)  Σ_k u_qsk  =  1                                     every slot
    (3)  u_qsk  ≤  y_qk                                      every slot and place
    (4)  Σ n_q u_qsk over slots of item i  ≤  stock_ik       every item and place but the last

(Jasin & Sinha, Operations Research 63(6), 2015, Section 3.)
"""

from dataclasses import dataclass

import numpy as np
from ortools.linear_solver.python import model_builder_helper as mb
from scipy import sparse

from omnisource.solvers.fluid.classes import MILLION, Classes
from omnisource.solvers.joint.master import or_tools
from omnisource.solvers.problem import Floats, Ints


@dataclass(frozen=True, eq=False)
class Shares:
    """A solution of the programme."""

    value: float  # (1), millionths of a dollar
    u: Floats  # (Q, S, F+1), 0 behind the last item


def item_wise(classes: Classes, orders: Floats) -> Shares:
    """Solve (1)–(4) for so many orders of each class, (Q,)."""
    q, s, k = np.nonzero(_may_send(classes))
    senders, y_of = np.unique(q * (classes.last + 1) + k, return_inverse=True)
    y_class, y_place = np.divmod(senders, classes.last + 1)
    many, size = orders[q], len(q)
    cost = [
        many * classes.unit[q, k] / MILLION,
        orders[y_class] * classes.fixed[y_place] / MILLION,
    ]  # (1)
    slot, cell = q * classes.item.shape[1] + s, classes.item[q, s] * (classes.last + 1) + k
    slots, row = np.unique(slot, return_inverse=True)
    held = k < classes.last
    cells, stocked = np.unique(cell[held], return_inverse=True)
    u = np.arange(size)
    blocks = [
        _rows(row, u, np.ones(size)),  # (2)
        _rows(np.tile(u, 2), np.append(u, size + y_of), np.repeat([1.0, -1.0], size)),  # (3)
        _rows(stocked, u[held], many[held]),  # (4)
    ]
    matrix = _stacked(blocks, size + len(senders))
    room = classes.stock.ravel()[cells].astype(np.float64)
    upper = np.concatenate([np.ones(len(slots)), np.zeros(size), room])
    lower = np.where(np.arange(len(upper)) < len(slots), 1.0, -np.inf)
    value, found = _solved(np.concatenate(cost), lower, upper, matrix)
    shares = np.zeros((*classes.item.shape, classes.last + 1))
    shares[q, s, k] = np.maximum(found[:size], 0.0)
    total = shares.sum(axis=2, keepdims=True)
    return Shares(value * MILLION, shares / np.where(total > 0, total, 1.0))


def _may_send(classes: Classes) -> Ints:
    """Say which place has what a slot asks for, (Q, S, F+1)."""
    held = classes.stock[np.maximum(classes.item, 0)] > 0
    return np.asarray(held & (classes.item >= 0)[:, :, None])


Block = tuple[Ints, Ints, Floats]


def _rows(row: Ints, column: Ints, value: Floats) -> Block:
    return row, column, value


def _stacked(blocks: list[Block], width: int) -> sparse.csr_matrix:
    """Return blocks of (row, column, value) one below the other."""
    parts = [
        sparse.csr_matrix((value, (row, column)), shape=(int(row.max()) + 1, width))
        for row, column, value in blocks
        if len(row)
    ]
    return sparse.vstack(parts, format="csr")


def _solved(
    cost: Floats, lower: Floats, upper: Floats, matrix: sparse.csr_matrix
) -> tuple[float, Floats]:
    model, solver = mb.ModelBuilderHelper(), or_tools(integer=False, seconds=3_600.0)
    width = matrix.shape[1]
    model.fill_model_from_sparse_data(np.zeros(width), np.ones(width), cost, lower, upper, matrix)
    solver.solve(model)
    assert solver.has_solution(), "the last place serves all"
    return float(solver.objective_value()), np.array(solver.variable_values())
