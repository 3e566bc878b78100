"""What the sections of ``stellwerk.toml`` are made of: tables, and values that are checked as they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from stellwerk.config import notation

DAY_S = 86_400


def written(notation_of: Callable[[str], str]) -> AfterValidator:
    """A text in a notation, which is checked and made canonical."""

    def check(text: str) -> str:
        try:
            return notation_of(text)
        except ValueError as error:
            raise PydanticCustomError("notation", "{expected}", {"expected": str(error)}) from None

    return AfterValidator(check)


Seconds = Annotated[float, Field(gt=0, le=DAY_S, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=2**40)]
Address = Annotated[str, written(notation.address)]
Secret = Annotated[str, Field(min_length=1)]
Label = Annotated[str, written(notation.label)]
ModelName = Annotated[str, written(notation.model_name)]
ProviderName = Annotated[str, written(notation.provider_name)]


class Section(BaseModel):
    """A table of the file: strict about types, without unknown keys, never changed."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
