"""What the documents that people write have in common: frozen, strict, no unknown keys."""

import re
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from reconciler.model import patterns


class Document(BaseModel):
    """A mapping in YAML with camelCase keys."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        regex_engine="python-re",  # the same patterns as in the JSON Schemas, which need look-ahead
        alias_generator=to_camel,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )


def _real_date(text: str) -> str:
    date.fromisoformat(text)
    return text


def _real_moment(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Name = Annotated[str, Field(pattern=patterns.NAME)]
Text = Annotated[str, Field(pattern=patterns.TEXT)]
Branch = Annotated[str, Field(pattern=patterns.BRANCH)]
RelativePath = Annotated[str, Field(pattern=patterns.PATH)]
Playbook = Annotated[str, Field(pattern=patterns.FILE_NAME)]
Url = Annotated[str, Field(pattern=patterns.URL)]
Date = Annotated[
    str,
    Field(pattern=patterns.DATE, json_schema_extra={"format": "date"}),
    AfterValidator(_real_date),
]
Moment = Annotated[str, Field(pattern=patterns.MOMENT), AfterValidator(_real_moment)]
Clock = Annotated[str, Field(pattern=patterns.CLOCK)]
Duration = Annotated[str, Field(pattern=patterns.DURATION)]
Labels = dict[Annotated[str, Field(pattern=patterns.LABEL_KEY)], Annotated[str, Field(pattern=patterns.TEXT)]]
ApiVersion = Literal["ship/v1"]


class Metadata(Document):
    """What the document is called."""

    name: Name
    """Unique among the documents of its kind."""


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(duration: str) -> int:
    """Return a validated duration such as `30m` in seconds."""
    number, unit = re.fullmatch(r"(\d+)([smhd])", duration).groups()  # type: ignore[union-attr]  # validated
    return int(number) * _UNITS[unit]
