"""Categories are known by their names."""

import pytest

from stellwerk.core.taxonomy import Breach, Hazard, Pii, Threat, category_of


def test_a_category_is_found_by_its_name() -> None:
    for kind in (Hazard.SELF_HARM, Threat.SECRET, Pii.PERSON, Breach.TOPIC):
        assert category_of(str(kind)) is kind


def test_what_is_no_category_is_refused() -> None:
    with pytest.raises(ValueError, match="no category 'SELF_HARM'"):
        category_of("SELF_HARM")
