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


def words(kind: str, quantity: str) -> str:
    """Return an anomaly in words, such as ``bias offset other than set``."""
    name = {"gain": "gain mode", "lv_positive": "positive LV", "lv_negative": "negative LV"}.get(
        quantity, quantity.replace("_", " ")
    )
    return f"{name} {KINDS[kind]}"
