"""Chapter 7: Messy data"""

CHAPTER = "07"
