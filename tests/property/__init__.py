"""Properties that hold for every input, and the slow matcher that search must agree with."""
