"""Which edition of the flows this is: a reload changes it."""

GENERATION = 1
