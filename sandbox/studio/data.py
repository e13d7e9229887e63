"""What a new sandbox holds: people, workspaces, projects and their texts. The same for the same seed."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from random import Random
from typing import Any

from ..beginning import day_before
from . import texts as sample_texts
from .history import add_history
from .records import (
    ABSA_LABELS,
    ClassDefinition,
    Invitation,
    Label,
    Permission,
    ProductKey,
    Project,
    User,
    Workspace,
)
from .state import StudioState

__all__ = ["furnished_studio"]

RandomState = tuple[Any, ...]

USERS = [
    ("Dana", "Demo", "demo@docreview.example", "correct-horse-battery"),
    ("Jonas", "Huber", "jonas.huber@alpenblick.example", "gipfelkreuz-2026"),
    ("Mei", "Tanaka", "mei.tanaka@alpenblick.example", "kintsugi-kintsugi"),
    ("Priya", "Nair", "priya.nair@northwind.example", "monsoon-over-kochi"),
    ("Leo", "Martin", "leo.martin@northwind.example", "pain-au-chocolat"),
]
WORKSPACES = [
    ("Alpenblick Hotels", "Guest reviews and supplier invoices of our six houses", False),
    ("Northwind Support", "Tickets and product feedback of the support team", False),
    ("Archive 2025", "Closed work of last year, for reading only", True),
]
PERMISSIONS = [
    (1, 1, "ADMIN"),
    (1, 2, "MANAGER"),
    (1, 3, "ANNOTATOR"),
    (2, 1, "MANAGER"),
    (2, 4, "ADMIN"),
    (2, 5, "VIEWER"),
    (3, 1, "VIEWER"),
    (3, 4, "MANAGER"),
]
INVITATIONS = [
    (1, "anna.gruber@alpenblick.example", "ANNOTATOR", 2),
    (1, "paolo.conti@alpenblick.example", "VIEWER", 1),
    (2, "kim.larsen@northwind.example", "USER", 4),
]
CLASSES: dict[str, list[tuple[str, str, str]]] = {
    "Hotel reviews": [
        ("Room", "The room was spacious.", "The room itself and its bathroom"),
        ("Cleanliness", "Spotless bathroom.", "How clean the house is"),
        ("Staff", "The receptionist was kind.", "People who work there and their service"),
        ("Breakfast", "Great coffee.", "Breakfast and the buffet"),
        ("Location", "Close to the station.", "Where the hotel is and the way to it"),
        ("Price", "Good value.", "What it costs and whether that is fair"),
        ("Comfort", "We slept well.", "Sleep, quiet and warmth"),
        ("Facilities", "The wifi is fast.", "Wifi, pool, parking, lift and the like"),
    ],
    "Support ticket topics": [
        ("Billing", "I was charged twice.", "Invoices and payments"),
        ("Login", "I cannot log in.", "Passwords and accounts"),
        ("Delivery", "The parcel is late.", "Shipments and couriers"),
        ("Refund", "I want my money back.", "Returns and money back"),
        ("Bug", "The app crashes.", "Something does not work as it should"),
        ("Feature request", "Please add a calendar.", "Wishes for the product"),
        ("Cancellation", "Please cancel our plan.", "The end of a contract"),
    ],
    "Product feedback": [
        ("Battery", "It lasts four days.", "Battery and charging"),
        ("Display", "The screen is crisp.", "Screen and its brightness"),
        ("Sound", "Clear bass.", "Sound and microphone"),
        ("Setup", "Pairing was easy.", "First use, pairing and manual"),
        ("App", "The app crashes.", "App, firmware and sync"),
        ("Support", "The hotline helped.", "Help and warranty"),
    ],
}
LABELS = {
    "Hotel reviews": list(ABSA_LABELS),
    "Ticket urgency": ["Urgent", "Normal", "Low"],
    "Product feedback": ["Praise", "Complaint", "Question", "Wish"],
    "Supplier invoices": ["Invoice number", "Invoice date", "Supplier", "Total", "IBAN", "Due date"],
}
PROJECTS = [
    ("Hotel reviews", 1, "ABSA", 210),
    ("Support ticket topics", 2, "CLASS", 180),
    ("Ticket urgency", 2, "LABEL", 120),
    ("Product feedback", 2, "CLASSLABEL", 95),
    ("Supplier invoices", 1, "LABEL", 40),
]
INVOICES = [
    # supplier, number, written so many days ago, total, IBAN
    ("Bäckerei Moser KG", "BM-2026-0417", 35, "184.20", "AT61 1904 3002 3457 3201"),
    ("Linen & Laundry Ltd", "LL-88213", 31, "1,206.00", "GB29 NWBK 6016 1331 9268 19"),
    ("Aqua Pooltechnik GmbH", "R-10077", 24, "642.50", "DE89 3704 0044 0532 0130 00"),
    ("Kaffeerösterei Sonnig", "2026/311", 18, "318.90", "AT02 2011 1827 4183 1200"),
]


def furnished_studio(
    seed: int = 0, clock: Callable[[], float] = time.monotonic, work_seconds: float = 2.0
) -> StudioState:
    """A state with all the made-up data in it."""
    state = StudioState(seed, clock, work_seconds)
    _populate(state)
    return state


def _populate(state: StudioState) -> None:
    add_people(state)
    for name, workspace_id, kind, days in PROJECTS:
        number = state.next_id("project")
        state.projects[number] = Project(
            number,
            workspace_id,
            name,
            kind,
            state.days_ago(days),
            external_id=411 + number,
            classes=[ClassDefinition(state.next_id("class"), *entry) for entry in CLASSES.get(name, [])],
            labels=[Label(state.next_id("label", 110), label) for label in LABELS.get(name, [])],
        )
    composed, after = _composed(state.random.getstate())
    state.random.setstate(after)
    gold: dict[str, list[tuple[str | None, str | None]]] = {}
    for project_id, texts in composed.items():
        days = PROJECTS[project_id - 1][3]
        for index, entry in enumerate(texts):
            gold.update(entry.gold)
            created = state.days_ago(days - 2 - index / 10)
            state.add_text(project_id, entry.text, entry.meta, created=created)
    for index, (supplier, number, written, total, iban) in enumerate(INVOICES):
        text = (
            f"{supplier}\nInvoice number: {number}\nInvoice date: {day_before(written)}\n"
            "Bill to: Alpenblick Hotels\f"
            f"Total: {total} EUR\nIBAN: {iban}\nPlease pay within 14 days. Thank you for your order."
        )
        meta = {"file_name": f"invoice-{index + 1}.pdf", "pages": 2}
        state.add_text(5, text, meta, created=state.days_ago(30 - index * 5))
    add_history(state, gold)


@lru_cache(maxsize=4)
def _composed(
    beginning: RandomState,
) -> tuple[dict[int, list[sample_texts.Composed]], RandomState]:
    """The texts of each project, and the state of the generator after them: made once for a seed."""
    random = Random()
    random.setstate(beginning)
    composed = {
        1: sample_texts.hotel_reviews(random, 110),
        2: sample_texts.ticket_topics(random, 80),
        3: sample_texts.ticket_urgencies(random, 60),
        4: sample_texts.product_feedback(random, 46),
    }
    return composed, random.getstate()


def add_people(state: StudioState) -> None:
    for index, (first_name, last_name, email, password) in enumerate(USERS):
        number = state.next_id("user")
        home = 1 if index < 3 else 2
        state.users[number] = User(number, first_name, last_name, email, password, home)
    state.users[1].is_superuser = True
    state.users[4].is_betauser = True
    for name, description, read_only in WORKSPACES:
        number = state.next_id("workspace")
        state.workspaces[number] = Workspace(
            number, name, description, state.days_ago(400 - 60 * number), number == 2, read_only
        )
    for workspace_id, user_id, role in PERMISSIONS:
        number = state.next_id("permission")
        state.permissions[number] = Permission(number, workspace_id, user_id, role)
    for workspace_id, email, role, invited_by in INVITATIONS:
        number = state.next_id("invitation")
        state.invitations[number] = Invitation(
            number, workspace_id, email, role, invited_by, state.days_ago(6 - number), state.new_secret()
        )
    for user_id, name in ((1, "RPA robot"), (1, "Reporting"), (4, "Zendesk connector")):
        number = state.next_id("key")
        state.keys[number] = ProductKey(
            number, user_id, name, state.new_secret(), state.days_ago(80 - number)
        )
