"""The words that the sandbox's models know, in English and German.

`SUBJECTS` maps the name of a class to the words that speak of it. A word that ends in `*` is a beginning
("clean*" finds "cleaning"); an underscore stands for the space of a phrase ("sign_in").
"""

from __future__ import annotations

__all__ = [
    "CLAUSE_BREAKS",
    "LABEL_MEANINGS",
    "LOW_URGENCY",
    "NEGATIONS",
    "NEGATIVE",
    "NEGATIVE_PHRASES",
    "POSITIVE",
    "POSITIVE_PHRASES",
    "SUBJECTS",
    "URGENT",
    "WISHES",
    "words",
]


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SUBJECTS: dict[str, str] = {
    "Room": "room rooms bed beds suite balcony mattress pillow pillows curtains bathroom shower towels "
    "minibar zimmer bett dusche badezimmer balkon matratze",
    "Cleanliness": "clean* spotless dirty dust dusty stain* hair mould moldy mouldy filthy hygiene smell* "
    "sauber* schmutzig* staub flecken",
    "Staff": "staff receptionist reception concierge waiter waitress housekeeping team manager host service "
    "personal rezeption mitarbeiter* kellner team",
    "Breakfast": "breakfast buffet coffee croissant* eggs pastries omelette frühstück* kaffee brötchen",
    "Location": "location located station centre center beach harbour neighbourhood walk* tram metro lage "
    "bahnhof zentrum altstadt innenstadt",
    "Price": "price* paid expensive cheap money cost* overpriced bill value preis* teuer günstig",
    "Comfort": "comfort* quiet noise noisy loud cosy cozy sleep slept soundproof* heating ruhig* laut "
    "gemütlich* bequem* schlafen geschlafen lärm",
    "Facilities": "wifi wi-fi internet pool gym sauna spa parking garage elevator lift wlan aufzug "
    "parkplatz schwimmbad",
    "Billing": "invoice* bill* charge* payment* receipt vat subscription rechnung* abgebucht zahlung",
    "Login": "login password account sign-in verification two-factor authenticator locked log_in sign_in "
    "reset_link passwort anmelden konto",
    "Delivery": "deliver* parcel package courier shipment shipping tracking arrived paket lieferung*",
    "Refund": "refund* return* money reimburse* erstattung rückerstattung",
    "Bug": "crash* error bug freeze* freezing broken exception blank spinner absturz fehler*",
    "Feature request": "feature roadmap dark_mode would_be_nice could_you_add please_add it_would_help",
    "Cancellation": "cancel* terminate close unsubscribe kündig* kündigung",
    "Battery": "battery charge* charging charger akku",
    "Display": "display screen brightness pixel* bildschirm",
    "Sound": "sound bass audio microphone speaker* volume noise-cancelling klang ton",
    "Setup": "setup pairing pair paired install* manual instructions einrichtung anleitung",
    "App": "app firmware update* bluetooth sync*",
    "Support": "support hotline replacement warranty helpdesk kundendienst",
}

POSITIVE = words(
    """good great excellent lovely wonderful fantastic perfect amazing friendly helpful clean spotless
    comfortable cosy cozy quiet delicious fresh tasty beautiful nice best love loved enjoyed enjoy pleasant
    superb outstanding attentive welcoming polite kind generous spacious bright fair reasonable convenient
    ideal central worth impressed impressive happy pleased recommend recommended smooth smoothly easy quick
    quickly fast reliable solid crisp clear sharp works work working brilliant charming modern better
    thanks thank glad sturdy effortless intuitive cheap bargain patient
    gut gute guter gutes super toll tolle schön schöne schöner freundlich freundliche freundliches sauber
    sauberes lecker leckeres ruhig ruhige bequem bequeme hervorragend hervorragende empfehlen günstig
    perfekt perfekte zufrieden hilfsbereit gemütlich gemütliche"""
)

NEGATIVE = words(
    """bad poor terrible awful horrible dirty dusty stained stains filthy mouldy rude unfriendly slow slowly
    noisy noise loud cold broken broke stale bland expensive overpriced disappointing disappointed
    disappointment worst worse uncomfortable small tiny cramped dark smelly smell smelled unhelpful ignored
    complain complained complaint problem problems annoying annoyed useless crash crashes crashed crashing
    error errors fails failed failing fail wrong late missing lost damaged scratched dead drains drained
    stuck freezes confusing difficult hard impossible waste regret unacceptable frustrating frustrated
    flimsy tinny muffled laggy unreliable refuses hidden
    schlecht schlechte schlechter schmutzig schmutzige laut laute teuer teure kalt kalte unfreundlich
    unfreundliche unfreundliches enttäuschend enttäuscht kaputt langsam langsame fehler leider mangelhaft
    verspätet"""
)

POSITIVE_PHRASES = (
    "could not have been better",
    "couldn't have been better",
    "nothing to complain about",
    "nichts auszusetzen",
    "no complaints",
    "no problem",
    "without a problem",
    "not only",
)

NEGATIVE_PHRASES = (
    "no hot water",
    "let me down",
    "out of order",
    "out of stock",
    "nobody answered",
    "never again",
    "nie wieder",
    "kein warmes wasser",
    "falls apart",
    "gave up",
)

NEGATIONS = words(
    """not no never nothing nobody neither nor without hardly barely cannot can't nicht kein keine keinen
    keiner nie niemand ohne kaum"""
)

CLAUSE_BREAKS = words("but however although though yet while whereas aber jedoch obwohl allerdings sondern")

URGENT = (
    "urgent",
    "urgently",
    "immediately",
    "asap",
    "as soon as possible",
    "right now",
    "emergency",
    "production is down",
    "is down",
    "outage",
    "deadline",
    "by tonight",
    "within the hour",
    "cannot work",
    "can't work",
    "data loss",
    "security incident",
    "dringend",
    "sofort",
    "steht still",
)

LOW_URGENCY = (
    "no rush",
    "no hurry",
    "whenever you have time",
    "when you get a chance",
    "just curious",
    "minor",
    "cosmetic",
    "not urgent",
    "nice to have",
    "keine eile",
)

WISHES = (
    "would be nice",
    "would be great",
    "would love",
    "i wish",
    "please add",
    "could you add",
    "it would help",
    "should have an option",
    "wäre schön",
    "wünsche mir",
)

LABEL_MEANINGS: dict[str, str] = {
    "pos": "positive",
    "positive": "positive",
    "positiv": "positive",
    "praise": "positive",
    "good": "positive",
    "happy": "positive",
    "neg": "negative",
    "negative": "negative",
    "negativ": "negative",
    "complaint": "negative",
    "bad": "negative",
    "unhappy": "negative",
    "neu": "neutral",
    "neutral": "neutral",
    "mixed": "neutral",
    "urgent": "urgent",
    "high": "urgent",
    "critical": "urgent",
    "dringend": "urgent",
    "normal": "normal",
    "medium": "normal",
    "low": "low",
    "question": "question",
    "frage": "question",
    "wish": "wish",
    "idea": "wish",
    "suggestion": "wish",
}
