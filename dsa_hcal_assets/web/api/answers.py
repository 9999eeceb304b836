"""What answers of several resources have in common."""

from pydantic import BaseModel, ConfigDict


class FromRow(BaseModel):
    """An answer made of a record's attributes of the same names."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)
