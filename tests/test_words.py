from itertools import pairwise

import pytest

from avatarkit.errors import BadData
from avatarkit.poses import POSES
from avatarkit.words import Description, average_height, understood, vocabulary
from avatarkit.words.lexicon import FILLERS, FUNCTION_WORDS, GROWTH, STAGES, THINGS, VOCABULARY
from avatarkit.words.tokens import normalised


def said(text):
    """What was said, without what was not."""
    return {slot: value for slot, value in vars(understood(text)).items() if value not in (None, (), {})}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a tall slim woman in a T-pose", {"sex": 1.0, "height": 173.5, "weight": 0.28, "pose": "t-pose"}),
        ("A 35 YEAR OLD Man", {"sex": 0.0, "age": 35.0}),
        ("a 35-year-old man", {"sex": 0.0, "age": 35.0}),
        ("man aged 35, 175 cm", {"sex": 0.0, "age": 35.0, "height": 175.0}),
        ("thirty-five years old", {"age": 35.0}),
        ("a woman in her late thirties", {"sex": 1.0, "age": 38.0}),
        ("in his 40s", {"age": 45.0}),
        ("mid-thirties", {"age": 35.0}),
        ("a middle-aged lady, slightly overweight", {"sex": 1.0, "age": 50.0, "weight": 0.65, "muscle": 0.3}),
        ("very young man", {"sex": 0.0, "age": 19.0}),
        ("teenage girl", {"sex": 1.0, "age": 15.0}),  # the narrower of two stages of life, whichever comes last
        ("young boy", {"sex": 0.0, "age": 6.0}),  # young within boyhood, not the 25 years of a young man
        ("6 ft 180 lb", {"height": 182.9, "mass": 81.6}),  # 180 is not the inches
        ("An elderly person, 5′9″", {"age": 75.0, "height": 175.3}),  # NFKC makes ″ two primes
        ("she is sitting", {"sex": 1.0, "pose": "sitting"}),
        ("standing, with her hands on her hips", {"sex": 1.0, "pose": "hands on hips"}),
        ("arms raised, standing", {"pose": "arms raised"}),
        ("extremely obese guy", {"sex": 0.0, "weight": 1.0, "muscle": 0.0}),
        ("an old woman's body", {"sex": 1.0, "age": 70.0}),
        ("a person in a pose", {}),  # no A-pose
        ("person in an A pose", {"pose": "a-pose"}),
        ("woman with slim build and average height", {"sex": 1.0, "weight": 0.28, "height": 163.2}),
        ("", {}),
    ],
)
def test_sentences(text, expected):
    found = said(text)
    assert found.keys() == expected.keys()
    assert {k: v if isinstance(v, str) else round(v, 3 if k != "mass" else 1) for k, v in found.items()} == expected


@pytest.mark.parametrize(
    "text",
    ["175 cm", "1.75 m", "1,75 m", "1m75", "1 m 75 cm", "1.75 metres tall", "1.75 meters", "175cm", "68.9 inches"],
)
def test_heights_in_metres(text):
    assert said(text) == {"height": pytest.approx(175, abs=0.05)}


@pytest.mark.parametrize(
    "text", ["5'9\"", "5ft9", "5 ft 9 in", "5 feet 9 inches tall", "5’9”", "5-foot-9", "five foot nine"]
)
def test_heights_in_feet(text):
    assert said(text) == {"height": 175.3}


@pytest.mark.parametrize("text", ["6 feet tall", "six feet", "6ft", "6'", "6'0\""])
def test_whole_feet(text):
    assert said(text) == {"height": 182.9}


def test_unknown_words_come_back_in_order_with_their_degree():
    found = understood("a handsome man with a very big red nose, not smiling")
    assert found.unknown == ("handsome", "very big", "red", "nose", "not smiling")


@pytest.mark.parametrize("text", ["a man with a short nose", "a man in a short kimono", "man with thin, heavy shoes"])
def test_an_adjective_of_a_thing_is_not_the_persons(text):
    found = understood(text)
    assert found.height is None
    assert found.unknown


def test_a_tall_short_haired_man_is_tall():
    found = understood("a tall short-haired bearded man")
    assert found.height > 180
    assert found.unknown == ()


def test_a_phrase_is_not_cut_by_an_adjective_rule():
    assert said("strong man with arms crossed") == {"sex": 0.0, "muscle": 0.78, "pose": "arms crossed"}


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("a tall short man", "tall, then short: the last is taken"),
        ("a boy, girl", "boy, then girl: the last is taken"),
        ("sitting, walking", "sitting, then walking: the last is taken"),
        ("a toddler, teenager", "toddler, then teenager: the last is taken"),
        ("30 years old, 40 years old", "30 years old, then 40 years old: the last is taken"),
        ("not tall", "not tall: taken as average"),
        ("not sitting", "not sitting: nothing is made of what a person is not; say what they are"),
        ("two men", "2 men: one person is made, of several"),
        ("a short man of 1.95 m", "short, but 1.95 m: the number is taken"),
        ("a boy of 40 years", "boy, but 40 years: the number is taken"),
        ("elderly child", "child, but elderly: taken as 75 years old"),
    ],
)
def test_every_choice_is_told(text, warning):
    found = understood(text)
    assert found.warnings == (warning,)
    assert found.unknown == ()


@pytest.mark.parametrize("text", ["slim, skinny", "standing, waving", "young adult", "tall, 1.95 m", "she is a woman"])
def test_what_agrees_is_no_contradiction(text):
    assert understood(text).warnings == ()


def test_negation_reaches_over_or_and_over_very():
    found = understood("a not very tall or heavy woman")
    assert (found.height, found.weight) == (163.2, 0.5)
    assert len(found.warnings) == 2
    assert understood("neither tall nor short").height == understood("average height").height


@pytest.mark.parametrize("text", ["fat muscular man", "muscular fat man", "fat, but muscular"])
def test_what_a_word_implies_gives_way_to_what_is_said(text):
    found = understood(text)
    assert (found.weight, found.muscle, found.warnings) == (0.92, 0.86, ())


def test_degrees_are_ordered():
    heights = [understood(f"{degree} tall man").height for degree in ("not", "slightly", "", "very", "extremely")]
    assert heights == sorted(set(heights))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a man of 9 m", "900 cm, expected height from 80 to 230 cm"),
        ("18 months old", "1.5 years, expected age from 3 to 90"),
    ],
)
def test_numbers_out_of_range(text, found):
    with pytest.raises(BadData, match=found):
        understood(text)


def test_a_long_text_is_refused_and_a_wild_one_is_not_slow():
    with pytest.raises(BadData, match="2001 characters"):
        understood("a" * 2001)
    understood("1 " * 1000)
    understood("9" * 2000)
    understood("not very " * 200)


def test_every_word_of_the_table_is_understood():
    for section, entries in VOCABULARY.items():
        for phrases, meaning in entries.items():
            for phrase in phrases.split(","):
                found = understood(phrase)
                expected = (phrase.strip(),) if section == "Degree" else ()  # a degree of nothing comes back
                assert [normalised(word) for word in found.unknown] == [normalised(word) for word in expected]
                assert section == "Degree" or found != Description() or "people" in meaning


def test_the_table_agrees_with_poses_and_stages():
    meanings = [meaning for entries in VOCABULARY.values() for meaning in entries.values()]
    assert {meaning["pose"] for meaning in meanings if "pose" in meaning} == POSES.keys()
    assert {meaning["stage"] for meaning in meanings if "stage" in meaning} == STAGES.keys()
    phrases = [p.strip() for entries in VOCABULARY.values() for row in entries for p in row.split(",")]
    assert len(phrases) == len(set(phrases))  # a word in two rows would mean only the last
    assert not set(phrases) & (FUNCTION_WORDS | FILLERS | THINGS)


def test_the_vocabulary_is_a_table():
    lines = vocabulary().splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert "tall" in vocabulary() and "5ft9" in vocabulary()


def test_average_heights():
    assert average_height(0, 35) == 176.5
    assert average_height(1, 90) == 163.2
    assert average_height(0.5, 6) == pytest.approx((116.0 + 115.1) / 2)
    assert average_height(0, 9) == pytest.approx((127.3 + 137.8) / 2)
    assert all(low[k] < high[k] for k in (1, 2) for low, high in pairwise(GROWTH))


def test_a_boy_of_nine_in_a_hoodie_is_no_height():
    """Guards "9 in": nine inches are refused as too small a person."""
    boy = understood("a boy of 9 in a yellow hoodie")
    assert boy.age == 9 and boy.height is None and boy.outfit["top"].kinds == ("hoodie",)
    assert understood("a woman, 69 in, slim").height == pytest.approx(175.3, abs=0.1)
    assert understood("a woman 69 in tall").height == pytest.approx(175.3, abs=0.1)
