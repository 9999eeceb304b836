"""Answers of many numbers: JSON objects whose arrays come from numpy, written without a model per number.

Belongs here: the form. The model of such an answer documents it (`response_model`); its arrays are numbers
of the database already and are not validated again one by one.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from fastapi import Response
from numpy.typing import NDArray
from pydantic import BaseModel
from pydantic_core import to_json

# Of the units of the tables; what float32 rounds of their values is not shown.
_DIGITS = 5


def json_answer(values: Mapping[str, Any]) -> Response:
    """Return an answer of `values`, as `json_body`."""
    return Response(json_body(values), media_type="application/json")


def model_answer(model: BaseModel) -> Response:
    """Return a model as an answer; FastAPI would send it through a thread and a validation of its own."""
    return Response(model.__pydantic_serializer__.to_json(model), media_type="application/json")


def plain_answer(value: object) -> Response:
    """Return dictionaries, lists and dataclasses of our own as an answer."""
    return Response(to_json(value, inf_nan_mode="null"), media_type="application/json")


def json_body(values: Mapping[str, Any]) -> bytes:
    """Return `values` as JSON; arrays become lists, NaN becomes null, times ISO 8601 with Z."""
    plain = {
        name: listed(value) if isinstance(value, np.ndarray) else value for name, value in values.items()
    }
    return to_json(plain, inf_nan_mode="null")


def listed(values: NDArray[Any]) -> list[Any]:
    """Return an array as a list of what JSON can carry; floats are rounded to 5 decimals."""
    if values.dtype.kind == "M":
        whole = not (values.astype("datetime64[us]").astype(np.int64) % 1_000_000).any()
        texts: list[Any] = np.datetime_as_string(values, unit="s" if whole else "us", timezone="UTC").tolist()
        return texts
    if values.dtype.kind == "f":
        rounded: list[Any] = np.round(values.astype(np.float64), _DIGITS).tolist()
        return rounded
    plain: list[Any] = values.tolist()
    return plain
