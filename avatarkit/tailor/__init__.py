"""The tailor: an outfit on a posed body becomes meshes that are cut, sewn and draped.

`piece`  what it makes · `cutting`, `garments`, `details`  rest garments on the T-posed body · `draping`  cloth on the
pose · `hair`, `shoes`, `accessories`  what is not cloth
"""
