"""Chapter 5: Open-set rejection"""

CHAPTER = "05"
