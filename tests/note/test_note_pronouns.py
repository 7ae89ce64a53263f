from __future__ import annotations

import pytest

from appliance.note.pronouns import Sex, patient_sex, with_pronouns


@pytest.mark.parametrize(
    ("said", "sex"),
    [
        ("Brian is a 58-year-old male with heart failure.", "male"),
        ("Sarah is a 27 year old pleasant woman.", "female"),
        ("No, ma'am, not at all.", "female"),
        ("Good morning, Mr. Smith.", "male"),
        ("My periods are irregular. My husband, Mr. Jones, says so. Yes, ma'am.", "female"),
        ("My knee hurts when I walk.", None),
        ("He is a 40-year-old man, she said. Mrs. Brown agreed.", None),
    ],
)
def test_the_visit_shows_the_sex(said: str, sex: Sex | None) -> None:
    assert patient_sex([said]) == sex


@pytest.mark.parametrize(
    ("sentence", "sex", "expected"),
    [
        ("She reports that his knee hurts.", "male", "He reports that his knee hurts."),
        ("He is taking his insulin.", "female", "She is taking her insulin."),
        ("I advised him to rest.", "female", "I advised her to rest."),
        ("I advised her to rest.", "male", "I advised him to rest."),
        ("She checks her sugar herself.", "male", "He checks his sugar himself."),
        ("She denies chest pain.", None, "The patient denies chest pain."),
        ("He forgets his evening pill.", None, "The patient forgets their evening pill."),
        ("The patient states that she has pain.", None, "The patient states that he or she has pain."),
        ("She says she is tired.", None, "The patient says he or she is tired."),
        ("I asked her to call us.", None, "I asked them to call us."),
        ("Her blood pressure is 142/86.", None, "Their blood pressure is 142/86."),
        (
            "She reports that her father had his first stroke at 50.",
            "male",
            "She reports that her father had his first stroke at 50.",
        ),
        ("Continue metformin 500 mg twice daily.", None, "Continue metformin 500 mg twice daily."),
        ("There is tenderness here and there.", "male", "There is tenderness here and there."),
    ],
)
def test_pronouns_follow_the_patient(sentence: str, sex: Sex | None, expected: str) -> None:
    assert with_pronouns(sentence, sex) == expected
