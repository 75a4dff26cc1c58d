/// How the audit's report looks: on a screen, light or dark, and on A4 paper.
enum AuditPageStyle {
  /// No text of the token's is in it, and no address.
  static let css = """
    :root {
      color-scheme: light dark;
      --page: #fbfaf8; --card: #ffffff; --ink: #1d1b18; --quiet: #5c574f; --line: #d9d4cb; --head: #f1eee8;
      --violation: #a3122a; --violation-card: #fdeef0; --warning: #7a4a00; --warning-card: #fdf3e0; --notice: #1f4e79;
      --notice-card: #eaf2fa; --good: #1c6234; --good-card: #eaf6ee;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #16181b; --card: #1e2125; --ink: #eceae6; --quiet: #aaa69e; --line: #3a3e44; --head: #272b30;
        --violation: #ff9aa8; --violation-card: #3a1d22; --warning: #ffc76b; --warning-card: #382a12; --notice: #9cc9f5;
        --notice-card: #182b3e; --good: #8fdcaa; --good-card: #15301f;
      }
    }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; }
    body {
      margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 64rem; background: var(--page); color: var(--ink);
      font: 1rem/1.5 "Source Sans 3", "Noto Sans", "DejaVu Sans", system-ui, sans-serif; overflow-wrap: anywhere;
    }
    h1, h2 { line-height: 1.2; margin: 0; text-wrap: balance; }
    h1 { font-size: 2rem; font-weight: 650; }
    h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; }
    p { margin: .5rem 0; max-width: 46rem; }
    .kicker { margin: 0; color: var(--quiet); letter-spacing: .02em; }
    .facts { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: 1.25rem 0 0; }
    .facts dt { color: var(--quiet); }
    .facts dd { margin: 0; }
    .result {
      margin: 1.75rem 0 0; padding: 1rem 1.25rem; border: 1px solid; border-left-width: .5rem; border-radius: .35rem;
    }
    .result p:first-child { margin: 0; font-size: 1.25rem; font-weight: 650; }
    .result ul { margin: .6rem 0 0; padding-left: 1.1rem; color: var(--ink); }
    .violation { color: var(--violation); background: var(--violation-card); border-color: var(--violation); }
    .warning { color: var(--warning); background: var(--warning-card); border-color: var(--warning); }
    .notice { color: var(--notice); background: var(--notice-card); border-color: var(--notice); }
    .good { color: var(--good); background: var(--good-card); border-color: var(--good); }
    .result p + p { color: var(--ink); }
    .scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .35rem; background: var(--card); }
    table { width: 100%; border-collapse: collapse; font-size: .95rem; }
    th, td { padding: .5rem .75rem; text-align: left; vertical-align: top; }
    thead th { background: var(--head); color: var(--quiet); font-weight: 600; white-space: nowrap; }
    tbody { border-top: 1px solid var(--line); }
    tbody th { font-weight: 600; min-width: 8rem; }
    tr.more td { padding-top: 0; color: var(--quiet); font-size: .92em; }
    .mark {
      display: inline-block; padding: 0 .5rem; border: 1px solid; border-radius: 1rem; font-size: .85em; font-weight: 600;
      white-space: nowrap;
    }
    .bad { color: var(--violation); font-weight: 600; }
    .none { color: var(--quiet); }
    .small { display: block; font-size: .85em; font-weight: 400; color: var(--quiet); }
    .findings tbody tr + tr { border-top: 1px solid var(--line); }
    .findings tbody th { width: 38%; }
    tr.rule th { padding-top: 1rem; }
    tr.rule .name { font-weight: 650; }
    tr.rule .demand { display: block; margin-top: .2rem; font-weight: 400; color: var(--quiet); }
    .scroll:focus-visible { outline: 2px solid var(--notice); outline-offset: 2px; }
    code { font: .875em/1.5 "Noto Sans Mono", "DejaVu Sans Mono", ui-monospace, monospace; }
    .digits span { margin-right: .6ch; white-space: nowrap; }
    .short { white-space: nowrap; overflow-wrap: normal; }
    footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--quiet); font-size: .9rem; }
    @page {
      size: A4; margin: 17mm 15mm 19mm;
      @bottom-left { content: "Token audit"; font: 8pt "DejaVu Sans", sans-serif; color: #5c574f; }
      @bottom-right { content: counter(page) " / " counter(pages); font: 8pt "DejaVu Sans", sans-serif; color: #5c574f; }
    }
    @media print {
      :root {
        color-scheme: light;
        --page: #fff; --card: #fff; --ink: #000; --quiet: #444; --line: #bbb; --head: #f1eee8;
        --violation: #a3122a; --violation-card: #fff; --warning: #7a4a00; --warning-card: #fff; --notice: #1f4e79;
        --notice-card: #fff; --good: #1c6234; --good-card: #fff;
      }
      body { max-width: none; margin: 0; padding: 0; font-size: 9.5pt; }
      h1 { font-size: 20pt; }
      h2 { font-size: 12.5pt; margin-top: 1.6em; break-after: avoid; }
      .scroll { overflow: visible; border: 0; border-radius: 0; }
      table { border-bottom: 1px solid var(--line); }
      table { font-size: 8.5pt; }
      thead { display: table-header-group; }
      thead th { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
      tr, tbody.object, .result { break-inside: avoid; }
      th, td { padding: 1.3mm 2mm; }
      tr.more td { padding-top: 0; }
      tr.rule th { padding-top: 3mm; }
      tr.rule { break-after: avoid; }
      footer { break-inside: avoid; }
    }
    """
}
