"""The words that avatarkit knows, as one table to read and to extend: word(s) → what they say about which slot.

Rows of a section are `"synonym, synonym, two words": {slot: value}`; hyphens, case and the words in `FUNCTION_WORDS`
do not matter. A trait after the first of a row is only implied: it gives way to one that is said. The slots:

    sex          0 man … 1 woman                         pronoun      the same, weaker: used when no noun says it
    stage        a name in STAGES                        age          years, of an adult
    stature      standard deviations from the average height of that sex and age
    weight, muscle, proportions   0 … 1 as in `body.Phenotype`; 0.5 is average
    pose         a name in `poses.POSES`
    people       more than one person                    degree       multiplies the next word; 0 is negation
"""

Meaning = dict[str, float | str]

STAGES = {  # (usual, youngest, oldest) years
    "toddler": (3, 3, 4),
    "small child": (5, 3, 7),
    "child": (8, 3, 12),
    "youngster": (9, 3, 19),
    "teenager": (15, 13, 19),
    "adult": (35, 18, 90),
}

VOCABULARY: dict[str, dict[str, Meaning]] = {
    "Sex": {
        "man, male, guy, gentleman, bloke, businessman": {"sex": 0.0},
        "woman, female, lady, businesswoman": {"sex": 1.0},
        "androgynous": {"sex": 0.5},
        "boy": {"sex": 0.0, "stage": "youngster"},
        "girl": {"sex": 1.0, "stage": "youngster"},
        "little boy, small boy": {"sex": 0.0, "stage": "small child"},
        "little girl, small girl": {"sex": 1.0, "stage": "small child"},
        "grandfather, grandpa": {"sex": 0.0, "age": 70.0},
        "grandmother, grandma": {"sex": 1.0, "age": 70.0},
        "he, him, his": {"pronoun": 0.0},
        "she, her, hers": {"pronoun": 1.0},
    },
    "Age": {
        "toddler": {"stage": "toddler"},
        "little child, small child, little kid, small kid": {"stage": "small child"},
        "child, kid": {"stage": "child"},
        "teenager, teenage, teen, adolescent": {"stage": "teenager"},
        "adult, grown up": {"stage": "adult"},
        "young, youthful": {"age": 25.0},
        "middle aged": {"age": 50.0},
        "older": {"age": 60.0},
        "old, senior": {"age": 70.0},
        "elderly": {"age": 75.0},
    },
    "Height": {
        "tall": {"stature": 1.5},
        "short": {"stature": -1.5},
        "tiny": {"stature": -2.0},
        "average height, medium height, normal height": {"stature": 0.0},
        "lanky": {"stature": 1.0, "weight": 0.25},
        "petite": {"stature": -1.2, "weight": 0.33},
    },
    "Build": {
        "slim, slender, lean": {"weight": 0.28},
        "thin": {"weight": 0.18, "muscle": 0.4},
        "skinny": {"weight": 0.05, "muscle": 0.2},
        "average, normal, ordinary": {"stature": 0.0, "weight": 0.5, "muscle": 0.5},
        "average build, medium build, normal build, average weight, normal weight": {"weight": 0.5, "muscle": 0.5},
        "sturdy": {"weight": 0.6, "muscle": 0.65},
        "stocky, burly": {"weight": 0.68, "muscle": 0.68},
        "plump, chubby": {"weight": 0.75, "muscle": 0.12},
        "curvy": {"weight": 0.62},
        "overweight": {"weight": 0.8, "muscle": 0.1},
        "heavy, heavyset, heavy set": {"weight": 0.85, "muscle": 0.06},
        "fat": {"weight": 0.92, "muscle": 0.03},
        "obese": {"weight": 1.0, "muscle": 0.0},
        "fit, toned": {"muscle": 0.66},
        "athletic, sporty, well built": {"muscle": 0.74},
        "strong, brawny": {"muscle": 0.78},
        "muscular": {"muscle": 0.86},
        "well proportioned, shapely": {"proportions": 0.15},
    },
    "Pose": {
        "standing, stands, stand, upright": {"pose": "standing"},
        "T-pose": {"pose": "t-pose"},
        "A-pose": {"pose": "a-pose"},
        "hands on hips, arms akimbo, akimbo": {"pose": "hands on hips"},
        "arms crossed, crossed arms, arms folded, folded arms, crossing arms, folding arms": {"pose": "arms crossed"},
        "arms raised, raised arms, arms up, hands up, arms in the air, hands in the air, raising arms, cheering": {
            "pose": "arms raised"
        },
        "waving, waves, wave, waving hand": {"pose": "waving"},
        "pointing, points, pointing forward, pointing ahead": {"pose": "pointing"},
        "walking, walks, walk": {"pose": "walking"},
        "running, runs, run, jogging, sprinting": {"pose": "running"},
        "sitting, sits, sit, seated, sitting down": {"pose": "sitting"},
        "kneeling, kneels, kneel, kneeling on one knee, kneeling down": {"pose": "kneeling"},
        "contrapposto, standing relaxed, standing casually, weight on one leg, relaxed stance": {
            "pose": "contrapposto"
        },
        "one hand on hip": {"pose": "one hand on hip"},
        "hands in pockets": {"pose": "hands in pockets"},
        "hands behind back, arms behind the back, hands clasped behind the back": {"pose": "hands behind back"},
        "hands behind head, arms behind the head": {"pose": "hands behind head"},
        "hand on chin, thinking, pondering, pensive, thinks": {"pose": "hand on chin"},
        "looking at phone, on the phone, texting, reading a message, using a phone": {"pose": "looking at phone"},
        "looking back, looking over the shoulder, glancing back, looks back": {"pose": "looking back"},
        "saluting, salutes, salute, military salute": {"pose": "saluting"},
        "clapping, claps, clap, applauding": {"pose": "clapping"},
        "praying, prays, palms together, hands together, namaste": {"pose": "praying"},
        "shrugging, shrugs, shrug": {"pose": "shrugging"},
        "bowing, bows, bow, taking a bow": {"pose": "bowing"},
        "celebrating, celebrates, fists in the air, fists up, victorious, triumphant": {"pose": "celebrating"},
        "carrying a box, lifting a box": {"pose": "carrying"},
        "reaching up, reaching, reaches up, reaching for a shelf, hand up, raising a hand": {"pose": "reaching up"},
        "stretching, stretches, side stretch": {"pose": "stretching"},
        "leaning, leans, leaning back, leaning against a wall": {"pose": "leaning"},
        "strolling, strolls, stroll, walking slowly, ambling": {"pose": "strolling"},
        "striding, strides, walking fast, walking briskly, marching": {"pose": "striding"},
        "climbing stairs, climbing, stepping up, walking upstairs": {"pose": "climbing stairs"},
        "jumping, jumps, jump, leaping": {"pose": "jumping"},
        "star jump, jumping jack, spread-eagled": {"pose": "star jump"},
        "dancing, dances, dance": {"pose": "dancing"},
        "disco dancing, disco, disco pose": {"pose": "disco dancing"},
        "ballet, ballet dancing, arabesque, dancing ballet": {"pose": "ballet"},
        "lunging, lunges, lunge": {"pose": "lunging"},
        "squatting, squats, squat": {"pose": "squatting"},
        "crouching, crouches, crouch, ducking": {"pose": "crouching"},
        "bending forward, bending over, bends over, stooping, bent forward, touching the toes": {
            "pose": "bending forward"
        },
        "kicking, kicks, kick": {"pose": "kicking"},
        "fighting stance, fighting, fists raised, boxing, martial arts stance, guard": {"pose": "fighting stance"},
        "throwing, throws, throw, throwing a ball": {"pose": "throwing"},
        "pushing, pushes, push": {"pose": "pushing"},
        "tree pose, yoga, yoga tree, balancing on one leg, standing on one leg": {"pose": "tree pose"},
        "warrior pose, warrior, yoga warrior": {"pose": "warrior pose"},
        "sitting cross-legged, cross-legged, lotus position, sitting on the floor cross-legged, meditating": {
            "pose": "sitting cross-legged"
        },
        "sitting on the floor, sitting on the ground, seated on the floor, legs stretched out": {
            "pose": "sitting on the floor"
        },
        "legs crossed, sitting with crossed legs, sitting with legs crossed, crossed legs": {"pose": "legs crossed"},
    },
    "Degree": {
        "extremely, incredibly, super": {"degree": 1.8},
        "very, really": {"degree": 1.4},
        "quite, rather, fairly": {"degree": 0.8},
        "slightly, a bit, a little, a little bit, somewhat": {"degree": 0.5},
        "not, no, never, neither, nor, without, isn't, aren't, wasn't, doesn't": {"degree": 0.0},
    },
    "More than one": {
        "men": {"sex": 0.0, "people": 2.0},
        "women, ladies": {"sex": 1.0, "people": 2.0},
        "boys": {"sex": 0.0, "stage": "youngster", "people": 2.0},
        "girls": {"sex": 1.0, "stage": "youngster", "people": 2.0},
        "children, kids": {"stage": "child", "people": 2.0},
        "people, persons, couple, pair, twins, group, crowd, family": {"people": 2.0},
    },
}

GENERAL_POSES = {
    "sitting": {"sitting cross-legged", "sitting on the floor", "legs crossed"},
    "walking": {"strolling", "striding", "climbing stairs"},
    "dancing": {"disco dancing", "ballet"},
    "arms raised": {"celebrating"},
}
"""These give way to one that says more: sitting, legs crossed. Standing gives way to all but `LOW_POSES`."""
LOW_POSES = frozenset({"sitting", "kneeling", "squatting", "crouching", *GENERAL_POSES["sitting"]})

FUNCTION_WORDS = frozenset(
    "a an the of and is are was be being who whom that which this these those to as at on by for from it its they them"
    " their there has have having but also about approximately roughly one with in over under underneath beneath"
    " into coloured colored dyed wearing wears dressed holding carrying sporting clad".split()
)
"""Words that are known and say nothing; kept short, for a long list would hide what it drops."""

FILLERS = frozenset(
    "person human someone somebody figure avatar character full whole body build built physique frame stature height"
    " weight age aged pose posture position posing".split()
)
"""Words that say nothing alone but are part of phrases: average height."""

OPENERS = frozenset("with in wearing wears dressed holding carrying sporting clad".split())
"""After these come things: `in a short kimono` says nothing about the person's height."""

CLAUSE_ENDS = frozenset([*".,;:!?()\n", "and", "who", "but"])

THINGS = frozenset(
    "fringe nose face neck arms legs hands feet shoulders sleeves socks gloves tie chair table dog cat".split()
)
"""Nouns with a size of their own: an adjective before one is theirs, and is not understood as the person's."""

ENDINGS = frozenset("haired skinned eyed complexioned legged faced".split())
"""These take the one adjective before them: a tall short-haired man is tall."""

NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
        " eighteen nineteen".split(),
        start=2,
    )
}
TENS = {word: 10 * k for k, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
DECADES = {word[:-1] + "ies": years for word, years in TENS.items()}
PARTS_OF_DECADE = {"early": 2, "mid": 5, "late": 8}

# WHO growth standards (2006) and reference (2007): median height in centimetres at an age in years, boys and girls.
GROWTH = (
    (2, 87.1, 85.7),
    (3, 96.1, 95.1),
    (4, 103.3, 102.7),
    (5, 110.0, 109.4),
    (6, 116.0, 115.1),
    (8, 127.3, 126.6),
    (10, 137.8, 138.6),
    (12, 149.1, 151.2),
    (14, 163.2, 159.8),
    (16, 172.9, 162.5),
    (19, 176.5, 163.2),
)
HEIGHT_SPREAD = 0.042
"""Standard deviation of height as a share of the average, nearly the same at every age from 2 on (WHO)."""


def average_height(sex: float, age: float) -> float:
    """The average height in centimetres; `sex` 0 man … 1 woman, `age` years (WHO medians, linear between the rows)."""
    years = min(max(age, GROWTH[0][0]), GROWTH[-1][0])
    after = next(k for k, row in enumerate(GROWTH) if row[0] >= years)
    high, low = GROWTH[after], GROWTH[max(after - 1, 0)]
    share = 1.0 if high is low else (years - low[0]) / (high[0] - low[0])
    boy, girl = (low[k] + share * (high[k] - low[k]) for k in (1, 2))
    return boy + sex * (girl - boy)
