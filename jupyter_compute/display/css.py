"""The style of a picture: Jupyter's theme variables with a fallback for every other place."""

from __future__ import annotations

_TEXT = "var(--jp-ui-font-color1, var(--vscode-foreground, inherit))"
_SOFT = "var(--jp-ui-font-color2, var(--vscode-descriptionForeground, #666))"
_BORDER = "var(--jp-border-color2, var(--vscode-panel-border, #bbb))"
_PANEL = "var(--jp-layout-color2, var(--vscode-textCodeBlock-background, rgba(128,128,128,.12)))"
_CODE = "var(--jp-code-font-family, var(--vscode-editor-font-family, monospace))"

_PALETTE = (
    "#3e424d",
    "#d3473d",
    "#188a3c",
    "#a67208",
    "#2a78c7",
    "#a8479e",
    "#1a838e",
    "#8b8f98",
    "#5e646f",
    "#e75c58",
    "#00a250",
    "#c8890d",
    "#208ffb",
    "#d160c4",
    "#3aa7b3",
    "#b4b8bf",
)
"""Sixteen colors that can be read on light and on dark."""

STYLE = (
    "<style>"
    f".jpc-run{{color:{_TEXT};font-family:var(--jp-ui-font-family, sans-serif);"
    f"font-size:var(--jp-ui-font-size1, 13px);border-left:3px solid {_BORDER};"
    "padding:2px 0 2px 10px;margin:2px 0;line-height:1.5}"
    f".jpc-run[data-state=failed]{{border-color:var(--jp-error-color1, #d3473d)}}"
    f".jpc-run[data-state=completed]{{border-color:var(--jp-success-color1, #188a3c)}}"
    f".jpc-run[data-state=running]{{border-color:var(--jp-brand-color1, #2a78c7)}}"
    f".jpc-run code,.jpc-run pre{{font-family:{_CODE};font-size:var(--jp-code-font-size, 12px);"
    f"color:{_TEXT}}}"
    ".jpc-run div pre,.jpc-run p code,.jpc-run div code,.jpc-run li code{background:none}"
    f".jpc-run small,.jpc-soft{{color:{_SOFT};font-size:inherit}}"
    ".jpc-run progress{vertical-align:middle;width:16em}"
    ".jpc-run p{margin:2px 0}"
    f".jpc-log{{background:{_PANEL};max-height:22em;overflow:auto;display:flex;"
    "flex-direction:column-reverse;margin:4px 0}"
    ".jpc-run .jpc-log pre{margin:0;padding:4px 8px;white-space:pre-wrap;"
    "overflow-wrap:anywhere;line-height:1.35;flex:none}"
    ".jpc-run table{border-collapse:collapse}.jpc-run td,.jpc-run th{padding:1px 8px;"
    "text-align:right}"
    ".jpc-image{display:inline-block;margin:2px 12px 2px 0}.jpc-image img{max-width:320px;"
    "max-height:240px;display:block;background:#fff}"
    ".jpc-plots{display:flex;flex-wrap:wrap;gap:4px 20px}"
    ".jpc-plot{margin:2px 0}.jpc-plot svg{display:block;color:var(--jp-brand-color1, #2a78c7)}"
    ".jpc-run details{margin:2px 0}.jpc-run summary{cursor:pointer}"
    ".jpc-run ul{margin:2px 0;padding-left:1.5em}"
    ".jpc-b{font-weight:bold}.jpc-d{opacity:.7}.jpc-i{font-style:italic}"
    ".jpc-u{text-decoration:underline}.jpc-s{text-decoration:line-through}"
    + "".join(
        f".jpc-f{index}{{color:{color}}}.jpc-g{index}{{background:{color}}}"
        for index, color in enumerate(_PALETTE)
    )
    + "</style>"
)


def palette_color(index: int) -> str:
    """Return the color of one of the 256 palette entries as ``#rrggbb``."""
    if index < 16:
        return _PALETTE[index]
    if index >= 232:
        return "#" + f"{8 + 10 * (index - 232):02x}" * 3
    index -= 16
    steps = (0, 95, 135, 175, 215, 255)
    return "#" + "".join(f"{steps[part]:02x}" for part in (index // 36, index // 6 % 6, index % 6))
