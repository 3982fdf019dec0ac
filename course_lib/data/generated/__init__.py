"""Pictures that are drawn by code: textures, stand-ins, logos and clips, spectrograms, planted reasons, mixed land."""
