"""Chapter 8: Your own pictures"""

CHAPTER = "08"
