import CertificateService
import Foundation
import TestSupport
import Testing

@testable import CertificateLifecycle

@Suite("A disk that is full at any save, and the run after it")
struct FullDiskTests {
  private func goOn(_ bench: LifecycleBench, isRenewal: Bool, file: String, lost: any Error) async throws -> InstalledCertificate {
    // What the error says must be enough: the retrieval id is in it when it could not be saved.
    if let lost = lost as? LifecycleError, let hint = lost.hint, hint.contains("--retrieval-id") {
      let identifier = try #require(hint.split(separator: " ").last.map(String.init))
      return try await bench.lifecycle().fetch(bench.plan(file: file), retrievalID: RetrievalID(identifier))
    }
    return isRenewal ? try await bench.renew(file: file) : try await bench.enrol(file: file)
  }

  @Test(
    "One key is made, one request is sent, no retrieval id is lost, and the certificate is installed in the end", arguments: [false, true])
  func everySave(isRenewal: Bool) async throws {
    for saves in 0...9 {
      try await LifecycleBench.with { bench in
        let file = bench.folder.path("payroll.pem")
        if isRenewal { try await bench.install() } else { _ = try bench.store() }
        let disk = BrokenDisk(path: bench.statePath)
        try disk.fail(after: saves)
        var lost: (any Error)?
        do {
          if isRenewal { try await bench.renew(file: file) } else { try await bench.enrol(file: file) }
        } catch { lost = error }
        let error = try #require(lost as? LifecycleError, "after \(saves) saves")
        #expect(error.code == .stateUnusable)
        try disk.mendAfter()
        let installed = try await goOn(bench, isRenewal: isRenewal, file: file, lost: error)

        #expect(try bench.record().active?.der == installed.der, "after \(saves) saves")
        #expect(try bench.record().pending == nil)
        #expect(await bench.keys.generated.count == 1)
        #expect(bench.transport.posted(isRenewal ? "renewCertificate" : "signNewCertificate").count == 1, "after \(saves) saves")
        #expect(FileManager.default.fileExists(atPath: file))
        try bench.store().verifyHistory()
      }
    }
  }
}
