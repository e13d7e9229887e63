"""The companies, shops, goods and people that the sandbox's documents are about; all invented."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["BUYERS", "GOODS", "GROCERIES", "REVIEWERS", "SHOPS", "SUPPLIERS", "Party", "Shop", "Supplier"]


class Party(NamedTuple):
    """A company with its address on one line."""

    name: str
    address: str


class Supplier(NamedTuple):
    """A company that sells: the way it writes invoices follows its country."""

    name: str
    address: str
    currency: str
    tax_percent: int
    date_format: str
    invoice_prefix: str
    iban: str


class Shop(NamedTuple):
    """A shop that prints receipts."""

    name: str
    address: str
    currency: str
    tax_percent: int
    date_format: str


SUPPLIERS = (
    Supplier(
        "Hartwell Fasteners Ltd", "12 Mill Lane, Leeds LS1 4DY, United Kingdom",
        "GBP", 20, "%d/%m/%Y", "HF-", "GB29 NWBK 6016 1331 9268 19",
    ),
    Supplier(
        "Brenner Werkzeugbau GmbH", "Industriestrasse 14, 70565 Stuttgart, Germany",
        "EUR", 19, "%d.%m.%Y", "RE-2026-", "DE89 3704 0044 0532 0130 00",
    ),
    Supplier(
        "Cascade Office Supply Inc.", "4410 NE Sandy Blvd, Portland, OR 97213, USA",
        "USD", 0, "%m/%d/%Y", "COS", "",
    ),
    Supplier(
        "Papeterie Duval SARL", "27 rue des Lilas, 69003 Lyon, France",
        "EUR", 20, "%d/%m/%Y", "FA26-", "FR14 2004 1010 0505 0001 3M02 606",
    ),
    Supplier(
        "Norrland Logistik AB", "Hamngatan 8, 972 34 Lulea, Sweden",
        "SEK", 25, "%Y-%m-%d", "", "SE45 5000 0000 0583 9825 7466",
    ),
    Supplier(
        "Tessaro Imballaggi S.r.l.", "Via dell'Artigianato 31, 36100 Vicenza, Italy",
        "EUR", 22, "%d/%m/%Y", "2026/", "IT60 X054 2811 1010 0000 0123 456",
    ),
    Supplier(
        "Quillon Software Services", "1 Harbour Square, Dublin D01 F6F5, Ireland",
        "EUR", 23, "%d/%m/%Y", "QSS-", "IE29 AIBK 9311 5212 3456 78",
    ),
    Supplier(
        "Redwood Facility Care LLC", "880 Alder Street, Sacramento, CA 95814, USA",
        "USD", 8, "%m/%d/%Y", "INV-", "",
    ),
    Supplier(
        "Kestrel Print & Sign", "Unit 5, Parkside Trading Estate, Bristol BS4 3QL, United Kingdom",
        "GBP", 20, "%d/%m/%Y", "KPS/", "GB94 BARC 1020 1530 0934 59",
    ),
    Supplier(
        "Van Dijk Elektro B.V.", "Keizersgracht 210, 1016 DX Amsterdam, Netherlands",
        "EUR", 21, "%d-%m-%Y", "VDE", "NL91 ABNA 0417 1643 00",
    ),
)  # fmt: skip

BUYERS = (
    Party("Norwick Manufacturing Ltd", "3 Foundry Road, Sheffield S4 7UQ, United Kingdom"),
    Party("Norwick Europe GmbH", "Hafenallee 52, 60314 Frankfurt am Main, Germany"),
    Party("Norwick Americas Inc.", "1200 Lakeside Ave, Cleveland, OH 44114, USA"),
)

GOODS = (
    ("HB-0840", "Hex bolt M8 x 40, stainless, box of 100", 2450),
    ("WN-0008", "Washer M8, zinc plated, bag of 500", 1180),
    ("DR-1306", "Cobalt drill bit set, 13 pieces", 6899),
    ("GL-0210", "Nitrile gloves, size L, box of 200", 1375),
    ("PP-8080", "Copy paper A4, 80 g, carton of 5 reams", 2190),
    ("TN-5510", "Toner cartridge, black, 9,000 pages", 11640),
    ("LB-0044", "Thermal shipping labels 4 x 6, roll", 940),
    ("PL-1280", "Euro pallet 1200 x 800, heat treated", 1850),
    ("ST-0500", "Stretch film 500 mm, 23 my, roll", 765),
    ("CB-3001", "Corrugated box 400 x 300 x 200, pack of 25", 3120),
    ("SV-0001", "On-site maintenance, hour", 8500),
    ("SV-0014", "Software subscription, seat per month", 2900),
    ("FR-0100", "Freight, standard delivery", 4800),
    ("CL-2200", "Floor cleaner concentrate, 10 l", 3345),
    ("LP-0036", "LED panel 600 x 600, 36 W", 4290),
    ("CA-0305", "Patch cable Cat 6, 5 m", 415),
    ("SE-0090", "Safety glasses, clear, anti-fog", 695),
    ("BT-1018", "Battery pack 18 V, 5.0 Ah", 8990),
)
"""Item code, description, unit price in cents."""

SHOPS = (
    Shop("Green Fork Bistro", "58 Castle Street, Bristol BS1 3AF", "GBP", 20, "%d/%m/%Y"),
    Shop("Shell Station 4471", "2150 Euclid Ave, Cleveland, OH 44115", "USD", 8, "%m/%d/%Y"),
    Shop("Backhaus Kranz", "Kaiserstrasse 9, 60311 Frankfurt", "EUR", 7, "%d.%m.%Y"),
    Shop("Metro Taxi Co-op", "17 Quay Street, Dublin D02 YX88", "EUR", 13, "%d/%m/%Y"),
    Shop("Brightline Hardware", "301 Main Street, Akron, OH 44308", "USD", 7, "%m/%d/%Y"),
    Shop("Hotel Arcadia", "44 Rue Garibaldi, 69006 Lyon", "EUR", 10, "%d/%m/%Y"),
    Shop("City Parking North", "Park Row, Leeds LS1 5HD", "GBP", 20, "%d/%m/%Y"),
)

GROCERIES = (
    ("Flat white", 340),
    ("Soup of the day", 695),
    ("Club sandwich", 890),
    ("Mineral water 0.5 l", 210),
    ("Diesel", 1689),
    ("Parking, 3 h", 750),
    ("Taxi fare airport", 3420),
    ("Room, 1 night", 12900),
    ("City tax", 240),
    ("Breakfast buffet", 1650),
    ("Wall anchors", 579),
    ("AA batteries, 8 pack", 949),
    ("Extension lead 5 m", 1499),
    ("Rye bread 1 kg", 485),
)
"""Item, price in cents."""

REVIEWERS = (
    "maria.keller@norwick.example",
    "tom.adeyemi@norwick.example",
    "priya.nair@norwick.example",
    "jonas.berg@norwick.example",
)
