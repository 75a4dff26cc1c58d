import TestSupport

/// docs/compatibility.md, made from what the backends did.
struct CompatibilityPage {
  let backends: [(backend: Backend, report: ConformanceReport)]

  var text: String {
    ([Self.head, modules, matrix] + backends.map(notes)).joined(separator: "\n") + "\n"
  }

  private static let head = """
    # Compatibility

    What tokens of different makes do with this library. Each was put through the same checks, in a process of its own, through the public
    interfaces of `PKCS11` and `TokenKeys`. `scripts/generate-compatibility-page` writes this page and the files in
    `Tests/ConformanceTests/Golden` from such a run; `softhsm/test` runs the checks again, and fails when a token does something else than
    stands here. None of these is hardware: they are what Debian 12 offers. How to run them: [CONTRIBUTING.md](../CONTRIBUTING.md).

    - **yes**: as the standard says and our policy wants.
    - **refused**, **not possible**: what came of an attempt to get a key out, or to use it for more than signing.
    - **-**: the token's list of mechanisms lacks what the check needs; the reasons are below, token by token.
    - a rule (`KEY-…`, see [rules.md](rules.md)): the token does what our policy refuses. An answer (`CKR_…`): the token does not do what it
      offers. Both are known and expected; anything else would fail the tests.

    """

  private var modules: String {
    func row(_ title: String, _ value: (BackendFacts) -> String) -> String {
      "| \(title) | " + backends.map { $0.report.facts.map(value) ?? "" }.joined(separator: " | ") + " |"
    }
    return
      ([
        "## Modules and tokens\n", header(""),
        "| Debian packages | " + backends.map { $0.backend.packages.joined(separator: " ") }.joined(separator: " | ") + " |",
        row("library") { "\($0.library) \($0.libraryVersion)" },
        row("manufacturer") { $0.manufacturer },
        row("PKCS #11") { $0.cryptokiVersion },
        row("functions from") { ($0.usesGetInterface ? "`C_GetInterface`" : "`C_GetFunctionList`") + ", \($0.interfaceVersion)" },
        row("model, firmware") { "\($0.model), \($0.firmwareVersion)" },
        row("PIN, bytes") { $0.pinLength },
        row("sessions") { "\($0.maximumSessions)" },
        row("of them read-write") { "\($0.maximumReadWriteSessions)" },
        row("dialect that we speak to it") { $0.dialect },
      ] as [String]).joined(separator: "\n") + "\n"
  }

  private var matrix: String {
    // A check that only some tokens were put through stands where they met it.
    var names: [String] = []
    for (_, report) in backends {
      var next = names.startIndex
      for check in report.checks {
        if let known = names.firstIndex(of: check.name) {
          next = known + 1
        } else {
          names.insert(check.name, at: next)
          next += 1
        }
      }
    }
    let rows = names.map { name in
      "| \(name) | "
        + backends.map { entry in cell(entry.report.checks.first { $0.name == name }) }.joined(separator: " | ") + " |"
    }
    return "## Checks\n\n" + header("check") + "\n" + rows.joined(separator: "\n") + "\n"
  }

  private func header(_ first: String) -> String {
    "| \(first) | " + backends.map(\.backend.name).joined(separator: " | ") + " |\n|---|" + backends.map { _ in "---|" }.joined()
  }

  private func cell(_ check: CheckResult?) -> String {
    guard let check else { return "" }
    switch check.outcome {
    // What came of a probe is more than that it was made.
    case .passed: return check.name.hasPrefix("probe ") ? check.detail?.split(separator: ":").first.map(String.init) ?? "yes" : "yes"
    case .skipped: return "-"
    case .finding: return "`\(check.rule ?? "")`"
    case .failed: return "**failed**"
    }
  }

  private func notes(_ entry: (backend: Backend, report: ConformanceReport)) -> String {
    var lines = ["## \(entry.backend.title)\n"]
    let findings = entry.report.checks.filter { $0.outcome == .finding }
    if findings.isEmpty { lines.append("Nothing found.") }
    lines += findings.map { "- \($0.name): `\($0.rule ?? "")`, \($0.detail ?? "")" }
    let skipped = entry.report.checks.filter { $0.outcome == .skipped }
    if !skipped.isEmpty {
      lines.append("\nLeft out:\n")
      let reasons = Dictionary(grouping: skipped) { check in
        check.missing.map { "the token does not offer \($0.joined(separator: ", "))" } ?? "see \"\(check.because ?? "")\""
      }
      lines += reasons.sorted { $0.key < $1.key }.map { "- \($0.key): " + $0.value.map(\.name).joined(separator: "; ") }
    }
    let first = backends[0].report
    let isFirst = entry.report == first
    let told = entry.report.checks.filter { $0.outcome == .passed && $0.detail != nil && (isFirst || !first.checks.contains($0)) }
    if !told.isEmpty {
      lines.append(isFirst ? "\nWhat was seen:\n" : "\nWhat was seen, where it is not as with \(backends[0].backend.title):\n")
      lines += told.map { "- \($0.name): \($0.detail ?? "")" }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
