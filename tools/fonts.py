"""The web font: Inter cut to one small file, Latin only, weights 400 to 620.

Without it pages use the system's typeface.
"""

import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "partnerportal" / "static" / "fonts" / "inter.woff2"
LATIN = (
    "U+0000-024F,U+0259,U+02B0-02FF,U+0300-036F,U+1E00-1EFF,U+2000-206F,U+20A0-20C0,U+2113,U+2122,U+2190-2199,U+2212"
)
FEATURES = ["kern", "liga", "calt", "ccmp", "locl", "mark", "mkmk", "tnum", "case", "zero", "ss03"]


def main() -> None:
    """Make the font unless it is there. A failure is only reported."""
    if TARGET.exists():
        return
    try:
        cut()
    except Exception as error:  # whatever goes wrong, the portal works without the font
        print(f"The web font could not be made ({error}); pages use the system's typeface.", file=sys.stderr)


def cut() -> None:
    """Write the part of Inter that pages use to TARGET."""
    import fontpkg
    from fontTools.subset import Options, Subsetter, parse_unicodes
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    font = TTFont(fontpkg.path("Inter"))
    subsetter = Subsetter(Options(layout_features=FEATURES, hinting=False))
    subsetter.populate(unicodes=parse_unicodes(LATIN))
    subsetter.subset(font)
    font = instantiateVariableFont(font, {"opsz": 14, "wght": (400, 620)})
    font.flavor = "woff2"
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    unfinished = TARGET.with_suffix(".tmp")
    font.save(unfinished)
    unfinished.rename(TARGET)


if __name__ == "__main__":
    main()
