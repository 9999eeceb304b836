"""What answers of several resources have in common."""

from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict


class FromRow(BaseModel):
    """An answer made of a record's attributes of the same names."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


def records_of(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    """Return the rows of a frame by name; what is missing (NaN, NaT) becomes None."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")
