"""Chapter 4: Normalization"""

CHAPTER = "04"
