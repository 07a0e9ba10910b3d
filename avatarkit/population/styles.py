"""What people put on together, as tables to read and to extend: `kind weight, kind weight …`; 1 where none is given.

Each occasion has rows for men, women and children (`m`, `w`, `c`; boys take from a child's row what men may wear); a
slot without a row takes that of the casual occasion. The kinds are those of `outfit`.
"""

Weights = dict[str, float]


def weights(text: str) -> Weights:
    """`shirt 2, t-shirt` as {"shirt": 2.0, "t-shirt": 1.0}."""
    found: Weights = {}
    for entry in filter(None, map(str.strip, text.split(","))):
        name, _, number = entry.rpartition(" ")
        found |= {name: float(number)} if number.replace(".", "").isdigit() else {entry: 1.0}
    return found


OCCASIONS = {"casual": 5.0, "office": 1.8, "formal": 0.9, "sport": 1.0, "summer": 1.6, "winter": 1.6, "party": 0.6}

ROWS = {
    ("casual", "top", "m"): "t-shirt 5, long-sleeved top 2, shirt 3, polo shirt 2, sweater 2, sweatshirt 2, hoodie 3,"
    " turtleneck 0.6, tank top 0.4, tunic 0.4",
    ("casual", "top", "w"): "t-shirt 4, long-sleeved top 3, blouse 2.5, shirt 1.5, sweater 2.5, sweatshirt 1.2,"
    " hoodie 1.4, turtleneck 1.2, tank top 1.2, crop top 0.8, tunic 1.6, polo shirt 0.6",
    ("casual", "top", "c"): "t-shirt 6, long-sleeved top 3, sweatshirt 2.5, hoodie 2.5, sweater 2, polo shirt 1,"
    " tunic 0.7, shirt 0.8, tank top 0.4, blouse 0.4",
    (
        "casual",
        "outer",
        "m",
    ): "jacket 3, denim jacket 2, leather jacket 1.6, bomber jacket 2, cardigan 1, waistcoat 0.3,"
    " blazer 0.8, coat 0.6, parka 0.8, trench coat 0.5",
    ("casual", "outer", "w"): "cardigan 3, denim jacket 2.5, leather jacket 1.5, jacket 1.6, blazer 1.4,"
    " bomber jacket 0.8, coat 0.9, trench coat 1.2, parka 0.7, waistcoat 0.3",
    ("casual", "outer", "c"): "jacket 3, denim jacket 1.5, bomber jacket 1, cardigan 1.5, parka 1.2, coat 0.4",
    ("casual", "bottom", "m"): "jeans 6, trousers 3, joggers 1, shorts 1, wide trousers 0.5",
    ("casual", "bottom", "w"): "jeans 5, trousers 2, leggings 1.6, wide trousers 1.5, skirt 1.6, mini skirt 0.9,"
    " pleated skirt 1, long skirt 1, pencil skirt 0.4, shorts 0.8, joggers 0.6",
    ("casual", "bottom", "c"): "jeans 4, trousers 2, joggers 2, leggings 1.4, shorts 1.6, skirt 1, pleated skirt 0.9",
    ("casual", "dress", "w"): "dress 4, sundress 1.5, shirt dress 1.5, sheath dress 0.8, jumpsuit 1, dungarees 0.8",
    ("casual", "dress", "c"): "dress 4, sundress 1.5, dungarees 3, jumpsuit 0.4, shirt dress 0.5",
    ("casual", "dress", "m"): "dungarees 2, jumpsuit 0.5",
    ("casual", "shoes", "m"): "sneakers 6, ankle boots 2, loafers 1.5, boots 1, sandals 0.3",
    ("casual", "shoes", "w"): "sneakers 4, ankle boots 2, ballet flats 2, boots 1.5, heels 1, sandals 0.8, loafers 1",
    ("casual", "shoes", "c"): "sneakers 6, ballet flats 1, ankle boots 1, boots 1, sandals 0.8",
    ("office", "top", "m"): "shirt 8, turtleneck 0.8, polo shirt 1, sweater 1",
    ("office", "top", "w"): "blouse 5, shirt 4, turtleneck 1.2, long-sleeved top 1, sweater 0.8",
    ("office", "outer", "m"): "blazer 7, waistcoat 1, cardigan 1, coat 0.8, trench coat 0.8",
    ("office", "outer", "w"): "blazer 6, cardigan 2, coat 0.8, trench coat 1",
    ("office", "bottom", "m"): "trousers 9, jeans 1",
    ("office", "bottom", "w"): "trousers 4, pencil skirt 3, skirt 1.5, wide trousers 1.5, pleated skirt 1",
    ("office", "dress", "w"): "sheath dress 4, shirt dress 2, dress 2, jumpsuit 0.6",
    ("office", "shoes", "m"): "loafers 5, ankle boots 2, sneakers 1",
    ("office", "shoes", "w"): "heels 5, ballet flats 3, loafers 2, ankle boots 1",
    ("formal", "top", "m"): "shirt",
    ("formal", "top", "w"): "blouse 3, shirt 1, turtleneck 0.5",
    ("formal", "outer", "m"): "blazer 8, waistcoat 1.5, coat 1",
    ("formal", "outer", "w"): "blazer 4, coat 1, cardigan 0.6",
    ("formal", "bottom", "m"): "trousers",
    ("formal", "bottom", "w"): "pencil skirt 2, trousers 2, long skirt 1, wide trousers 1",
    ("formal", "dress", "w"): "gown 4, sheath dress 3, dress 1",
    ("formal", "shoes", "m"): "loafers 3, ankle boots 1",
    ("formal", "shoes", "w"): "heels 6, ballet flats 1",
    ("sport", "top", "m"): "t-shirt 5, tank top 2, sweatshirt 1.5, hoodie 1.5, long-sleeved top 1.5",
    ("sport", "top", "w"): "tank top 3, t-shirt 3, crop top 2, sweatshirt 1, hoodie 1.5, long-sleeved top 1.5",
    ("sport", "top", "c"): "t-shirt 5, tank top 1, sweatshirt 1.5, hoodie 1.5",
    ("sport", "outer", "m"): "jacket",
    ("sport", "outer", "w"): "jacket",
    ("sport", "bottom", "m"): "shorts 4, joggers 3, leggings 1",
    ("sport", "bottom", "w"): "leggings 6, joggers 2, shorts 2",
    ("sport", "bottom", "c"): "shorts 4, joggers 3, leggings 1",
    ("sport", "shoes", "m"): "sneakers 9, barefoot 1",
    ("sport", "shoes", "w"): "sneakers 8, barefoot 2",
    ("sport", "shoes", "c"): "sneakers 9, barefoot 1",
    ("summer", "top", "m"): "t-shirt 5, polo shirt 2, shirt 2, tank top 1.5",
    ("summer", "top", "w"): "t-shirt 3, tank top 3, crop top 2, blouse 1.5, tunic 1.2",
    ("summer", "top", "c"): "t-shirt 6, tank top 2, polo shirt 1",
    ("summer", "bottom", "m"): "shorts 6, jeans 1.5, trousers 1.5, wide trousers 0.7",
    ("summer", "bottom", "w"): "shorts 3, skirt 2, mini skirt 2, long skirt 1.5, wide trousers 1.5, pleated skirt 1",
    ("summer", "bottom", "c"): "shorts 6, skirt 1.5, leggings 0.5, pleated skirt 0.7",
    ("summer", "dress", "w"): "sundress 6, dress 3, shirt dress 1, jumpsuit 0.6",
    ("summer", "dress", "c"): "sundress 4, dress 3, dungarees 1",
    ("summer", "shoes", "m"): "sneakers 4, sandals 4, barefoot 1.5, loafers 1",
    ("summer", "shoes", "w"): "sandals 5, ballet flats 2, sneakers 2, barefoot 1.2, heels 0.5",
    ("summer", "shoes", "c"): "sandals 4, sneakers 4, barefoot 2",
    ("winter", "top", "m"): "sweater 5, turtleneck 2, sweatshirt 1.5, hoodie 2, shirt 2, long-sleeved top 2",
    ("winter", "top", "w"): "sweater 5, turtleneck 3, long-sleeved top 2, hoodie 1, blouse 1",
    ("winter", "top", "c"): "sweater 5, sweatshirt 2, hoodie 2, long-sleeved top 2, turtleneck 1",
    ("winter", "outer", "m"): "coat 5, parka 4, jacket 2, leather jacket 0.7",
    ("winter", "outer", "w"): "coat 6, parka 3, jacket 1",
    ("winter", "outer", "c"): "parka 5, coat 3, jacket 2",
    ("winter", "bottom", "m"): "jeans 5, trousers 4, joggers 0.7",
    ("winter", "bottom", "w"): "jeans 5, trousers 3, leggings 1.5, skirt 0.8, long skirt 0.6, pleated skirt 0.5",
    ("winter", "bottom", "c"): "jeans 4, trousers 3, leggings 1.5, joggers 1.5",
    ("winter", "shoes", "m"): "boots 4, ankle boots 4, sneakers 2",
    ("winter", "shoes", "w"): "boots 5, ankle boots 4, sneakers 1.5",
    ("winter", "shoes", "c"): "boots 5, sneakers 2, ankle boots 2",
    ("party", "top", "m"): "shirt 5, t-shirt 2, turtleneck 1",
    ("party", "top", "w"): "blouse 3, crop top 2, tank top 2, turtleneck 0.7",
    ("party", "outer", "m"): "blazer 3, leather jacket 3, bomber jacket 1.5, waistcoat 1",
    ("party", "outer", "w"): "leather jacket 3, blazer 2, denim jacket 1",
    ("party", "bottom", "m"): "jeans 4, trousers 4",
    ("party", "bottom", "w"): "mini skirt 3, jeans 2, leggings 1, wide trousers 1, pencil skirt 1.5",
    ("party", "dress", "w"): "sheath dress 3, dress 3, gown 1, jumpsuit 1.2",
    ("party", "shoes", "m"): "ankle boots 3, loafers 2, sneakers 3",
    ("party", "shoes", "w"): "heels 6, ankle boots 2, boots 1",
}

DRESS_SHARE = {
    "casual": 0.24,
    "office": 0.25,
    "formal": 0.6,
    "sport": 0.0,
    "summer": 0.45,
    "winter": 0.12,
    "party": 0.6,
}
"""How many women wear a dress; girls 0.7 of it, men a tenth of the casual share as dungarees."""
OUTER_SHARE = {
    "casual": 0.3,
    "office": 0.6,
    "formal": 0.75,
    "sport": 0.12,
    "summer": 0.03,
    "winter": 0.9,
    "party": 0.35,
}
CROSSING = 0.03
"""The share of garments that are drawn from the other sex's row: men in skirts, too."""

# What goes under what: bulky tops only under these; what may be worn over a dress.
ROOMY = frozenset({"coat", "trench coat", "parka", "jacket"})
BULKY = frozenset({"hoodie", "sweater", "sweatshirt", "tunic", "crop top"})
OVER_DRESSES = frozenset(
    {"cardigan", "denim jacket", "leather jacket", "blazer", "coat", "trench coat", "bomber jacket"}
)
GIRLS_ONLY = frozenset(
    {
        "skirt",
        "mini skirt",
        "pencil skirt",
        "pleated skirt",
        "long skirt",
        "leggings",
        "blouse",
        "crop top",
        "dress",
        "sundress",
        "shirt dress",
        "sheath dress",
        "gown",
        "ballet flats",
        "heels",
        "tunic",
    }
)
GROWN_ONLY = frozenset({"heels", "sheath dress", "gown", "pencil skirt", "mini skirt", "leather jacket", "crop top"})

HAIR = {  # (grown, sex)
    ("child", "m"): "crew cut 4, side part 2, buzz cut 1.5, curly 1.5, slicked back 0.4, shoulder-length 0.3, afro 0.4",
    (
        "child",
        "w",
    ): "long 3, ponytail 3, two braids 2.5, braid 1.5, bob 2, wavy 1.5, bun 0.8, curly 1, shoulder-length 2",
    ("young", "m"): "crew cut 4, side part 3, buzz cut 2, curly 1.6, slicked back 1.6, afro 0.6, bun 0.5, mohawk 0.25,"
    " shoulder-length 0.6, long 0.3, ponytail 0.3, bald 0.4",
    ("young", "w"): "long 4, wavy 3, ponytail 2.5, shoulder-length 2.5, bob 2, bun 1.6, curly 1.5, braid 1.2,"
    " pixie cut 1, two braids 0.5, afro 0.6, buzz cut 0.2, mohawk 0.12",
    ("old", "m"): "bald 3, side part 3, crew cut 2.5, buzz cut 2, slicked back 1.5, curly 0.6, ponytail 0.2",
    ("old", "w"): "bob 4, pixie cut 3, curly 2.5, bun 2, shoulder-length 2, wavy 1, long 0.7, ponytail 0.5, braid 0.3",
}
BEARDS = "none 10, full beard 3, goatee 1, moustache 1, long beard 0.4"
HATS = {
    "casual": "cap 3, beanie 1, fedora 1",
    "summer": "sun hat 3, cap 3, fedora 1.5",
    "winter": "beanie 5, cap 0.7, fedora 1",
    "sport": "cap",
}
BAGS = {
    "m": "backpack 4, shoulder bag 1.5, tote bag 0.5",
    "w": "shoulder bag 4, tote bag 2.5, backpack 2",
    "c": "backpack",
}
