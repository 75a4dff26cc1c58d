/// What a share card has beside the style of all papers: half a sheet of A4, to be cut and folded.
enum ShareCardStyle {
  static let css = """

    .card { border: 2px solid #000; padding: 1.2rem 1.4rem; break-inside: avoid; }
    .card h1 { font-size: 1.7rem; }
    .threshold { margin: .2rem 0 0; }
    .share { display: flex; gap: 1.5rem; align-items: center; margin: 1rem 0; padding: .9rem 0; border: solid #000; border-width: 1.5px 0; }
    .groups {
      flex: 1 1 auto; display: grid; grid-template-columns: repeat(5, auto); gap: .55rem .9rem; margin: 0; padding: 0; list-style: none;
    }
    .groups li { white-space: nowrap; }
    .groups span { display: inline-block; min-width: 2ch; text-align: right; color: var(--quiet); font-size: .7rem; }
    .groups b { font: 700 1.12rem/1.2 "Noto Sans Mono", "DejaVu Sans Mono", ui-monospace, monospace; letter-spacing: .06em; }
    .advice { margin: 0; padding: 1rem 0 0; }
    .advice div { display: inline-block; vertical-align: top; width: 49%; padding-right: 1rem; }
    .advice h2 { margin: 0 0 .3rem; }
    .advice ul { margin: 0; padding-left: 1.1rem; }
    .advice li { margin: .25rem 0; }
    @media screen and (max-width: 44rem) {
      .share { flex-direction: column; }
      .groups { grid-template-columns: repeat(2, auto); align-self: stretch; }
      .advice div { display: block; width: auto; padding: 0 0 1rem; }
    }
    @media print {
      .card { min-height: 132mm; padding: 6mm 7mm; }
      .card .facts { margin: 3mm 0 0; }
      .share { margin: 4mm 0; padding: 4mm 0; gap: 6mm; }
      .share .qr { width: 40mm; height: 40mm; }
      .groups { gap: 3mm 4mm; }
      .groups b { font-size: 11.5pt; }
      .advice { margin-top: 6mm; border-top: 1px dashed #000; padding-top: 6mm; font-size: 9.5pt; }
    }
    """
}
