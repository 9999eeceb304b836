"""What kinds and quantities are called in alerts and reports."""

KINDS = {
    "limit": "outside its limits",
    "change": "changed fast",
    "history": "unlike its own past",
    "neighbours": "unlike its neighbours",
    "half_sector": "unlike its half-sector",
    "mismatch": "other than set",
    "off": "off",
    "mode": "other than the rest of its sector",
    "silent": "missing",
}


_QUANTITIES = {"gain": "gain mode", "lv_positive": "positive LV", "lv_negative": "negative LV"}


def quantity_words(quantity: str) -> str:
    """Return what people call a quantity, such as ``bias offset``."""
    return _QUANTITIES.get(quantity, quantity.replace("_", " "))


def words(kind: str, quantity: str) -> str:
    """Return an anomaly in words, such as ``bias offset other than set``."""
    return f"{quantity_words(quantity)} {KINDS[kind]}"
