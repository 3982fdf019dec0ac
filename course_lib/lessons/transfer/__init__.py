"""Chapter 3: Transfer learning on EuroSAT"""

CHAPTER = "03"
