"""How invoices, receipts, purchase orders and unknown forms look, and what is to be read on each.

Amounts are counted in cents, so that line items, subtotal, tax and total always add up on the paper.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta

from .paper import Column, PageReading, Paper
from .parties import BUYERS, GOODS, GROCERIES, REVIEWERS, SHOPS, SUPPLIERS

__all__ = [
    "FORM_KINDS",
    "INVOICE_FIELDS",
    "INVOICE_HEADERS",
    "ORDER_FIELDS",
    "ORDER_HEADERS",
    "RECEIPT_FIELDS",
    "RECEIPT_HEADERS",
    "form",
    "form_value",
    "invoice",
    "purchase_order",
    "receipt",
]

INVOICE_FIELDS = (
    "vendor_name", "vendor_address", "invoice_number", "invoice_date", "due_date", "po_number",
    "buyer_name", "currency", "subtotal", "tax_amount", "total_amount", "iban", "notes",
)  # fmt: skip
INVOICE_HEADERS = ("description", "quantity", "unit_price", "amount")
RECEIPT_FIELDS = (
    "merchant_name", "merchant_address", "receipt_number", "receipt_date", "receipt_time", "currency",
    "subtotal", "total_tax_%", "total_amount", "payment_method",
)  # fmt: skip
RECEIPT_HEADERS = ("item", "quantity", "amount")
ORDER_FIELDS = (
    "po_number", "order_date", "delivery_date", "supplier_name", "supplier_address", "buyer_name",
    "ship_to", "currency", "total_amount", "approved_by", "notes",
)  # fmt: skip
ORDER_HEADERS = ("item_code", "description", "quantity", "unit_price", "amount")

FORM_KINDS = ("invoice", "receipt", "purchase_order")

INVOICE_COLUMNS = (
    Column("description", 50, 450),
    Column("quantity", 460, 540, numeric=True),
    Column("unit_price", 550, 670, numeric=True),
    Column("amount", 680, 800, numeric=True),
)
RECEIPT_COLUMNS = (
    Column("item", 260, 450),
    Column("quantity", 455, 505, numeric=True),
    Column("amount", 510, 590, numeric=True),
)
ORDER_COLUMNS = (
    Column("item_code", 50, 140),
    Column("description", 150, 470),
    Column("quantity", 480, 550, numeric=True),
    Column("unit_price", 560, 670, numeric=True),
    Column("amount", 680, 800, numeric=True),
)

FIRST_PAGE_ROWS = 30
NEXT_PAGE_ROWS = 26


def money(cents: int) -> str:
    """An amount as it is printed: 1,284.50."""
    return f"{cents // 100:,}.{cents % 100:02d}"


def invoice(
    identity: str, day: date, *, lines: int | None = None, rows_on_first_page: int = FIRST_PAGE_ROWS,
    notes: str = "", odd_item: str = "",
) -> tuple[PageReading, ...]:  # fmt: skip
    """An invoice written on that day; one with more lines than a page holds goes on over several pages.

    `notes` is printed at the foot, `odd_item` as the description of the second line.
    """
    rng = random.Random(identity)
    supplier, buyer = rng.choice(SUPPLIERS), rng.choice(BUYERS)
    paper = Paper(identity, rng)
    paper.field("vendor_name", supplier.name, 50, 46, 22)
    paper.field("vendor_address", supplier.address, 50, 82, 12)
    paper.print("INVOICE", 800, 46, 24, right=True)
    for position, (name, label, text) in enumerate(
        (
            ("invoice_number", "Invoice no.", f"{supplier.invoice_prefix}{rng.randint(10300, 98790)}"),
            ("invoice_date", "Date", day.strftime(supplier.date_format)),
            ("due_date", "Due date", (day + timedelta(days=30)).strftime(supplier.date_format)),
            ("po_number", "Your order", f"PO-{rng.randint(4500100, 4500990)}"),
            ("currency", "Currency", supplier.currency),
        )
    ):
        paper.labelled(name, label, text, 500, 130 + 28 * position)
    paper.print("Bill to", 50, 130)
    paper.field("buyer_name", buyer.name, 50, 154, 14)
    paper.print(buyer.address, 50, 182)

    count = lines or rng.randint(2, 8)
    items = [rng.choice(GOODS) for _ in range(count)]
    quantities = [rng.randint(1, 24) for _ in items]
    amounts = [item[2] * quantity for item, quantity in zip(items, quantities, strict=True)]
    descriptions = [odd_item if odd_item and row == 1 else item[1] for row, item in enumerate(items)]
    rows = [
        (description, str(quantity), money(item[2]), money(amount))
        for description, quantity, item, amount in zip(descriptions, quantities, items, amounts, strict=True)
    ]
    y = paper.table(INVOICE_COLUMNS, rows[:rows_on_first_page], 290, 24 if count <= 20 else 20)
    for start in range(rows_on_first_page, count, NEXT_PAGE_ROWS):
        paper.print("continued on the next page", 800, 1060, 11, right=True)
        paper.end_page()
        paper.print(f"{supplier.name}, invoice continued", 50, 46, 12)
        y = paper.table(INVOICE_COLUMNS, rows[start : start + NEXT_PAGE_ROWS], 90, 24)

    subtotal = sum(amounts)
    tax = subtotal * supplier.tax_percent // 100
    for name, label, cents in (
        ("subtotal", "Subtotal", subtotal),
        ("tax_amount", f"Tax {supplier.tax_percent}%", tax),
        ("total_amount", "Total due", subtotal + tax),
    ):
        paper.print(label, 560, y, 12)
        paper.field(name, money(cents), 800, y, 13, right=True)
        y += 26
    if supplier.iban:
        paper.labelled("iban", "IBAN", supplier.iban, 50, max(y - 20, 1010), 60)
    if notes:
        paper.field("notes", notes, 50, 1045, 12, widest=750)
    paper.end_page()
    return paper.readings()


def receipt(identity: str, day: date, *, footer: str = "") -> tuple[PageReading, ...]:
    """A till receipt, a narrow strip in the middle of the page."""
    rng = random.Random(identity)
    shop = rng.choice(SHOPS)
    paper = Paper(identity, rng)
    paper.field("merchant_name", shop.name, 260, 70, 20)
    paper.field("merchant_address", shop.address, 260, 104, 11, widest=330)
    paper.labelled("receipt_number", "Receipt", f"{rng.randint(1000, 9999)}-{rng.randint(10, 99)}", 260, 140)
    paper.labelled("receipt_date", "Date", day.strftime(shop.date_format), 260, 164)
    paper.labelled("receipt_time", "Time", f"{rng.randint(7, 21):02d}:{rng.randint(0, 59):02d}", 260, 188)
    paper.labelled("currency", "Currency", shop.currency, 260, 212)
    chosen = rng.sample(GROCERIES, rng.randint(1, 5))
    quantities = [rng.choice((1, 1, 1, 2, 3)) for _ in chosen]
    amounts = [price * quantity for (_, price), quantity in zip(chosen, quantities, strict=True)]
    rows = [
        (name, str(quantity), money(amount))
        for (name, _), quantity, amount in zip(chosen, quantities, amounts, strict=True)
    ]
    y = paper.table(RECEIPT_COLUMNS, rows, 250, 24)
    total = sum(amounts)
    net = round(total * 100 / (100 + shop.tax_percent))
    for name, label, text in (
        ("subtotal", "Net", money(net)),
        ("total_tax_%", "Tax included, %", str(shop.tax_percent)),
        ("total_amount", "TOTAL", money(total)),
    ):
        paper.print(label, 260, y, 12)
        paper.field(name, text, 590, y, 14, right=True)
        y += 28
    paper.labelled("payment_method", "Paid by", rng.choice(("VISA ****4417", "Cash", "Maestro")), 260, y)
    paper.print(footer or "Thank you for your visit", 260, y + 40, 11)
    paper.end_page()
    return paper.readings()


def purchase_order(identity: str, day: date, *, notes: str = "") -> tuple[PageReading, ...]:
    """A purchase order to a supplier."""
    rng = random.Random(identity)
    supplier, buyer = rng.choice(SUPPLIERS), rng.choice(BUYERS)
    paper = Paper(identity, rng)
    paper.print("PURCHASE ORDER", 800, 46, 24, right=True)
    paper.field("buyer_name", buyer.name, 50, 46, 20)
    paper.labelled("ship_to", "Ship to", buyer.address, 50, 84, 70)
    paper.labelled("po_number", "Order no.", f"PO-{rng.randint(4500100, 4500990)}", 500, 130)
    paper.labelled("order_date", "Order date", day.strftime("%d %b %Y"), 500, 158)
    delivery = day + timedelta(days=rng.randint(10, 35))
    paper.labelled("delivery_date", "Deliver by", delivery.strftime("%d %b %Y"), 500, 186)
    paper.labelled("currency", "Currency", supplier.currency, 500, 214)
    paper.print("Supplier", 50, 130)
    paper.field("supplier_name", supplier.name, 50, 154, 14)
    paper.field("supplier_address", supplier.address, 50, 182, 11, widest=430)
    items = rng.sample(GOODS, rng.randint(2, 9))
    quantities = [rng.randint(2, 60) for _ in items]
    amounts = [item[2] * quantity for item, quantity in zip(items, quantities, strict=True)]
    rows = [
        (code, description, str(quantity), money(price), money(amount))
        for (code, description, price), quantity, amount in zip(items, quantities, amounts, strict=True)
    ]
    y = paper.table(ORDER_COLUMNS, rows, 280, 26)
    paper.print("Order total", 560, y, 12)
    paper.field("total_amount", money(sum(amounts)), 800, y, 14, right=True)
    approver = rng.choice(REVIEWERS).split("@")[0].replace(".", " ").title()
    paper.labelled("approved_by", "Approved by", approver, 50, y + 60)
    if notes:
        paper.field("notes", notes, 50, y + 100, 12, widest=750)
    paper.end_page()
    return paper.readings()


def form(identity: str, fields: Sequence[str], headers: Sequence[str]) -> tuple[PageReading, ...]:
    """A form with a line for each of these fields and, if there are headers, a table of three rows."""
    rng = random.Random(identity)
    paper = Paper(identity, rng)
    paper.print("FORM", 50, 46, 22)
    for position, name in enumerate(fields):
        text = form_value(name, rng)
        paper.labelled(name, name.replace("_", " "), text, 50, 100 + 24 * position, 260)
    if headers:
        width = 750 // len(headers)
        columns = [
            Column(header, 50 + width * position, 40 + width * (position + 1))
            for position, header in enumerate(headers)
        ]
        rows = [[form_value(header, rng) for header in headers] for _ in range(3)]
        paper.table(columns, rows, 120 + 24 * len(fields), 24)
    paper.end_page()
    return paper.readings()


def form_value(name: str, rng: random.Random) -> str:
    """A value that suits the name of a field."""
    if any(part in name for part in ("amount", "total", "price", "tax", "cost")):
        return money(rng.randint(900, 950000))
    if "date" in name:
        return date(2026, rng.randint(1, 10), rng.randint(1, 28)).isoformat()
    if any(part in name for part in ("name", "vendor", "supplier", "company", "customer")):
        return rng.choice(SUPPLIERS).name
    if "address" in name:
        return rng.choice(SUPPLIERS).address
    if any(part in name for part in ("quantity", "count", "qty")):
        return str(rng.randint(1, 40))
    if any(part in name for part in ("item", "description", "product")):
        return rng.choice(GOODS)[1]
    return f"{rng.choice('ABCDEFGHKLMNPRSTX')}-{rng.randint(10000, 99999)}"
