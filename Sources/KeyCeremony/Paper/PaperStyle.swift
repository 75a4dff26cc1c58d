/// How the papers of a ceremony look: on A4 in black and white, and on a screen of any width.
enum PaperStyle {
  /// - Parameter foot: what stands at the foot of each sheet; only letters, digits, spaces and `.,:/-` of it are used.
  static func css(foot: String) -> String {
    let safe = foot.filter { $0.isASCII && ($0.isLetter || $0.isNumber || " .,:/-_".contains($0)) }
    return base.replacing("FOOT", with: safe)
  }

  private static let base = """
    :root { color-scheme: light; --ink: #000; --quiet: #444; --line: #999; --shade: #ececec; }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; background: #fff; }
    body {
      margin: 0 auto; padding: 2rem 1.25rem 3rem; max-width: 60rem; background: #fff; color: var(--ink);
      font: 1rem/1.45 "Source Sans 3", "Noto Sans", "DejaVu Sans", system-ui, sans-serif; overflow-wrap: anywhere;
    }
    h1, h2, h3 { line-height: 1.2; margin: 0; text-wrap: balance; }
    h1 { font-size: 1.9rem; font-weight: 700; }
    h2 { font-size: 1.25rem; margin: 2rem 0 .6rem; break-after: avoid; }
    p { margin: .4rem 0; }
    .kicker { margin: 0 0 .2rem; color: var(--quiet); letter-spacing: .02em; }
    .purpose { max-width: 44rem; margin: .6rem 0 0; }
    .lead { margin: 0 0 .5rem; max-width: 46rem; }
    .facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.1rem; margin: .9rem 0 0; }
    .facts dt { color: var(--quiet); }
    .facts dd { margin: 0; }
    code, .hexadecimal { font-family: "Noto Sans Mono", "DejaVu Sans Mono", ui-monospace, monospace; font-size: .92em; }
    .digits span { margin-right: .7ch; white-space: nowrap; }
    .digits span:last-child { margin-right: 0; }
    .digest { display: flex; gap: 1.5rem; align-items: flex-start; break-inside: avoid; }
    .digest > div { flex: 1 1 auto; min-width: 0; }
    .hexadecimal { margin: 0 0 .6rem; }
    figure { margin: 0; flex: 0 0 auto; text-align: center; }
    figcaption { color: var(--quiet); font-size: .8rem; max-width: 9rem; margin: 0 auto; }
    .qr { display: block; width: 9rem; height: 9rem; margin: 0 auto; }
    .words {
      display: grid; grid-template-columns: repeat(4, 1fr); grid-template-rows: repeat(8, auto); grid-auto-flow: column;
      gap: .1rem 1rem; margin: 0; padding: 0; list-style: none;
    }
    .words li { white-space: nowrap; }
    .words span { display: inline-block; min-width: 2.2ch; text-align: right; color: var(--quiet); font-size: .8em; margin-right: .35rem; }
    table { width: 100%; border-collapse: collapse; font-size: .95rem; }
    table + table { margin-top: .8rem; }
    th, td { padding: .4rem .5rem; text-align: left; vertical-align: top; border: 1px solid var(--line); }
    thead th { background: var(--shade); font-weight: 600; }
    tbody th { font-weight: 600; }
    .none, .small { color: var(--quiet); }
    .small { display: block; font-size: .88em; font-weight: 400; }
    .blank { display: inline-block; border-bottom: 1px solid #000; min-width: 9rem; height: 1.5em; vertical-align: bottom; }
    .facts .blank { min-width: min(24rem, 100%); }
    .box { display: inline-block; width: .95em; height: .95em; border: 1.5px solid #000; vertical-align: -.12em; margin-right: .4em; }
    .ticks { list-style: none; margin: .45rem 0 0; padding: 0; }
    .ticks li { margin: .35rem 0; padding-left: 1.4em; text-indent: -1.4em; }
    .fill { list-style: none; margin: .45rem 0 0; padding: 0; }
    .fill li { margin: .35rem 0; }
    .fill.many { display: grid; grid-template-columns: 1fr 1fr; gap: .2rem .8rem; }
    .fill .blank { width: 100%; min-width: 0; }
    .fill.many .blank { width: calc(100% - 1.6em); }
    .people { table-layout: fixed; }
    .people th:last-child { width: 42%; }
    .steps { table-layout: fixed; }
    .steps .c1 { width: 3.1rem; } .steps .c2 { width: 15%; } .steps .c3 { width: 38%; }
    .steps .c5 { width: 4rem; } .steps .c6 { width: 5.2rem; }
    .steps.done .c3 { width: 32%; } .steps.done .c2 { width: 14%; }
    .people-log th, .people-log td:not(:last-child) { overflow-wrap: break-word; }
    .signer { break-inside: avoid; margin: 0 0 .9rem; }
    .steps .number { text-align: right; font-variant-numeric: tabular-nums; }
    .steps .title { display: block; font-weight: 650; }
    .steps .note { margin: .35rem 0 0; font-style: italic; }
    .steps tr.gate > * { background: var(--shade); box-shadow: inset 0 3px #000, inset 0 -3px #000; }
    .mark {
      display: inline-block; padding: 0 .5em; border: 1.5px solid #000; font-size: .82em; font-weight: 700; letter-spacing: .04em;
      text-transform: uppercase; margin-right: .4em;
    }
    .mark.strong { background: #000; color: #fff; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
    .four { display: grid; grid-template-columns: repeat(4, 1fr); gap: 0 1rem; margin: 0 0 .8rem; }
    .four .blank { min-width: 0; }
    .lines + .lead { margin-top: 1.2rem; }
    .signature { height: 2.6rem; }
    .lines { margin: .5rem 0 0; }
    .lines i { display: block; height: 2rem; border-bottom: 1px solid var(--line); }
    .result { margin: 1.25rem 0 0; padding: .8rem 1rem; border: 2.5px solid #000; break-inside: avoid; }
    .result p { margin: .15rem 0; }
    .log { list-style: none; margin: 0; padding: 0; }
    .log li { margin: 0 0 .35rem; }
    .log time { font-variant-numeric: tabular-nums; color: var(--quiet); margin-right: .4em; }
    .log .bad { font-weight: 700; }
    @media screen and (max-width: 44rem) {
      body { padding: 1rem .75rem 2rem; }
      h1 { font-size: 1.5rem; }
      .facts { grid-template-columns: 1fr; gap: 0; }
      .facts dd { margin: 0 0 .5rem; }
      .digest { flex-direction: column; }
      figure { align-self: center; }
      .words { grid-template-columns: repeat(2, 1fr); grid-template-rows: repeat(16, auto); }
      table, tbody, tr, th, td { display: block; width: auto; }
      thead, colgroup { display: none; }
      tr { border: 1px solid var(--line); margin: 0 0 .75rem; }
      th, td { border: 0; }
      td[data-name]::before { content: attr(data-name) ": "; color: var(--quiet); font-size: .85em; }
      .steps .number { text-align: left; }
      .steps tr.gate { border: 3px solid #000; }
      .steps tr.gate > * { box-shadow: none; }
    }
    @page {
      size: A4; margin: 15mm 14mm 18mm;
      @bottom-left { content: "FOOT"; font: 8pt "DejaVu Sans", sans-serif; color: #444; }
      @bottom-right { content: counter(page) " / " counter(pages); font: 8pt "DejaVu Sans", sans-serif; color: #444; }
    }
    @media print {
      body { max-width: none; margin: 0; padding: 0; font-size: 10pt; }
      h1 { font-size: 20pt; }
      h2 { font-size: 12.5pt; margin: 6mm 0 2mm; }
      table { font-size: 9pt; }
      thead { display: table-header-group; }
      thead th, .steps tr.gate > * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
      tr, section.whole { break-inside: avoid; }
      .signer .words { font-size: 8.5pt; }
      th, td { padding: 1.4mm 1.8mm; }
      .facts { gap: .4mm 5mm; }
      .qr { width: 34mm; height: 34mm; }
      .signature { height: 11mm; }
      .lines i { height: 9mm; }
    }
    """
}
