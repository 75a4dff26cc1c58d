import Foundation
import TestSupport
import Testing

@Suite("Pages and scripts")
struct PageTests {
  @Test("every decision has its line in docs/decisions/README.md")
  func decisions() throws {
    let pages = SourceTree.pages.filter { $0.path.hasPrefix("docs/decisions/") && !$0.path.hasSuffix("/README.md") }
    let index = (try? SourceTree.text("docs/decisions/README.md")) ?? ""
    let missing = pages.map { $0.path.split(separator: "/").last.map(String.init) ?? "" }.filter {
      !index.contains("(\($0))") && !index.contains("(./\($0))")
    }
    expectNone(missing.map { "docs/decisions/README.md does not link \($0)" })
  }

  @Test("every relative link leads somewhere")
  func links() {
    let findings = SourceTree.pages.flatMap { page in
      page.text.matches(of: /\]\(([^)\s#]+)(#[^)\s]*)?\)/).map { String($0.1) }
        .filter { !$0.contains("://") && !$0.hasPrefix("mailto:") }
        .filter { link in
          let folder = SourceTree.root.appending(path: page.path).deletingLastPathComponent()
          return !FileManager.default.fileExists(atPath: folder.appending(path: link).standardizedFileURL.path)
        }
        .map { "\(page): \($0)" }
    }
    expectNone(findings)
  }

  @Test("what pages show as configuration works in the unit that is shipped: it may write to /var/lib/hsmkey only, and reload nothing")
  func unprivilegedExamples() {
    let findings = SourceTree.pages.flatMap { page in
      page.lines.filter { $0.contains(/certificate-file: \/(?!var\/lib\/hsmkey\/)/) || $0.contains(/after-change: .*systemctl/) }
        .map { "\(page): \($0)" }
    }
    expectNone(findings)
  }

  @Test("every script stops at its first failure and can be started")
  func scripts() {
    let findings = SourceTree.scripts.flatMap { script -> [String] in
      var findings: [String] = []
      if !script.text.contains("set -euo pipefail") { findings.append("\(script): no 'set -euo pipefail'") }
      let isLibrary = script.path.hasSuffix(".sh")
      if !isLibrary, !FileManager.default.isExecutableFile(atPath: SourceTree.root.appending(path: script.path).path) {
        findings.append("\(script): is not executable")
      }
      return findings
    }
    expectNone(findings)
  }

  @Test(
    "shellcheck finds nothing in the scripts",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/shellcheck"), "shellcheck is not installed"))
  func shellcheck() async throws {
    let paths = SourceTree.scripts.filter {
      $0.text.hasPrefix("#!/usr/bin/env bash") || $0.text.hasPrefix("#!/bin/bash") || $0.path.hasSuffix(".sh")
    }.map(\.path)
    let result = try await run("shellcheck", ["-x"] + paths, in: SourceTree.root.path)
    #expect(result.succeeded, Comment(rawValue: result.standardOutput))
  }
}
