"""The web font: Inter cut to two small files, weights 400 to 620: what nearly every page needs, and the rest of Latin.

A browser loads the second only for a page that shows one of its letters: `css/fonts.css` gives the range of each.
Without the font pages use the system's typeface.
"""

import re
import sys
from pathlib import Path

STATIC = Path(__file__).resolve().parents[1] / "partnerportal" / "static"
SHEET = STATIC / "css" / "fonts.css"
FACE = re.compile(r'url\("\.\./fonts/([\w.-]+)"\).*?unicode-range:([^;]+);', re.DOTALL)
FEATURES = ["kern", "liga", "calt", "ccmp", "locl", "mark", "mkmk", "tnum", "case", "zero", "ss03"]


def list_fonts() -> dict[Path, str]:
    """Return the file of each face of the style sheet, with the range of characters that it holds."""
    return {STATIC / "fonts" / name: characters for name, characters in FACE.findall(SHEET.read_text())}


def main() -> None:
    """Make the files unless they are there. A failure is only reported.

    Pages look for the last file of the style sheet alone, which is made last: if any fails, they use the system's
    typeface.
    """
    try:
        for path, characters in list_fonts().items():
            if not path.exists():
                cut(path, characters)
    except Exception as error:  # whatever goes wrong, the portal works without the font
        print(f"The web font could not be made ({error}); pages use the system's typeface.", file=sys.stderr)


def cut(path: Path, characters: str) -> None:
    """Write the part of Inter that holds these characters to a file."""
    import fontpkg
    from fontTools.subset import Options, Subsetter, parse_unicodes
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    font = TTFont(fontpkg.path("Inter"))
    subsetter = Subsetter(Options(layout_features=FEATURES, hinting=False))
    subsetter.populate(unicodes=parse_unicodes(characters))
    subsetter.subset(font)
    font = instantiateVariableFont(font, {"opsz": 14, "wght": (400, 620)})
    font.flavor = "woff2"
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    font.save(unfinished)
    unfinished.rename(path)


if __name__ == "__main__":
    main()
