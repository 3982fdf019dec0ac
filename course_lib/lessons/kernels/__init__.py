"""Chapter 2: Do long thin kernels help?"""

CHAPTER = "02"
