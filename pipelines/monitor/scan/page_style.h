// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How the page of a scan looks. It stands in each part, so that a part alone can be passed on.

#pragma once

namespace dfd::monitor {

// Without "<" and "&": it is XML as it stands.
inline constexpr const char* kPageStyle = R"(
:root { color-scheme: light dark; --back: #fff; --ink: #1b1f24; --faint: #5b6470; --line: #d9dde2;
  --lift: #f4f6f8; --curve: #1f5fbf; --limit: #b3261e; --manipulated: #b3261e; --failed: #7a3fa0;
  --undecided: #8a5a00; --authentic: #1c7430; }
@media (prefers-color-scheme: dark) { :root { --back: #14171a; --ink: #e6e9ec; --faint: #9aa4af;
  --line: #343a41; --lift: #1d2126; --curve: #7fb2ff; --limit: #ff8a80; --manipulated: #ff8a80;
  --failed: #d3a4f5; --undecided: #f2bd5c; --authentic: #7fd694; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--back);
  max-width: 75rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; }
h2 { font-size: 1rem; margin: 1.2rem 0 .3rem; text-transform: capitalize; }
h3 { font-size: .9rem; margin: .9rem 0 .2rem; font-weight: 600; }
a { color: inherit; }
.counts { display: flex; flex-wrap: wrap; gap: .4rem 1.6rem; align-items: baseline; margin: 0; }
.counts b { font-size: 1.5rem; }
.counts a { text-decoration: none; }
.counts a:hover, .counts a:focus { text-decoration: underline; }
.gap { border-left: 4px solid var(--undecided); background: var(--lift); padding: .4rem .7rem;
  margin: .5rem 0; overflow-wrap: anywhere; }
.legend, .columns, .why { color: var(--faint); }
.legend { margin: .5rem 0; }
nav { display: flex; gap: 1rem; margin: .7rem 0; }
.row { display: grid; column-gap: .8rem; align-items: center; min-height: 1.5rem;
  grid-template-columns: 6.5rem 2.6rem 7.5rem minmax(0, 1fr) 7rem 4.5rem; }
.columns { padding: 0 .5rem 0 1.6rem; margin: .5rem 0 0; font-size: .85rem; }
details { border-top: 1px solid var(--line); border-left: 4px solid transparent; }
details[open] { background: var(--lift); }
details.manipulated { border-left-color: var(--manipulated); }
details.failed { border-left-color: var(--failed); }
details.undecided { border-left-color: var(--undecided); }
details.authentic { border-left-color: var(--authentic); }
summary { list-style: none; cursor: pointer; padding: .25rem .5rem .25rem 1.4rem;
  position: relative; }
summary::-webkit-details-marker { display: none; }
summary::before { content: "\25B8"; position: absolute; left: .45rem; color: var(--faint); }
details[open] > summary::before { content: "\25BE"; }
summary:hover { background: var(--lift); }
.manipulated .verdict, .counts .manipulated { color: var(--manipulated); font-weight: 600; }
.failed .verdict, .counts .failed { color: var(--failed); font-weight: 600; }
.undecided .verdict, .counts .undecided { color: var(--undecided); font-weight: 600; }
.authentic .verdict, .counts .authentic { color: var(--authentic); font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.path, .why { overflow-wrap: anywhere; }
.inside { padding: .3rem 1.4rem 1rem; }
.inside p { margin: .2rem 0; color: var(--faint); }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .1rem 1rem;
  margin: 0; font-size: .9rem; }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
svg { display: block; fill: none; }
.pictures { display: flex; gap: .5rem; }
.pictures img { max-height: 12rem; border-radius: .2rem; }
.spark { width: 7.5rem; height: 1.5rem; }
.chart { width: 100%; max-width: 60rem; height: auto; }
svg text { fill: var(--faint); font-size: 11px; }
.grid { stroke: var(--line); }
.threshold { stroke: var(--limit); stroke-dasharray: 4 3; }
.curve { stroke: var(--curve); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
@media (max-width: 45rem) { .columns { display: none; }
  .row { grid-template-columns: 1fr auto auto auto; }
  .row .path, .row .why { grid-column: 1 / -1; order: 1; } }
)";

}  // namespace dfd::monitor
