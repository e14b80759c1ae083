const COLUMNS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const cells = (kind: string): string => COLUMNS.map((n) => `.${kind}-${n} td:nth-child(${n})`).join(', ');
const heads = COLUMNS.map((n) => `.num-${n} th:nth-child(${n})`).join(', ');

/** The style sheet of a report: light and dark by what the reader's system wants, and for paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --sunk: #f2f4f7; --text: #1f2430; --dim: #5d6778; --line: #dfe3ea; --link: #1d4ed8;
  --pass: #15803d; --pass-soft: #dcfce7; --fail: #b91c1c; --fail-soft: #fee2e2; --warn: #a15c07; --warn-soft: #fef3c7; --note: #475467;
  --read: #93c5fd; --write: #fdba74; --walk: #5eead4; --fetch: #8b5cf6; --outline: #334155;
  --phase-0: #e2e8f0; --phase-1: #cbd5e1; --phase-2: #dbe4f0; --phase-3: #bbf7d0; --screen: #0b0f14; --screen-text: #d5dbe3;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  --sans: ui-sans-serif, system-ui, "Segoe UI", "DejaVu Sans", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1117; --card: #151b23; --sunk: #0f141b; --text: #e6e9ef; --dim: #9aa5b5; --line: #2a323d; --link: #93c5fd;
    --pass: #4ade80; --pass-soft: #12301f; --fail: #f87171; --fail-soft: #3b1618; --warn: #fbbf24; --warn-soft: #33270c; --note: #a8b3c2;
    --read: #2b62b3; --write: #b45a1c; --walk: #14b8a6; --fetch: #a78bfa; --outline: #cbd5e1;
    --phase-0: #27313f; --phase-1: #344154; --phase-2: #2b3a50; --phase-3: #17452a; --screen: #05070a; --screen-text: #d5dbe3;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 var(--sans); }
main, .top > div { max-width: 1240px; margin: 0 auto; padding: 0 20px; }
main { padding-bottom: 48px; }
.top { background: var(--card); border-bottom: 1px solid var(--line); border-top: 5px solid var(--pass); margin-bottom: 20px; }
.top.fail { border-top-color: var(--fail); }
.brand { margin: 18px 0 0; color: var(--dim); font: 13px var(--mono); }
h1 { margin: 2px 0 0; font-size: 28px; line-height: 1.25; overflow-wrap: anywhere; }
h2 { font-size: 20px; margin: 30px 0 10px; } h3 { font-size: 17px; margin: 24px 0 8px; } h4 { font-size: 15px; margin: 18px 0 6px; }
.lead { margin: 4px 0 18px; color: var(--dim); font-size: 16px; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
code, pre, .mono { font-family: var(--mono); font-size: 0.87em; } code { overflow-wrap: anywhere; }
td code { white-space: nowrap; }
.dim { color: var(--dim); font-weight: 400; }
.badge { display: inline-block; padding: 0 9px; border-radius: 999px; font-size: 12.5px; font-weight: 650; line-height: 20px; vertical-align: 0.12em; white-space: nowrap; }
.badge.pass { color: var(--pass); background: var(--pass-soft); } .badge.fail { color: var(--fail); background: var(--fail-soft); }
.badge.big { font-size: 16px; line-height: 28px; padding: 0 14px; vertical-align: 0.2em; }
.facts { display: flex; flex-wrap: wrap; gap: 8px 30px; margin: 12px 0; }
.facts div { min-width: 0; } dt { color: var(--dim); font-size: 12.5px; } dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: 12px 0; }
table { border-collapse: collapse; font-size: 13.5px; background: var(--card); border: 1px solid var(--line); min-width: 100%; }
caption { text-align: left; font-weight: 650; padding: 0 0 6px; font-size: 14.5px; } caption .dim { font-size: 13px; }
th { text-align: left; font-weight: 600; color: var(--dim); font-size: 12.5px; background: var(--sunk); white-space: nowrap; }
th, td { padding: 4px 11px; border-bottom: 1px solid var(--line); vertical-align: baseline; } tr:last-child td { border-bottom: 0; }
${cells('num')} { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
${heads} { text-align: right; }
${cells('code')} { font-family: var(--mono); font-size: 0.87em; white-space: nowrap; }
.columns { display: flex; flex-wrap: wrap; gap: 0 24px; } .columns .scroll { flex: 1 1 auto; max-width: 100%; min-width: min(100%, 420px); }
details.run, details.file { background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin: 10px 0; padding: 0 16px; }
details.run > summary, details.file > summary { cursor: pointer; padding: 10px 0; }
details[open].run, details[open].file { padding-bottom: 12px; }
details.run details.run { background: transparent; }
summary h2, summary h3, summary h4 { display: inline; margin: 0 4px 0 2px; font-size: 17px; }
.fold { border: 1px solid var(--line); border-radius: 6px; padding: 0 12px; margin: 6px 0; background: var(--card); } .fold > summary { cursor: pointer; padding: 6px 0; font-size: 14px; font-weight: 600; }
.audits { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 0 12px; align-items: start; } .audits > [open] { grid-column: 1 / -1; }
.count { color: var(--dim); background: var(--sunk); border-radius: 999px; padding: 0 8px; font-size: 12.5px; font-weight: 500; }
.finding { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--note); border-radius: 6px; padding: 8px 14px; margin: 10px 0; }
.finding.error { border-left-color: var(--fail); } .finding.warning { border-left-color: var(--warn); } .finding p { margin: 4px 0; } .finding .facts { margin: 6px 0; }
.severity { font-size: 12px; font-weight: 650; text-transform: uppercase; letter-spacing: 0.03em; color: var(--note); }
.error .severity { color: var(--fail); } .warning .severity { color: var(--warn); }
.lines { list-style: none; padding: 0; margin: 10px 0; font-size: 14px; } .lines li { border-left: 4px solid var(--note); padding: 1px 10px; margin: 4px 0; overflow-wrap: anywhere; }
.lines .error { border-color: var(--fail); } .lines .warning { border-color: var(--warn); }
figure { margin: 16px 0; } figcaption { font-weight: 650; font-size: 14.5px; margin-bottom: 6px; } figcaption .dim { font-size: 13px; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 18px; padding: 0; margin: 0; font-size: 13px; } .legend svg { width: 22px; height: 12px; margin-right: 6px; }
pre { margin: 0; padding: 12px 14px; border-radius: 6px; background: var(--screen); color: var(--screen-text); overflow-x: auto; line-height: 1.4; font-size: 12.5px; }
.serial pre { max-height: 30em; overflow: auto; } .screen pre { width: fit-content; max-width: 100%; min-width: min(100%, 84ch); }
.time { display: inline-block; min-width: 12ch; padding-right: 2ch; text-align: right; color: #7f8b9c; user-select: none; }
.meter { width: 40px; height: 8px; } .track { fill: var(--line); } .value { fill: var(--pass); }
.run-picture { display: block; width: 100%; min-width: 760px; max-width: 1200px; height: auto; font: 12px var(--sans); background: var(--card); }
.run-picture text { fill: var(--text); } .run-picture .mono { font-size: 11px; fill: var(--dim); } .run-picture .dim { fill: var(--dim); font-size: 11px; } .run-picture .name { font-weight: 600; }
.end { text-anchor: end; } .mid, .phase-name, .cut-text { text-anchor: middle; } .run-picture .phase-name { font-weight: 600; }
.run-picture .cut-text { fill: var(--dim); font-size: 11px; }
.cut { fill: var(--sunk); } .line { stroke: var(--line); fill: none; } .leader { stroke: var(--dim); fill: none; stroke-width: 0.8; }
.outline { fill: none; stroke: var(--outline); stroke-width: 1.3; } .optional { stroke-dasharray: 5 3; }
.read { fill: var(--read); } .write { fill: var(--write); } .walk { fill: var(--walk); } .fetch { fill: var(--fetch); } .fade { fill-opacity: 0.3; }
.phase-0 { fill: var(--phase-0); } .phase-1 { fill: var(--phase-1); } .phase-2 { fill: var(--phase-2); } .phase-3 { fill: var(--phase-3); }
.moment { stroke: var(--dim); stroke-width: 0.8; fill: none; stroke-dasharray: 2 3; } .serial-mark { stroke: var(--text); stroke-width: 1.6; fill: none; }
footer { margin-top: 34px; }
@media (max-width: 600px) {
  main, .top > div { padding: 0 12px; } h1 { font-size: 22px; } .badge.big { font-size: 14px; line-height: 24px; }
  details.run, details.file { padding: 0 10px; } th, td { padding: 4px 8px; } summary .dim { display: block; }
}
@media print {
  :root { --page: #ffffff; --screen: #ffffff; --screen-text: #000000; }
  @page { margin: 14mm 12mm; }
  body { font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main, .top > div { max-width: none; padding: 0; } .top { margin-bottom: 8px; }
  details::details-content { content-visibility: visible !important; block-size: auto !important; }
  details.run, details.file { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: 0; } .fold { border: 0; padding: 0; }
  .scroll { overflow: visible; } .serial pre { max-height: none; } pre { border: 1px solid var(--line); white-space: pre-wrap; overflow-wrap: anywhere; font-size: 8pt; }
  table { font-size: 8pt; } th, td { padding: 2px 6px; } .columns { display: block; } .audits { display: block; } tr, figure.screen, .finding, svg { break-inside: avoid; } caption, figcaption, summary, h2, h3, h4 { break-after: avoid; }
  .run-picture { min-width: 0; } a { color: inherit; }
}
`;
