"""Texts for the sandbox, put together from sentences that a person could have written.

Each sentence is listed with what a careful annotator would tag it with, so that the labeling sessions of the
sandbox hold human judgement and not the lexicon's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from . import review_sentences as reviews
from . import ticket_sentences as tickets

__all__ = ["Composed", "hotel_reviews", "product_feedback", "ticket_topics", "ticket_urgencies"]

Meaning = tuple[str | None, str | None]


@dataclass
class Composed:
    """A text, its further attributes, and for each of its sentences what an annotator would tag."""

    text: str
    meta: dict[str, Any]
    gold: dict[str, list[Meaning]] = field(default_factory=dict[str, list[Meaning]])


def hotel_reviews(random: Random, count: int) -> list[Composed]:
    """Reviews of hotels: two to four things praised or blamed, some German, some by strangers with aims."""
    aspects = list(reviews.HOTEL)
    german_aspects = list(reviews.HOTEL_GERMAN)

    def one(number: int) -> Composed:
        german = number % 14 == 9
        source = reviews.HOTEL_GERMAN if german else reviews.HOTEL
        tone = random.choices(["POS", "NEG", "MIXED"], [5, 3, 3])[0]
        values = {
            "city": random.choice(reviews.CITIES),
            "nights": str(random.randint(2, 7)),
            "floor": random.choice(["first", "second", "third", "fourth", "top"]),
            "price": str(random.randrange(79, 240, 5)),
            "hotel": random.choice(reviews.HOTELS),
            "month": random.choice(["January", "March", "May", "June", "August", "October", "December"]),
        }
        chosen = random.sample(german_aspects if german else aspects, random.randint(2, 4))
        composed = Composed("", {})
        parts = [random.choice(reviews.HOTEL_GERMAN_OPENERS if german else reviews.HOTEL_OPENERS)]
        for index, aspect in enumerate(chosen):
            label = tone if tone != "MIXED" else ("POS", "NEG", "NEU")[(index + number) % 3]
            options = source[aspect].get(label) or source[aspect]["POS"]
            label = label if label in source[aspect] else "POS"
            sentence = random.choice(options).format_map(values)
            composed.gold[sentence] = [(aspect, label)]
            parts.append(sentence)
        closers = reviews.HOTEL_GERMAN_CLOSERS if german else reviews.HOTEL_CLOSERS
        parts.append(random.choice(closers[tone]))
        if number in reviews.HOTEL_STRANGERS:
            parts.append(reviews.HOTEL_STRANGERS[number])
        composed.text = " ".join(part.format_map(values) for part in parts)
        rating = {"POS": random.randint(8, 10), "NEG": random.randint(2, 5), "MIXED": random.randint(5, 7)}[
            tone
        ]
        composed.meta = {
            "hotel": values["hotel"],
            "review_source": random.choice(["Booking.com", "Google", "Tripadvisor", "Expedia", "Guest form"]),
            "rating": rating,
            "language": "de" if german else "en",
            "stay": values["month"],
        }
        return composed

    return different(one, count)


def product_feedback(random: Random, count: int) -> list[Composed]:
    """What customers say about headphones, watches and speakers: praise, complaints, questions, wishes."""

    def one(number: int) -> Composed:
        german = number % 17 == 11
        source = reviews.PRODUCT_GERMAN if german else reviews.PRODUCT
        values = {
            "product": random.choice(reviews.PRODUCTS),
            "weeks": random.choice(["two", "three", "six"]),
            "version": f"{random.randint(2, 4)}.{random.randint(0, 9)}.{random.randint(0, 9)}",
            "hours": str(random.randint(4, 9)),
        }
        composed = Composed("", {})
        parts = [random.choice(reviews.PRODUCT_GERMAN_OPENERS if german else reviews.PRODUCT_OPENERS)]
        stars = 3
        for subject in random.sample(list(source), random.randint(2, min(3, len(source)))):
            label = random.choice(list(source[subject]))
            sentence = random.choice(source[subject][label]).format_map(values)
            composed.gold[sentence] = [(subject, label)]
            stars += (label == "Praise") - (label == "Complaint")
            parts.append(sentence)
        if number == 23:
            parts.append(reviews.PRODUCT_STRANGER)
        composed.text = " ".join(part.format_map(values) for part in parts)
        composed.meta = {
            "product": values["product"],
            "stars": max(1, min(5, stars)),
            "shop": random.choice(["web shop", "app store", "retail partner"]),
            "language": "de" if german else "en",
        }
        return composed

    return different(one, count)


def ticket_topics(random: Random, count: int) -> list[Composed]:
    """Support tickets about one topic, now and then about two."""

    def one(number: int) -> Composed:
        german = number % 16 == 7
        source = tickets.TOPICS_GERMAN if german else tickets.TOPICS
        values = ticket_values(random)
        composed = Composed("", {})
        parts = [random.choice(tickets.GERMAN_GREETINGS if german else tickets.GREETINGS)]
        for topic in random.sample(list(source), 2 if number % 6 == 5 else 1):
            for pattern in random.sample(source[topic], min(2, len(source[topic]))):
                sentence = pattern.format_map(values)
                composed.gold[sentence] = [(topic, None)]
                parts.append(sentence)
        if not german and number % 3:
            parts.append(random.choice(tickets.DETAILS).format_map(values))
        parts.append(random.choice(tickets.GERMAN_CLOSERS if german else tickets.CLOSERS).format_map(values))
        if number in tickets.STRANGERS:
            parts.insert(2, tickets.STRANGERS[number])
        composed.text = f"{parts[0]}\n{' '.join(parts[1:])}"
        composed.meta = ticket_meta(random, values, "de" if german else "en")
        return composed

    return different(one, count)


def ticket_urgencies(random: Random, count: int) -> list[Composed]:
    """Support tickets that differ in how much hurry they ask for."""

    def one(number: int) -> Composed:
        values = ticket_values(random)
        label = ("Normal", "Urgent", "Normal", "Low", "Urgent", "Normal")[number % 6]
        composed = Composed("", {})
        parts = [random.choice(tickets.GREETINGS)]
        problem = random.choice(tickets.URGENCY_PROBLEMS[label]).format_map(values)
        hurry = random.choice(tickets.URGENCY_HURRY[label]).format_map(values)
        composed.gold[problem] = [(None, label)]
        composed.gold[hurry] = [(None, label)]
        parts += [problem, hurry, random.choice(tickets.CLOSERS).format_map(values)]
        composed.text = f"{parts[0]}\n{' '.join(parts[1:])}"
        composed.meta = ticket_meta(random, values, "en")
        return composed

    return different(one, count)


def ticket_values(random: Random) -> dict[str, str]:
    return {
        "order": str(random.randint(40000, 99999)),
        "amount": f"{random.randint(12, 480)}.{random.choice(['00', '50', '90', '99'])}",
        "days": random.choice(["three", "five", "eight", "ten"]),
        "month": random.choice(["February", "March", "April", "May"]),
        "version": f"{random.randint(5, 8)}.{random.randint(0, 9)}",
        "name": random.choice(tickets.NAMES),
        "company": random.choice(tickets.COMPANIES),
        "users": random.choice(["12", "30", "45", "200"]),
    }


def ticket_meta(random: Random, values: dict[str, str], language: str) -> dict[str, Any]:
    return {
        "ticket": f"T-{random.randint(10000, 99999)}",
        "channel": random.choice(["email", "chat", "web form", "phone note"]),
        "customer": values["company"],
        "language": language,
    }


def different(one: Callable[[int], Composed], count: int) -> list[Composed]:
    """`count` texts of which no two read the same."""
    composed: list[Composed] = []
    seen: set[str] = set()
    while len(composed) < count:
        candidate = one(len(composed))
        if candidate.text not in seen:
            seen.add(candidate.text)
            composed.append(candidate)
    return composed
