"""Scene descriptions: where neurons, layers and decoded targets lie. Pure functions of a network; arrays in, arrays out."""
