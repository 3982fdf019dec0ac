"""Chapter 6: Why did it say that?"""

CHAPTER = "06"
