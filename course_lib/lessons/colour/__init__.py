"""Chapter 1: Can a CNN learn colour?"""

CHAPTER = "01"
