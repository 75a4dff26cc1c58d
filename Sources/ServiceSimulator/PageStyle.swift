import Crypto
import Foundation

/// How the simulator's pages look, light and dark, wide and narrow.
enum PageStyle {
  /// The content security policy: this style and nothing else. No script, no picture, no form, no frame.
  static let policy =
    "default-src 'none'; style-src 'sha256-\(Data(SHA256.hash(data: Data(css.utf8))).base64EncodedString())'; base-uri 'none'; "
    + "form-action 'none'; frame-ancestors 'none'"

  /// No text from outside is in it, and no address.
  static let css = """
    :root {
      color-scheme: light dark;
      --page: #f6f7f5; --card: #ffffff; --ink: #17201c; --quiet: #52605a; --line: #d5dcd7; --head: #edf1ee; --link: #0b5c46;
      --bad: #a3122a; --bad-card: #fdeef0; --warn: #744600; --warn-card: #fdf3e0; --good: #14603a; --good-card: #e6f5ec;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #121715; --card: #1a211e; --ink: #e8ede9; --quiet: #a3b0a9; --line: #33403a; --head: #222b27; --link: #86d8b8;
        --bad: #ff9aa8; --bad-card: #3a1d22; --warn: #ffc76b; --warn-card: #382a12; --good: #8fdcaa; --good-card: #15301f;
      }
    }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; }
    body {
      margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 76rem; background: var(--page); color: var(--ink);
      font: 1rem/1.5 "Source Sans 3", "Noto Sans", "DejaVu Sans", system-ui, sans-serif; overflow-wrap: anywhere;
    }
    a { color: var(--link); }
    a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
    h1, h2 { line-height: 1.2; margin: 0; text-wrap: balance; }
    h1 { font-size: 1.9rem; font-weight: 650; }
    h2 { font-size: 1.2rem; margin: 2.25rem 0 .6rem; }
    p { margin: .4rem 0; max-width: 48rem; }
    .quiet { color: var(--quiet); }
    .facts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .75rem; margin: 1.25rem 0 0; }
    .facts div { padding: .7rem .9rem; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; }
    .facts dt { color: var(--quiet); font-size: .875rem; }
    .facts dd { margin: 0; }
    .facts .time { font-size: 1.15rem; font-weight: 650; font-variant-numeric: tabular-nums; }
    .card { background: var(--card); border: 1px solid var(--line); border-radius: .4rem; overflow: hidden; }
    .none { margin: 0; padding: .7rem .9rem; color: var(--quiet); }
    table { width: 100%; border-collapse: collapse; font-size: .95rem; }
    th, td { padding: .45rem .75rem; text-align: left; vertical-align: top; }
    thead th { background: var(--head); color: var(--quiet); font-weight: 600; white-space: nowrap; }
    tbody tr { border-top: 1px solid var(--line); }
    tbody th { font-weight: 600; }
    .number, .when { font-variant-numeric: tabular-nums; white-space: nowrap; }
    .asked { min-width: 12rem; }
    .result { min-width: 20rem; }
    .small { display: block; font-size: .875em; font-weight: 400; color: var(--quiet); }
    code, pre { font-family: "Source Code Pro", "Noto Sans Mono", "DejaVu Sans Mono", ui-monospace, monospace; font-size: .875em; }
    pre { margin: 0; padding: .9rem; white-space: pre-wrap; overflow-wrap: anywhere; }
    .mark {
      display: inline-block; padding: 0 .5rem; border: 1px solid; border-radius: 1rem; font-size: .85em; font-weight: 600;
      white-space: nowrap;
    }
    .bad { color: var(--bad); background: var(--bad-card); }
    .warn { color: var(--warn); background: var(--warn-card); }
    .good { color: var(--good); background: var(--good-card); }
    @media (max-width: 44rem) {
      body { padding: 1.25rem .9rem 3rem; }
      thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
      table, tbody, tr, th, td { display: block; }
      tbody tr { padding: .6rem .9rem; }
      tbody th, tbody td { padding: .1rem 0; }
      tbody td[data-label]::before { content: attr(data-label) " "; color: var(--quiet); font-size: .875em; }
      tbody td:empty { display: none; }
      td.number, td.when { display: inline-block; margin-right: .75rem; }
      .asked, .result { min-width: 0; }
      .facts { grid-template-columns: minmax(0, 1fr); }
    }
    """
}
