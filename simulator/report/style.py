"""How the page looks, by day and by night."""

from __future__ import annotations

STYLE = """
:root { --ink: #1d2430; --soft: #5d6675; --rule: #e3e6eb; --paper: #fff; --stripe: #f6f8fa;
  --production: #0b62c4; --clairvoyant: #6f4bb8; --bullseye: #c2570c; --skills: #15803d; --plain: #6b7280;
  --variant: #3b82c4; --reference: #a21d5d; --met: #15803d; --missed: #b42318; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #9aa4b2; --rule: #303743; --paper: #14181f;
  --stripe: #1b212a; --production: #6db1ff; --clairvoyant: #b79bf0; --bullseye: #f5a05a; --skills: #6fcf8f;
  --plain: #9aa4b2; --variant: #8cbcec; --reference: #f09ac0; --met: #6fcf8f; --missed: #ff8a7a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1440px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 28px; margin: 0 0 8px; letter-spacing: -.01em; }
h2 { font-size: 19px; margin: 40px 0 10px; padding-top: 14px; border-top: 1px solid var(--rule); }
.lead { font-size: 17px; max-width: 46em; margin: 0; color: var(--soft); }
.note { margin: 2px 0; color: var(--soft); font-size: 13.5px; }
.wide { overflow-x: auto; margin: 10px 0 16px; }
table { border-collapse: collapse; font-size: 13.5px; font-variant-numeric: tabular-nums; white-space: nowrap; width: 100%; }
th { text-align: right; font-weight: 600; color: var(--soft); padding: 6px 8px 5px; border-bottom: 1px solid var(--rule); }
td { text-align: right; padding: 4px 8px; border-bottom: 1px solid var(--rule); }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
td small { color: var(--soft); font-size: 11.5px; }
tr.production td:first-child { color: var(--production); font-weight: 600; }
.goals th:first-child { text-transform: capitalize; color: var(--ink); padding-top: 18px; }
.goals th:nth-child(n+2), .goals td:nth-child(n+2) { text-align: left; }
.goals tr.met span { color: var(--met); } .goals tr.missed span { color: var(--missed); font-weight: 600; }
.goals tr.unknown td { color: var(--soft); }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(430px, 1fr)); gap: 22px 34px; }
figure { margin: 0; } svg { width: 100%; height: auto; display: block; }
svg text { font-size: 12px; fill: var(--soft); } svg .title { font-size: 13.5px; font-weight: 600; fill: var(--ink); }
svg .middle { text-anchor: middle; } svg .end { text-anchor: end; } svg .tick { font-size: 11px; }
svg .grid { stroke: var(--rule); } svg .mark { stroke: var(--soft); stroke-dasharray: 3 3; }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; } svg .interval { stroke-width: 2; opacity: .6; }
svg .thin { stroke-width: 1; }
svg .production { --c: var(--production); } svg .clairvoyant { --c: var(--clairvoyant); }
svg .bullseye { --c: var(--bullseye); } svg .skills { --c: var(--skills); }
svg .reference { --c: var(--reference); } svg .plain { --c: var(--plain); } svg .variant { --c: var(--variant); }
svg .dot { fill: var(--c); } svg .line, svg .interval { stroke: var(--c); } svg .label { fill: var(--c, var(--soft)); }
svg .label.production { font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; font-size: 13.5px; margin: 8px 0; }
dt { font-weight: 600; } dd { margin: 0; color: var(--soft); }
@media (max-width: 520px) { .pictures { grid-template-columns: 1fr; } main { padding: 20px 14px; } }
"""
